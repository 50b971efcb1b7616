/** From seven to noon: lines that are lost, doubled, cut or late, and an index that cannot be asked. */
import type { Trouble } from './day.ts';
import { incident } from './wanted.ts';

export const morning: readonly Trouble[] = [
  {
    ...{ at: '07:05', until: '08:10', what: 'agents on spot nodes lose every twentieth line' },
    does: ({ shop }) => shop.mistreat(shop.nodesWhere({ pool: 'spot' }), { drops: 20 }),
    wants: incident('shop lossy@stream', {
      ...{ told: '07:18-07:28', over: '08:20-08:55', of: '9/36 pool=spot', firstOf: '1-9/36' },
    }),
  },
  {
    ...{ at: '09:00', until: '09:20', what: 'agents of zone 1a send every tenth line twice' },
    does: ({ shop }) => shop.mistreat(shop.nodesWhere({ zone: '1a' }), { duplicates: 10 }),
    wants: incident('shop duplicated@stream', { told: '09:00-09:06', over: '09:25-09:40' }),
  },
  {
    ...{ at: '09:50', until: '10:10', what: 'a new revision of the agent cuts every fifth line' },
    does: ({ shop }) => shop.mistreat(shop.nodesWhere({ agent: 'r42' }), { truncates: 5 }),
    wants: incident('shop corrupted@stream', { told: '09:51-09:58', over: '10:15-10:30' }),
  },
  {
    ...{ at: '10:40', until: '11:00', what: 'the stream is throttled: 90 s later than usual' },
    does: ({ shop }) => shop.slowDown('stream', 90_000),
    wants: incident('shop slow@stream', { told: '10:42-10:48', over: '11:05-11:12', of: '36/36', firstOf: '1-36/36' }),
  },
  {
    ...{ at: '11:15', until: '11:30', what: 'searches in the index fail' },
    does: ({ shop }) => shop.hide('index', 'server_error'),
    wants: incident('shop unreadable@index', {
      ...{ told: '11:15:30-11:17', paged: '11:20:30-11:22', over: '11:35-11:37', of: '36/36' },
    }),
  },
  {
    ...{ at: '11:50', until: '12:05', what: 'our credentials at the index expire' },
    does: ({ shop }) => shop.hide('index', 'auth'),
    wants: incident('shop blind@index', { told: '11:50:30-11:52', over: '12:10-12:12', of: '36/36' }),
  },
];
