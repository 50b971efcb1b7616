/** From one to six: a disk, our own network, nodes that come and go, emitters, imitators, our clock. */
import type { Trouble } from './day.ts';
import { incident, message } from './wanted.ts';

const minute = 60_000;
const hour = 60 * minute;

export const afternoon: readonly Trouble[] = [
  {
    ...{
      at: '13:00',
      until: '14:20',
      what: 'the disk of the index fills by 8 % an hour, until old indices are deleted',
    },
    does({ landscape }) {
      const since = landscape.now;
      landscape.disk = (now) => 0.62 + (0.08 * (now - since)) / hour;
      return () => {
        landscape.disk = () => 0.55;
      };
    },
    // 95 % is the flood stage: four hours before it, it is at 63 %, but a trend begins at 70 % of the limit.
    wants: incident('shop reading@index', { told: '13:33-13:45', paged: '13:33-13:45', over: '14:25-14:28' }),
  },
  {
    ...{ at: '14:40', until: '14:55', what: 'our own network is cut: no target answers' },
    does: ({ landscape }) => landscape.cutUsOff(),
    // No channel could be reached either: told when it is over, once for both pipelines, and nothing of what follows from it.
    wants: [
      ...incident('any isolated@logcanary', {
        ...{ told: '14:55-14:57', paged: '14:55-14:57', over: '15:00-15:02', of: '*' },
      }),
      message('phone', 'trigger', 'critical', 'any isolated@logcanary', '14:55-14:58', '*'),
      message('phone', 'resolve', 'critical', 'any isolated@logcanary', '15:00-15:02', '*'),
    ],
  },
  {
    ...{ at: '15:20', what: 'a node dies' },
    does: ({ shop }) => shop.remove('shop-20'),
  },
  {
    ...{ at: '15:30', until: '15:32', what: 'three nodes are drained, and then gone' },
    does({ shop, bench }) {
      const leaving = ['shop-05', 'shop-06', 'shop-13'];
      for (const name of leaving) shop.node(name).leavingSince = bench.now;
      return () => {
        for (const name of leaving) shop.remove(name);
      };
    },
  },
  {
    ...{ at: '15:40', what: 'six new nodes come' },
    does({ shop }) {
      for (let at = 37; at <= 42; at++)
        shop.add(`shop-${at}`, { zone: ['1a', '1b', '1c'][at % 3] as string, pool: 'steady', agent: 'r42' });
    },
  },
  {
    ...{ at: '16:00', until: '16:20', what: 'emitters cannot be pulled on four nodes' },
    does: ({ shop }) => shop.takeEmitters(['shop-37', 'shop-38', 'shop-39', 'shop-40'], 'ImagePullBackOff'),
    wants: incident('shop uncovered@emitter', { told: '16:05-16:07', over: '16:25-16:28', of: '4/38' }),
  },
  {
    ...{ at: '16:45', until: '16:55', what: 'somebody imitates our lines in the stream' },
    does({ shop }) {
      const forge = (token: string) => `${token.slice(0, 34)}${'bcdefghijklmnopqr'.slice(0, 17)}${token.slice(51)}`;
      shop.imitate('stream', forge);
      return () => shop.imitate('stream', forge);
    },
    wants: incident('shop forged@stream', { told: '16:45-16:46', over: '17:00-17:08' }),
  },
  {
    ...{ at: '17:20', until: '17:35', what: "our machine's clock is set 40 s forward, and back" },
    does({ bench }) {
      bench.wallOffset = 40_000;
      return () => {
        bench.wallOffset = 0;
      };
    },
    wants: incident('shop clock@logcanary', { told: '17:20-17:21', over: '17:40-17:41' }),
  },
];
