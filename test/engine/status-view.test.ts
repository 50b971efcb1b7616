/** What the page, the API, health and `trace` are told of the state. */
import { describe, expect, test } from 'vitest';
import { healthOf } from '../../src/engine/health.ts';
import { tokenOf } from '../../src/engine/injecting.ts';
import { traceCanary } from '../../src/engine/trace.ts';
import { viewOf } from '../../src/engine/view.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, diskCheck, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { failure, refusal, Scene } from './scene.ts';

const minute = 60_000;

async function opened(changes = {}, config = {}) {
  const scene = new Scene();
  const pipelines = [sandboxPipeline(changes)];
  const bench = await Bench.open(scene, configOf({ pipelines, ...config }));
  const view = () => viewOf(bench.state, { ok: true, problems: [] });
  const hop = (at: number) => view().pipelines[0]?.hops[at];
  return { scene, bench, view, hop };
}

test('given open and resolved incidents, when they are shown, then open ones first, each newest first', async () => {
  const { scene, bench, view } = await opened();
  bench.run(minute);
  for (let round = 0; round < 2; round++) {
    bench.wallOffset = minute;
    bench.run(2_000);
    bench.wallOffset = 0;
    bench.run(10_000);
  }
  scene.stage('archive').stopped = true;
  bench.run(minute);
  scene.stage('alert').stopped = true;
  bench.run(minute);
  expect(view().incidents.map(({ state, hop }) => `${state} ${hop}`)).toEqual([
    'open alert',
    'open archive',
    'resolved logcanary',
    'resolved logcanary',
  ]);
  const resolved = view().incidents.slice(2);
  expect(resolved[0]?.openedAt).toBeGreaterThan(resolved[1]?.openedAt ?? 0);
});

test('given a heartbeat, when it is shown, then without what authorises it, also in the ledger', async () => {
  const url = 'https://hc.example/ping/4e1f-secret?key=5a5a';
  const { bench, view } = await opened({}, { heartbeats: [{ url, everyMs: minute }] });
  bench.dispatch({ type: 'heartbeat-sent', url });
  bench.run(10_000);
  expect(view().heartbeats).toEqual([{ url: 'hc.example', sentAt: bench.now - 10_000 }]);
  expect(JSON.stringify(bench.ledger.image().rows.meta)).not.toMatch(/4e1f|5a5a/);
});

test('given a stop, when its age is shown, then that of the oldest missing, and it counts in the quantile', async () => {
  const { scene, bench, hop } = await opened({ lostAfterMs: 60 * minute });
  bench.run(minute);
  const before = hop(1)?.p95Ms ?? 0;
  const sorted = [...(bench.state.pipelines[0]?.hops[1]?.recentHi ?? [])].sort((a, b) => a - b);
  expect(before).toBeGreaterThan(sorted[Math.floor(sorted.length * 0.85)] ?? Infinity);
  expect(before).toBeLessThanOrEqual(sorted.at(-1) ?? 0);
  scene.stage('index').stopped = true;
  bench.run(minute);
  expect(hop(1)?.oldestMissingMs).toBeGreaterThan(55_000);
  expect(hop(1)?.oldestMissingMs).toBeLessThan(65_000);
  expect(hop(1)?.p95Ms).toBeUndefined();
});

