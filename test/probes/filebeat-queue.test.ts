import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import probe from '../../probes/filebeat-queue.ts';
import { describeCheck } from '../contract/probe.ts';
import { closeAgentBenches, openAgents } from '../fakes/agent-check.ts';
import { startAgentServer } from '../fakes/agent-server.ts';

const auth = { username: 'reader', password: 'not-a-real-password' };
const minute = 60_000;

interface State {
  readonly queue?: object;
  readonly active?: number;
  readonly dropped?: number;
  readonly droppedBefore?: number;
  readonly output?: object;
  readonly ephemeral?: string;
  readonly version?: string;
}

/** What all versions have in common, with the queue as the test says. */
function stats({ queue = { acked: 14 }, active = 0, dropped = 0, droppedBefore = 0, ...more }: State): object {
  const { output = {}, ephemeral = 'cf979387-8874-4f31-9fd4-127b8f13d8e3', version } = more;
  return {
    beat: { info: { ephemeral_id: ephemeral, uptime: { ms: 43_542 }, ...(version === undefined ? {} : { version }) } },
    libbeat: {
      output: { type: 'elasticsearch', events: { acked: 14, active: 0, dropped, failed: 3, total: 17, ...output } },
      pipeline: { events: { active, dropped: droppedBefore, failed: 0, published: 14, retry: 14, total: 15 }, queue },
    },
    registrar: { states: { current: 1 }, writes: { fail: 0, success: 2, total: 2 } },
  };
}

const pages = (state: State, version = '7.12.1') => ({ '/stats': stats(state), '/': { beat: 'filebeat', version } });

describeCheck('filebeat-queue', {
  probe,
  secrets: [auth.password],
  hostile: (url) => ({ url, auth }),
  async bench() {
    const agent = await startAgentServer(
      pages({ queue: { acked: 1, max_events: 3200, filled: { events: 5, pct: 0.001 } } }),
    );
    return { config: { url: agent.url, auth }, stop: agent.stop };
  },
});

closeAgentBenches();

describe('filebeat-queue: how full it is, in every layout', () => {
  const disk = { max_bytes: 10_000, acked: 14 };
  const cases: { given: string; pages: Record<string, object>; reading: object | undefined }[] = [
    {
      given: '9.x with filled and max_events',
      pages: pages({ queue: { acked: 14, max_events: 3200, filled: { events: 800, bytes: 0, pct: 0.25 } } }),
      reading: { unit: 'count', value: 800, limit: 3200, limitName: 'queue.mem.events' },
    },
    {
      given: '8.14 with its nested share and no events',
      pages: pages({ queue: { acked: 14, max_events: 0, filled: { pct: { events: 0.5 } } } }),
      reading: { unit: 'ratio', value: 0.5, limit: 1 },
    },
    {
      given: '7.13 to 8.13 with max_events only',
      pages: pages({ active: 1024, queue: { acked: 14, max_events: 4096 } }),
      reading: { unit: 'count', value: 1024, limit: 4096, limitName: 'queue.mem.events' },
    },
    {
      given: '7.12, which tells no size',
      pages: pages({ active: 1024 }),
      reading: { unit: 'count', value: 1024, limit: 4096, limitName: expect.stringContaining('its default') },
    },
    {
      given: '8.15.0, which forgot its queue figures',
      pages: pages({ active: 1600, queue: {}, version: '8.15.0' }),
      reading: { value: 1600, limit: 3200 },
    },
    {
      given: '8.9, whose root tells the version',
      pages: pages({ active: 100, queue: { acked: 3 } }, '8.9.2'),
      reading: { value: 100, limit: 4096 },
    },
    {
      given: 'a disk queue',
      pages: pages({ queue: { ...disk, filled: { events: 7, bytes: 2500, pct: 0.25 } } }),
      reading: { unit: 'bytes', value: 2500, limit: 10_000, limitName: 'queue.disk.max_size' },
    },
    {
      given: 'a disk queue that has underflowed',
      pages: pages({
        active: 3,
        queue: { ...disk, filled: { events: 1.8446744073709552e19, bytes: 1.8e19, pct: 1.8e15 } },
      }),
      reading: undefined,
    },
    {
      given: 'no root page and no version',
      pages: { '/stats': stats({ active: 10 }) },
      reading: undefined,
    },
  ];
  for (const { given, pages: shown, reading } of cases) {
    test(`given ${given}, when checked, then the figure is that, or none`, async () => {
      const { agent, check } = await openAgents(probe, [shown]);
      const { readings, why } = await check();
      const base = { measure: 'queue', subject: agent.name, agent: { kind: 'filebeat', name: agent.name } };
      expect(readings).toMatchObject(reading === undefined ? [] : [{ ...base, ...reading }]);
      expect(why).toBeUndefined();
    });
  }
  test('given what a real Filebeat wrote, when checked, then it is read', async () => {
    const sample = path.join(import.meta.dirname, 'agents/samples/filebeat-stats.json');
    const { check } = await openAgents(probe, [
      { '/stats': JSON.parse(readFileSync(sample, 'utf8')), '/': { version: '8.0.0' } },
    ]);
    const { readings, drops } = await check();
    expect(readings).toMatchObject([{ value: 0, limit: 4096 }]);
    expect(drops?.map(({ measure, total }) => [measure, total])).toContainEqual(['events dropped', 0]);
  });
});

describe('filebeat-queue: what it gave up', () => {
  test('given an item that the index refused, when checked, then it is a drop; failed and retried ones are none', async () => {
    const { check } = await openAgents(probe, [pages({ dropped: 1, output: { dead_letter: 2 } })]);
    const { drops = [] } = await check();
    expect(drops.filter(({ total }) => total > 0)).toMatchObject([
      { measure: 'events dropped', subject: 'output elasticsearch', total: 1, counts: 'records' },
      { measure: 'events sent to the dead letter index', total: 2, counts: 'other' },
    ]);
  });
  test('given a restart, when checked, then it is another incarnation', async () => {
    const { agent, check } = await openAgents(probe, [pages({})]);
    const before = (await check()).drops?.[0]?.incarnation;
    agent.pages = pages({ ephemeral: 'another' });
    expect((await check()).drops?.[0]?.incarnation).not.toBe(before);
  });
});

describe('filebeat-queue: whether anything leaves it', () => {
  test('given a dead output, when nothing is acknowledged for five minutes, then that is a problem', async () => {
    const { checkFor } = await openAgents(probe, [pages({ active: 20 })]);
    expect((await checkFor(5 * minute)).problems).toEqual([expect.stringContaining('nothing has left the queue')]);
  });
  test('given awsbeats, whose output never counts what it sent, when its queue is acknowledged, then nothing is wrong', async () => {
    const { agent, check, clock } = await openAgents(probe, [pages({})]);
    for (let at = 0; at < 30; at += 1) {
      clock.leap(30_000);
      agent.pages = pages({
        active: 20,
        queue: { acked: 10 * at },
        output: { type: 'streams', acked: 0, active: 10 * at },
      });
      expect((await check()).problems).toEqual([]);
    }
  });
  test('given an idle Filebeat, when hours pass, then nothing is wrong', async () => {
    const { checkFor } = await openAgents(probe, [pages({ active: 0 })]);
    expect((await checkFor(30 * minute)).problems).toEqual([]);
  });
});
