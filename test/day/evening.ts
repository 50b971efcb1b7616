/** From six to midnight: a pager that is down, a control plane that is away, maintenance, and trouble upon trouble. */
import type { Trouble } from './day.ts';
import { incident, message } from './wanted.ts';

export const evening: readonly Trouble[] = [
  {
    ...{ at: '18:00', until: '20:00', what: 'PagerDuty takes nothing for two hours' },
    does: ({ landscape }) => landscape.refuse('pager'),
  },
  {
    ...{ at: '18:10', until: '18:30', what: 'meanwhile nothing gets into the stream' },
    does: ({ shop }) => shop.clog('stream'),
    wants: [
      ...incident('shop stopped@stream', {
        ...{ told: '18:11-18:13', paged: '18:16-18:18', over: '18:35-18:39', of: '38/38', firstOf: '1-38/38' },
        apart: ['pager'],
      }),
      // Told by the one that stands in, from begin to end. PagerDuty may have taken what it did not answer: it hears of the end.
      message('phone', 'trigger', 'critical', 'shop stopped@stream', '18:21-18:24', '38/38'),
      message('phone', 'resolve', 'critical', 'shop stopped@stream', '18:35-18:39', '38/38'),
      message('pager', 'resolve', 'critical', 'shop stopped@stream', '20:00-20:03', '38/38'),
    ],
  },
  {
    ...{ at: '19:40', until: '20:20', what: "and at the end of it audit's stream clogs" },
    does: ({ audit }) => audit.clog('stream'),
    wants: [
      ...incident('audit stopped@stream', {
        ...{ told: '19:41-19:43', paged: '19:46-19:48', over: '20:25-20:29', of: '9/9', firstOf: '1-9/9' },
        apart: ['pager'],
      }),
      message('phone', 'trigger', 'critical', 'audit stopped@stream', '19:51-19:54', '9/9'),
      message('phone', 'resolve', 'critical', 'audit stopped@stream', '20:25-20:29', '9/9'),
      // It is still open when PagerDuty is back.
      message('pager', 'trigger', 'critical', 'audit stopped@stream', '20:00-20:03', '9/9'),
      message('pager', 'resolve', 'critical', 'audit stopped@stream', '20:25-20:29', '9/9'),
    ],
  },
  {
    ...{ at: '20:40', until: '21:05', what: "shop's control plane is away; what was handed over goes on" },
    does: ({ shop }) => shop.loseControlPlane('timeout'),
    wants: incident('shop blind@emitter', { told: '20:40:30-20:43', over: '21:10-21:12', of: '38/38' }),
  },
  {
    ...{ at: '21:15', until: '21:30', what: "Alertmanager's ping does not come" },
    does: ({ landscape }) => landscape.stopPings(),
    wants: incident('shop silent@alertmanager', { told: '21:18-21:20', over: '21:35-21:37' }),
  },
  {
    ...{ at: '21:45', what: 'maintenance of the index is announced until 22:30' },
    does: (day) => day.maintain({ pipeline: 'shop', hop: 'index', reason: 'upgrade of Elasticsearch' }, '22:30'),
  },
  {
    ...{ at: '21:50', until: '22:05', what: 'the index is restarted, as announced' },
    does: ({ shop }) => shop.clog('index'),
  },
  {
    ...{ at: '22:20', until: '22:45', what: 'it does not come back from the second restart in time' },
    does: ({ shop }) => shop.clog('index'),
    wants: [
      ...incident('shop stopped@index', {
        ...{ told: '22:30-22:30:30', paged: '22:30-22:30:30', over: '22:50-22:54', of: '38/38' },
      }),
    ],
  },
];
