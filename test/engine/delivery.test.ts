/** Notifications on their way: which wait for which, how often they are tried, and what is counted. */
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../src/engine/view.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import { Bench } from './harness.ts';
import { chat, configOf, hopSpec, injectSpec, pager, sandboxPipeline } from './sandbox-config.ts';
import { refusal, Scene } from './scene.ts';

const minute = 60_000;

async function opened(changes = {}) {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline(changes)] }));
  bench.run(minute);
  return { scene, bench };
}

test('given one message that a channel does not take, when others of other incidents follow, then they do not wait for it', async () => {
  const { scene, bench } = await opened();
  scene.notify = (row) => (row.facts.hop === 'archive' ? refusal(true) : undefined);
  scene.stage('archive').stopped = true;
  expect(bench.runUntil(minute, () => bench.open('stopped').length === 1)).toBe(true);
  bench.run(5_000);
  bench.wallOffset = minute;
  bench.run(2_000);
  expect(bench.told('chat')).toEqual(['trigger clock@logcanary']);
});

test('given a channel that hangs, when another works, then the other hears of everything', async () => {
  const { scene, bench } = await opened();
  scene.channels.set('pager', refusal(true));
  scene.stage('archive').stopped = true;
  bench.run(minute);
  scene.stage('archive').stopped = false;
  bench.run(minute);
  expect(bench.told('chat')).toEqual(['trigger stopped@archive', 'resolve stopped@archive']);
});

test('given a message that waits, when its incident comes back under the same key, then the second does not overtake the first', async () => {
  const { scene, bench } = await opened();
  const wait = new NotifyError('HTTP 429', { reason: 'rate_limited', retryable: true, retryAfterMs: 10 * minute });
  let tries = 0;
  scene.notify = (row) => {
    if (row.notifier !== 'chat') return undefined;
    tries += 1;
    return tries === 1 ? wait : undefined;
  };
  for (let round = 0; round < 2; round++) {
    scene.stage('archive').stopped = true;
    bench.run(minute);
    scene.stage('archive').stopped = false;
    bench.run(minute);
  }
  expect(tries).toBe(1);
  bench.run(8 * minute);
  const once = ['trigger stopped@archive', 'resolve stopped@archive'];
  expect(bench.told('chat')).toEqual([...once, ...once]);
});

test('given a channel that says how long to wait, when it is tried again, then not before, and counted as it went', async () => {
  const { scene, bench } = await opened();
  const wait = new NotifyError('HTTP 429', { reason: 'rate_limited', retryable: true, retryAfterMs: 5 * minute });
  scene.channels.set('chat', wait);
  scene.stage('archive').stopped = true;
  bench.run(10 * minute);
  scene.channels.delete('chat');
  bench.run(6 * minute);
  const tries = bench.sent.filter(({ row }) => row.notifier === 'chat').map(({ at }) => at);
  expect(tries).toHaveLength(3);
  for (const [at, time] of tries.entries())
    if (at > 0) expect(time - (tries[at - 1] ?? 0)).toBeGreaterThanOrEqual(5 * minute);
  const { notifications } = viewOf(bench.state, { ok: true, problems: [] });
  expect(notifications).toEqual([
    { notifier: 'pager', sent: 1, failed: 0, waiting: 0 },
    { notifier: 'chat', sent: 1, failed: 2, waiting: 0 },
  ]);
});

test('given a channel that refuses for good, when counted, then that is a failure and nothing was sent, and when it was done is written down', async () => {
  const { scene, bench } = await opened();
  scene.channels.set('chat', refusal(false));
  scene.stage('archive').stopped = true;
  bench.run(minute);
  const { notifications } = viewOf(bench.state, { ok: true, problems: [] });
  expect(notifications[1]).toEqual({ notifier: 'chat', sent: 0, failed: 1, waiting: 0 });
  const rows = bench.ledger.image().rows.outbox;
  expect(rows.map(({ notifier, state, attempts }) => [notifier, state, attempts])).toEqual([
    ['pager', 'sent', 1],
    ['chat', 'refused', 1],
  ]);
  for (const { doneAt } of rows) expect(Math.abs((doneAt ?? 0) - bench.now)).toBeLessThan(minute);
});

test('given a message that is refused for good after the incident was told, when it ends, then its end is still told', async () => {
  const { scene, bench } = await opened({ pageAfterMs: 30_000 });
  scene.notify = (row) => (row.action === 'update' ? refusal(false) : undefined);
  scene.stage('archive').stopped = true;
  bench.run(2 * minute);
  scene.stage('archive').stopped = false;
  bench.run(2 * minute);
  expect(bench.told('chat')).toEqual(['trigger stopped@archive', 'resolve stopped@archive']);
});

describe('given many incidents at once', () => {
  const names = Array.from({ length: 10 }, (_, at) => `p${at}`);
  async function crowd() {
    const scene = new Scene();
    const pipelines = names.map((name) =>
      sandboxPipeline({
        name,
        inject: [injectSpec({ name: `${name}-a`, everyMs: 5_000 })],
        hops: [hopSpec({ name: 'stream', withinMs: 20_000 })],
      }),
    );
    const bench = await Bench.open(scene, configOf({ pipelines, notify: [pager, chat] }));
    bench.run(2 * minute);
    scene.stage('stream').stopped = true;
    return { scene, bench };
  }

  test('when they are told, then at most 8 messages are under way at a time, and all are told', async () => {
    const { bench } = await crowd();
    let most = 0;
    bench.onCommit = ({ state }) => {
      most = Math.max(most, [...state.outbox.values()].filter((entry) => entry.inFlight).length);
    };
    bench.run(2 * minute);
    expect(most).toBe(8);
    expect(bench.told('pager')).toHaveLength(10);
    expect(bench.told('chat')).toHaveLength(10);
  });
});
