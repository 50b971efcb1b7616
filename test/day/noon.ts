/** Beside the trouble of others: a cluster that sleeps at night, very much at once, what comes and goes, what is known. */
import type { Trouble } from './day.ts';
import type { Mend } from './estate.ts';
import { incident, message } from './wanted.ts';

/** Four minutes each, thirteen minutes apart. */
const flaps: readonly Trouble[] = ['12:00', '12:13', '12:26', '12:39', '12:52'].map((at, n) => ({
  at,
  until: at.replace(/\d\d$/, (minutes) => String(Number(minutes) + 4).padStart(2, '0')),
  what: `audit's agents lose their connection, time ${n + 1}`,
  does: ({ audit }) => audit.clog('stream'),
}));

export const noon: readonly Trouble[] = [
  {
    ...{ at: '08:00', until: '08:40', what: "edge's cluster does not wake up in the morning" },
    does:
      ({ landscape }): Mend =>
      () =>
        landscape.wakeEdge(),
    // Fifteen minutes to warm up, and five until it counts.
    wants: incident('edge uncovered@emitter', { told: '08:15-08:22', over: '08:45-08:50' }),
  },
  {
    ...{ at: '09:05', until: '10:35', what: "audit's consumer stops for long" },
    does: ({ audit }) => audit.clog('index'),
    wants: incident('audit stopped@index', {
      ...{ told: '09:07-09:09', paged: '09:12-09:14', escalated: '10:12-10:14', over: '10:40-10:44' },
      ...{ of: '9/9', firstOf: '1-9/9' },
    }),
  },
  {
    ...{ at: '11:00', until: '11:20', what: "edge's agents stop: they feed two streams" },
    does: ({ edge }) => edge.stopAgents(edge.nodesWhere({})),
    wants: incident('edge stopped@stream', {
      ...{ told: '11:01-11:03', paged: '11:06-11:08', over: '11:25-11:29', of: '6/6', firstOf: '1-6/6' },
    }),
  },
  ...flaps,
  {
    ...{
      at: '13:00',
      what: '(of the fourth time people hear that it comes and goes; its end is told when it was good for 30 minutes)',
    },
    does: () => undefined,
    wants: [
      ...incident('audit stopped@stream', { told: '12:01-12:03', over: '12:09-12:11', of: '9/9', firstOf: '1-9/9' }),
      ...incident('audit stopped@stream', { told: '12:14-12:16', over: '12:22-12:24', of: '9/9', firstOf: '1-9/9' }),
      ...incident('audit stopped@stream', { told: '12:27-12:29', over: '12:35-12:37', of: '9/9', firstOf: '1-9/9' }),
      ...incident('audit stopped@stream', {
        ...{ told: '12:40-12:42', paged: '12:53-12:55', over: '13:26-13:29', of: '9/9', firstOf: '1-9/9' },
      }),
    ],
  },
  {
    ...{ at: '13:45', until: '14:05', what: "audit's stream cannot be read" },
    does: ({ audit }) => audit.hide('stream', 'server_error'),
    wants: incident('audit unreadable@stream', {
      ...{ told: '13:45:15-13:46', paged: '13:50:15-13:51', over: '14:10-14:12', of: '9/9' },
    }),
  },
  {
    ...{ at: '13:52', until: '14:02', what: 'and behind it, unseen, its consumer stops' },
    does: ({ audit }) => audit.clog('index'),
  },
  {
    ...{ at: '17:45', until: '17:52', what: 'the server that tells twelve figures of audit fails' },
    does({ landscape }) {
      landscape.quotasFail = 'server_error';
      return () => {
        landscape.quotasFail = undefined;
      };
    },
    // Twelve incidents at once are one message.
    wants: incident('shop storm@logcanary', { told: '17:47-17:49', over: '17:57-18:05' }),
  },
  {
    ...{ at: '20:00', what: "edge's cluster goes to sleep, as every evening" },
    does({ edge }) {
      for (const name of edge.nodesWhere({})) edge.remove(name);
    },
  },
  {
    ...{ at: '23:00', until: '23:20', what: 'the archiver stops again' },
    does: ({ shop }) => shop.clog('archive'),
    wants: incident('shop stopped@archive', {
      ...{ told: '23:05-23:07', over: '23:25-23:29', firstOf: '1-38/38', of: '38/38' },
    }),
  },
  {
    ...{ at: '23:08', what: 'somebody who works on it silences it until 23:50' },
    does: (day) => day.silence({ pipeline: 'shop', hop: 'archive', kind: 'stopped', reason: 'I am on it' }, '23:50'),
  },
  {
    ...{ at: '23:30', until: '23:50', what: 'PagerDuty refuses for good: its key was revoked' },
    does: ({ landscape }) => landscape.refuse('pager', false),
  },
  {
    ...{ at: '23:31', until: '23:42', what: "then audit's stream clogs" },
    does: ({ audit }) => audit.clog('stream'),
    wants: [
      ...incident('audit stopped@stream', {
        ...{ told: '23:32-23:34', paged: '23:37-23:39', over: '23:47-23:50', of: '9/9', firstOf: '1-9/9' },
        apart: ['pager'],
      }),
      message('phone', 'trigger', 'critical', 'audit stopped@stream', '23:37-23:39', '9/9'),
      message('phone', 'resolve', 'critical', 'audit stopped@stream', '23:47-23:50', '9/9'),
    ],
  },
];