test('given hops that go unread, are cut off or see nothing any more, when shown, then none is called flowing', async () => {
  const { scene, bench, hop } = await opened();
  bench.run(minute);
  expect([0, 1, 2, 3].map((at) => hop(at)?.state)).toEqual(['flowing', 'flowing', 'flowing', 'flowing']);
  for (const name of ['stream', 'index', 'archive']) scene.place(name).unreadable = 'network';
  bench.run(minute);
  expect(bench.open().map(({ kind }) => kind)).toEqual(['isolated']);
  expect([0, 1, 2].map((at) => hop(at)?.state)).toEqual(['blind', 'blind', 'blind']);
  for (const name of ['stream', 'index', 'archive']) scene.place(name).unreadable = undefined;
  bench.run(2 * minute);
  for (const name of ['node-a', 'node-b', 'node-c']) scene.gone.add(name);
  bench.run(5 * minute);
  expect([0, 1, 2, 3].map((at) => hop(at)?.state)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
});

test('given a ping that does not come any more, when shown, then it is late; one that never came is unproven', async () => {
  const expectedPings = ['cron', 'never'].map((name) => ({ name, everyMs: minute, graceMs: minute }));
  const { bench, view } = await opened({}, { expectedPings });
  bench.run(1_000);
  const at = bench.now;
  bench.dispatch({ type: 'pinged', name: 'cron' });
  bench.run(2 * minute - 2_000);
  expect(view().pings).toEqual([
    { name: 'cron', at, state: 'ok' },
    { name: 'never', state: 'unproven' },
  ]);
  expect(bench.history()).toEqual([]);
  bench.run(5_000);
  expect(view().pings[0]?.state).toBe('late');
  expect(bench.history()).toEqual(['silent@cron']);
});

test('given a ping that never came, when it had time to be set up, then that is told once with what to call, and its first ends it', async () => {
  const expectedPings = [{ name: 'job 1', everyMs: minute, graceMs: minute }];
  const { bench, view } = await opened({}, { expectedPings, links: { page: 'https://canary.example/?a=b#top' } });
  bench.run(16 * minute);
  expect(bench.history()).toEqual([]);
  bench.run(2 * minute);
  expect(bench.history()).toEqual(['unproven@job 1']);
  const [incident] = bench.open();
  expect(incident).toMatchObject({ severity: 'warning', hop: 'job 1' });
  expect(incident?.detail).toMatch(/^The expected ping "job 1" never came since logcanary started \d+ min ago/);
  // A ping sent by hand would end it: no command that can be copied, and first whether the job ran.
  expect(incident?.firstLook[0]).toMatch(/^Did job 1 run\?/);
  expect(incident?.firstLook[1]).toContain('POST https://canary.example/hooks/ping/job%201 after each run');
  expect(incident?.firstLook.join('\n')).not.toContain('curl');
  // A new start waits anew; what was told stays until it is over.
  await bench.restart();
  bench.run(minute);
  expect(bench.open().map(({ kind }) => kind)).toEqual(['unproven']);
  bench.dispatch({ type: 'pinged', name: 'job 1' });
  bench.run(minute);
  expect(bench.open()).toEqual([]);
  expect(view().pings[0]?.state).toBe('ok');
  bench.run(10 * minute);
  expect(bench.history()).toEqual(['unproven@job 1', 'silent@job 1']);
});

test('given streams of which one is worse off, when shown, then it is first, and its verdicts stand in the order of time', async () => {
  const { scene, bench, view } = await opened({ hops: [hopSpec({ name: 'stream', withinMs: 8_000 })] });
  bench.run(minute);
  const inject = scene.inject.bind(scene);
  scene.inject = (injector, lines, now) => {
    scene.injection = injector.spec.name === 'node-b' ? 'withheld' : 'works';
    return inject(injector, lines, now);
  };
  bench.run(20_000);
  const [first, second] = view().pipelines[0]?.streams ?? [];
  expect([first?.name, second?.name]).toEqual(['node-b', 'node-a']);
  const recent = first?.recent.stream ?? [];
  expect(recent).toHaveLength(60);
  expect(recent[0]).toBe('delivered');
  expect(recent.at(-1)).toBe('withheld');
});

test('given what waits for one channel, when shown, then it is not counted with another', async () => {
  const { scene, bench, view } = await opened();
  bench.run(minute);
  scene.channels.set('chat', refusal(true));
  scene.stage('archive').stopped = true;
  bench.run(minute);
  expect(view().notifications).toMatchObject([
    { notifier: 'pager', sent: 1, waiting: 0 },
    { notifier: 'chat', sent: 0, waiting: 1 },
  ]);
});

test('given hours of canaries, when their emission is summed up, then folded ones count', async () => {
  const { scene, bench, view } = await opened({ inject: [injectSpec({ name: 'node-a' })] });
  bench.run(10_000);
  scene.injection = 'withheld';
  bench.run(10_000);
  scene.injection = 'works';
  bench.run(5 * minute);
  scene.injection = 'withheld';
  bench.run(10_000);
  scene.injection = 'works';
  bench.run(8 * minute);
  expectIdentity(bench.state);
  // A canary that was withheld may still turn up for three days: so long its block is kept.
  await bench.restart(80 * 60 * minute);
  bench.run(10_000);
  expect([...(bench.state.streamsByNumber.get(1)?.emission.keys() ?? [])]).toEqual([3]);
  expectIdentity(bench.state);
  const granted = bench.state.streamsByNumber.get(1)?.nextSeq ?? 0;
  const { injected, withheld, unconfirmed } = view().pipelines[0] ?? { injected: 0, withheld: 0, unconfirmed: 0 };
  expect(withheld).toBeGreaterThanOrEqual(18);
  expect(withheld).toBeLessThanOrEqual(22);
  expect([injected + withheld + unconfirmed, unconfirmed <= 1]).toEqual([granted, true]);
});

describe('given health', () => {
  test('when one loop of ours is wedged, then it is named, and the ledger’s failure too', async () => {
    const { bench } = await opened({ checks: [diskCheck] });
    bench.run(minute);
    expect(healthOf(bench.state, undefined)).toEqual({ ok: true, problems: [] });
    bench.deaf = true;
    bench.run(3 * minute);
    const { ok, problems } = healthOf(bench.state, undefined);
    expect(ok).toBe(false);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['loop inject', 'loop observe', 'loop check']);
    const full = new LedgerError('Cannot commit: the disk is full.', { reason: 'disk_full' });
    expect(healthOf(bench.state, full).problems[0]).toBe('ledger: Cannot commit: the disk is full.');
  });

  test('when looks and checks fail, then that is progress: it is the target that is ill', async () => {
    const hops = [hopSpec({ name: 'stream', withinMs: 8_000 })];
    const { scene, bench } = await opened({ hops, checks: [diskCheck] });
    bench.run(minute);
    scene.readings = () => failure('server_error');
    scene.place('stream').unreadable = 'server_error';
    bench.run(5 * minute);
    expect(healthOf(bench.state, undefined)).toEqual({ ok: true, problems: [] });
  });

  test('when a page is undelivered for four minutes, then it may still come; after five that is our failure', async () => {
    const { scene, bench } = await opened();
    bench.run(minute);
    scene.channels.set('pager', refusal(true)).set('chat', refusal(true));
    scene.stage('archive').stopped = true;
    expect(bench.runUntil(minute, () => bench.open('stopped').length > 0)).toBe(true);
    bench.run(4 * minute);
    expect(healthOf(bench.state, undefined).problems).toEqual([]);
    bench.run(2 * minute);
    expect(healthOf(bench.state, undefined).problems.join()).toContain('was not accepted by any channel');
    scene.channels.delete('chat');
    bench.run(3 * minute);
    expect(healthOf(bench.state, undefined).problems).toEqual([]);
  });
});

