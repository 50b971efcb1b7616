import { describe, expect, test } from 'vitest';
import probe from '../../probes/logstash-queue.ts';
import { describeCheck } from '../contract/probe.ts';
import { closeAgentBenches, openAgents } from '../fakes/agent-check.ts';
import { startAgentServer } from '../fakes/agent-server.ts';

const auth = { username: 'reader', password: 'not-a-real-password' };
const minute = 60_000;
const mib = 1024 ** 2;

interface State {
  readonly size?: number;
  readonly max?: number;
  readonly free?: number;
  readonly type?: string;
  readonly events?: number;
  readonly out?: number;
  readonly more?: object;
  readonly documents?: object;
  readonly ephemeral?: string;
}

/** A pipeline as 8.x writes it. */
function pipeline({
  size = 100 * mib,
  max = 1024 * mib,
  free = 90_000 * mib,
  type = 'persisted',
  ...state
}: State): object {
  const { events = 0, out = 10, more = {}, documents = { successes: 10 }, ephemeral = 'p-1' } = state;
  const sizes = { queue_size_in_bytes: size, max_queue_size_in_bytes: max };
  return {
    events: { in: 12, filtered: 10, out, duration_in_millis: 5, queue_push_duration_in_millis: 1 },
    plugins: {
      inputs: [],
      outputs: [
        { id: 'es_main', name: 'elasticsearch', events: { in: 10, out: 10 }, documents },
        { id: 'b0'.repeat(32), name: 'stdout', events: { in: 1, out: 1 } },
      ],
    },
    queue: {
      ...{ type, events, events_count: events, ...sizes, capacity: { ...sizes, page_capacity_in_bytes: 1 } },
      data: { free_space_in_bytes: free, path: 'queue', storage_type: 'ext4' },
    },
    ephemeral_id: ephemeral,
    ...more,
  };
}

function pages(pipelines: Record<string, object>, ephemeral = 'node-1'): Record<string, object> {
  const root = {
    host: 'ls',
    version: '8.17.0',
    http_address: '0.0.0.0:9600',
    ephemeral_id: ephemeral,
    status: 'green',
  };
  return { '/_node/stats/pipelines': { ...root, pipelines } };
}

describeCheck('logstash-queue', {
  probe,
  secrets: [auth.password],
  hostile: (url) => ({ url, auth }),
  async bench() {
    const agent = await startAgentServer(pages({ main: pipeline({}) }));
    return { config: { url: agent.url, auth }, stop: agent.stop };
  },
});

closeAgentBenches();

describe('logstash-queue: how full it is', () => {
  const cases: { given: string; pipelines: Record<string, object>; readings: object[] }[] = [
    {
      given: 'a persisted queue',
      pipelines: { main: pipeline({}) },
      readings: [
        { measure: 'queue', unit: 'bytes', value: 100 * mib, limit: 1024 * mib, limitName: 'queue.max_bytes' },
      ],
    },
    {
      given: 'a disk that ends before the queue does',
      pipelines: { main: pipeline({ free: 50 * mib }) },
      readings: [{ value: 100 * mib, limit: 150 * mib, limitName: 'disk of the queue full' }],
    },
    {
      given: 'a queue in memory, which shows zeros',
      pipelines: { main: pipeline({ type: 'memory', size: 0, max: 0 }) },
      readings: [],
    },
    {
      given: '7.x, whose sizes stand under capacity',
      pipelines: {
        main: {
          events: { in: 1, filtered: 1, out: 1 },
          queue: { type: 'persisted', events: 3, capacity: { queue_size_in_bytes: 5, max_queue_size_in_bytes: 50 } },
          reloads: {},
          dead_letter_queue: null,
        },
      },
      readings: [{ value: 5, limit: 50 }],
    },
    {
      given: 'a dead letter queue',
      pipelines: {
        main: pipeline({
          type: 'memory',
          more: { dead_letter_queue: { queue_size_in_bytes: 900, max_queue_size_in_bytes: 1000, dropped_events: 0 } },
        }),
      },
      readings: [{ measure: 'dead-letter-queue', value: 900, limit: 1000, warnAt: 800 }],
    },
    { given: "only Logstash's own pipelines", pipelines: { '.monitoring-logstash': pipeline({}) }, readings: [] },
  ];
  for (const { given, pipelines, readings } of cases) {
    test(`given ${given}, when checked, then the figures are those`, async () => {
      const { check } = await openAgents(probe, [pages(pipelines)]);
      expect((await check()).readings).toMatchObject(readings);
    });
  }
});

