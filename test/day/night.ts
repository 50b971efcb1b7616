/** From midnight to six: agents, the stream, the index, one after the other. */
import type { Trouble } from './day.ts';
import { incident } from './wanted.ts';

export const night: readonly Trouble[] = [
  {
    ...{ at: '00:40', until: '01:04', what: 'the agents of zone 1c stop' },
    does: ({ shop }) => shop.stopAgents(shop.nodesWhere({ zone: '1c' })),
    wants: incident('shop stopped@stream', {
      ...{ told: '00:41-00:43', paged: '00:46-00:48', over: '01:09-01:13' },
      ...{ of: '12/36 zone=1c', firstOf: '1-12/36' },
    }),
  },
  {
    ...{ at: '00:46', what: 'kill -9 just when the page is written down, before it is sent; back after 20 s' },
    does: (day) => day.killAround('pager', 'queued', 20_000),
  },
  {
    ...{ at: '01:40', until: '01:58', what: 'the agent of one node stops' },
    does: ({ shop }) => shop.stopAgents(['shop-07']),
    wants: incident('shop stopped@stream', { told: '01:41-01:43', over: '02:03-02:07', of: '1/36' }),
  },
  {
    ...{ at: '02:30', until: '02:55', what: 'nothing gets into the stream' },
    does: ({ shop }) => shop.clog('stream'),
    wants: incident('shop stopped@stream', {
      ...{ told: '02:31-02:33', paged: '02:36-02:38', over: '03:00-03:04', of: '36/36', firstOf: '1-36/36' },
    }),
  },
  {
    ...{ at: '02:45', what: 'logcanary is restarted while the page is open' },
    does: (day) => day.restart(5_000),
  },
  {
    ...{ at: '02:57', what: 'kill -9 while the stream recovers; what it saw for 20 s is lost' },
    does: (day) => day.kill(30_000, 20_000),
  },
  {
    ...{ at: '03:30', until: '04:00', what: 'the index is read-only' },
    does({ shop, landscape }) {
      const mend = shop.clog('index');
      landscape.problems.add('index logs-1 refuses writes (read_only_allow_delete)');
      return () => {
        mend();
        landscape.problems.clear();
      };
    },
    wants: [
      ...incident('shop reading@index', { told: '03:30-03:32', over: '04:05-04:08' }),
      ...incident('shop stopped@index', {
        ...{ told: '03:32-03:34', paged: '03:37-03:39', over: '04:05-04:09', of: '36/36', firstOf: '1-36/36' },
      }),
    ],
  },
  {
    ...{ at: '04:30', until: '04:55', what: "audit's consumer stops" },
    does: ({ audit }) => audit.clog('index'),
    wants: incident('audit stopped@index', {
      ...{ told: '04:32-04:34', paged: '04:37-04:39', over: '05:00-05:04', of: '9/9', firstOf: '1-9/9' },
    }),
  },
  {
    ...{ at: '04:36', what: 'kill -9 just when the page was sent, before its answer was written down' },
    does: (day) => day.killAround('pager', 'sent', 15_000),
  },
  {
    ...{ at: '05:10', until: '05:40', what: 'the archiver stops' },
    does: ({ shop }) => shop.clog('archive'),
    wants: incident('shop stopped@archive', {
      ...{ told: '05:15-05:17', paged: '05:20-05:22', over: '05:45-05:49', of: '36/36', firstOf: '1-36/36' },
    }),
  },
  {
    ...{ at: '05:20', until: '05:45', what: 'and so does the alerter' },
    does: ({ shop }) => shop.clog('alert'),
    wants: incident('shop stopped@alert', {
      ...{ told: '05:24-05:26', paged: '05:29-05:31', over: '05:50-05:54', of: '36/36', firstOf: '1-36/36' },
    }),
  },
  {
    ...{ at: '06:10', what: 'the machine sleeps for six minutes' },
    does: (day) => day.suspend(360_000),
  },
  {
    ...{ at: '06:35', what: 'logcanary is down for four minutes' },
    does: (day) => day.restart(240_000),
  },
];