describe('given a canary whose block is settled and folded away', () => {
  test('when it is traced, then its own emission and verdict at each hop are told, from the ledger', async () => {
    const hops = [
      hopSpec({ name: 'stream', withinMs: 8_000 }),
      hopSpec({ name: 'archive', after: 'stream', sample: { take: 1, of: 3 } }),
    ];
    const { scene, bench } = await opened({ hops, inject: [injectSpec({ name: 'node-a' })] });
    const sentAt = new Map<number, number>();
    const write = scene.inject.bind(scene);
    scene.inject = (injector, lines, now) => {
      write(injector, lines, now);
      for (const { seq } of lines) sentAt.set(seq, now + (seq % 7));
      return lines.map(({ seq }) => ({ state: 'emitted', nb: sentAt.get(seq) ?? 0, na: now + 10 }));
    };
    bench.run(20_000);
    scene.stage('archive').delayMs = 40_000;
    bench.run(60_000);
    scene.stage('archive').delayMs = 1_500;
    bench.run(8 * minute);
    const stream = bench.state.streamsByNumber.get(1);
    if (!stream) throw new Error('no stream');
    const traceOf = async (seq: number) => {
      const view = await traceCanary(bench.state, bench.ledger, tokenOf(bench.state, stream, seq) ?? '');
      const { emission } = view;
      const isRight = emission !== undefined && 'nb' in emission && emission.nb === sentAt.get(seq);
      return { state: view.state, isRight, hops: view.hops?.map(({ verdict }) => verdict) };
    };
    expect(stream.tracks.some(({ blocks }) => blocks.has(0))).toBe(false);
    expect(stream.emission.has(0)).toBe(false);
    const none = 'not expected here';
    const known = { state: 'known', isRight: true };
    expect(await traceOf(2)).toEqual({ ...known, hops: ['delivered', 'delivered'] });
    expect(await traceOf(3)).toEqual({ ...known, hops: ['delivered', none] });
    expect(await traceOf(29)).toEqual({ ...known, hops: ['delivered', 'delayed'] });
    expect(await traceOf(200)).toEqual({ ...known, hops: ['delivered', 'delivered'] });
  });

  test('when a token is asked about that was not handed out yet, then it is not known', async () => {
    const { bench } = await opened();
    bench.run(minute);
    const stream = bench.state.streamsByNumber.get(1);
    if (!stream) throw new Error('no stream');
    const token = tokenOf(bench.state, stream, stream.nextSeq) ?? '';
    expect((await traceCanary(bench.state, bench.ledger, token)).state).toBe('never-granted');
  });
});