describe('logstash-queue: what it gave up', () => {
  const dropped = async (state: State, options: object = {}) => {
    const { check } = await openAgents(probe, [pages({ main: pipeline(state) })], options);
    const { drops = [] } = await check();
    return drops
      .filter(({ total }) => total > 0)
      .map(({ measure, subject, total, counts }) => [measure, subject, total, counts]);
  };
  const letters = {
    dead_letter_queue: { queue_size_in_bytes: 1, max_queue_size_in_bytes: 100, dropped_events: 4, expired_events: 1 },
  };

  test('given refused events and no dead letter queue, when checked, then they are lost although they count as routed', async () => {
    expect(await dropped({ documents: { successes: 5, dlq_routed: 7 } })).toEqual([
      ['events refused and dropped', 'main output es_main', 7, 'records'],
    ]);
  });
  test('given refused events and a dead letter queue, when checked, then only those it had no room for are lost', async () => {
    expect(await dropped({ documents: { dlq_routed: 7 }, more: letters })).toEqual([
      ['events sent to the dead letter queue', 'main output es_main', 7, 'other'],
      ['events dropped as the dead letter queue is full', 'dead letters of main', 4, 'records'],
      ['dead letters expired unread', 'dead letters of main', 1, 'other'],
    ]);
  });
  test('given conflicts, when they are repeats on purpose, then they can be left out', async () => {
    const documents = { non_retryable_failures: 3 };
    expect(await dropped({ documents })).toEqual([
      ['documents dropped as conflicts', 'main output es_main', 3, 'records'],
    ]);
    expect(await dropped({ documents }, { conflicts: 'ignore' })).toEqual([]);
  });
  test('given a pipeline that is reloaded, when checked, then its counters begin anew and those of others do not', async () => {
    const both = (ephemeral: string) => pages({ a: pipeline({ ephemeral: 'a-1' }), b: pipeline({ ephemeral }) });
    const { agent, check } = await openAgents(probe, [both('b-1')]);
    const incarnations = async () =>
      (await check()).drops?.map(({ subject, incarnation }) => [subject?.slice(0, 1), incarnation]);
    const before = await incarnations();
    agent.pages = both('b-2');
    const after = await incarnations();
    expect(after?.filter(([name]) => name === 'a')).toEqual(before?.filter(([name]) => name === 'a'));
    expect(after?.filter(([name]) => name === 'b')).not.toEqual(before?.filter(([name]) => name === 'b'));
  });
});

describe('logstash-queue: whether anything gets through', () => {
  test('given a persisted queue from which nothing leaves, when five minutes pass, then that is a problem', async () => {
    const { checkFor } = await openAgents(probe, [pages({ main: pipeline({ events: 90 }) })]);
    expect((await checkFor(5 * minute)).problems).toEqual([expect.stringContaining('nothing has left pipeline main')]);
  });
  test.each([0.7, 'Infinity'])(
    'given back-pressure of %s, when it lasts for five minutes, then that is a problem',
    async (last) => {
      const flow = { flow: { queue_backpressure: { current: 1, last_1_minute: last } } };
      const { checkFor } = await openAgents(probe, [pages({ main: pipeline({ type: 'memory', more: flow }) })]);
      expect((await checkFor(4 * minute)).problems).toEqual([]);
      expect((await checkFor(minute)).problems).toEqual([expect.stringContaining('pipeline main is blocked')]);
    },
  );
});
