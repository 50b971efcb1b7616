/** Silences and notes through the desk: answered after their commit, refused while the ledger refuses, kept over kill -9. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Event } from '../src/engine/event.ts';
import { restore } from '../src/engine/restore.ts';
import { createHttpServer, type HttpServer } from '../src/http/server.ts';
import { openIncidentDesk } from '../src/incident-desk.ts';
import { createClock } from '../src/lib/clock.ts';
import { LedgerError } from '../src/lib/errors.ts';
import { silentLog } from '../src/lib/log.ts';
import { Bench, restored, startOfTime } from './engine/harness.ts';
import { type Rig, rigOf, running, stopRigs, until } from './engine/runtime-rig.ts';
import { chat, configOf, injectSpec, sandboxPipeline } from './engine/sandbox-config.ts';
import { Scene } from './engine/scene.ts';
import { handClock } from './fakes/hand-clock.ts';
import { healthyStatus } from './http/sample-status.ts';

const minute = 60_000;
const secret = 'correct-horse-battery';
const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await stopRigs();
});

async function withIncident() {
  const scene = new Scene();
  const pipelines = [sandboxPipeline({ inject: [injectSpec({ name: 'node-a', everyMs: 2_000 })] })];
  const bench = await Bench.open(scene, configOf({ notify: [chat], pipelines }));
  bench.run(minute);
  scene.stage('index').stopped = true;
  bench.run(minute);
  const committed = async (event: Event) => bench.dispatch(event);
  const desk = openIncidentDesk({ config: bench.config, state: bench.state, clock: handClock(bench.now), committed });
  return { bench, desk };
}

const times = { from: startOfTime, until: startOfTime + 100 * minute };
const why = { reason: 'known', by: 'aki' };

describe('given an open incident', () => {
  test('when it is silenced, ended and noted, then each is answered with what was made', async () => {
    const { bench, desk } = await withIncident();
    expect(desk.openIncidents()).toEqual(['inc-1']);
    const made = await desk.silence({ incident: 'inc-1', ...times, ...why });
    expect(made).toMatchObject({ id: 'sil-1', kind: 'stopped', hop: 'index' });
    expect(desk.silences()).toMatchObject([{ id: 'sil-1' }]);
    expect([await desk.endSilence('sil-1'), await desk.endSilence('sil-1')]).toEqual([true, false]);
    expect(await desk.silence({ incident: 'inc-2', ...times, ...why })).toBe('no-incident');
    expect(await desk.note('inc-1', { by: 'aki', cause: 'x' })).toEqual({ at: bench.now, by: 'aki', cause: 'x' });
    expect(await desk.note('inc-2', { by: 'aki', cause: 'x' })).toBeUndefined();
  });

  test('when places are asked for, then those of the configuration and of what is open are known', async () => {
    const { bench, desk } = await withIncident();
    const [incident] = bench.state.open.values();
    if (incident) incident.facts = { ...incident.facts, hop: 'somewhere-new' };
    expect(desk.places().get('sandbox')).toEqual(expect.arrayContaining(['index', 'emitter', 'somewhere-new']));
  });
});

/** Our own server before a real runtime whose commits are held back. */
async function served(rig: Rig) {
  const committed = async (event: Event) => {
    if (rig.runtime.ledgerError) throw rig.runtime.ledgerError;
    await rig.runtime.submit(event);
  };
  const { config } = rig.state;
  const server = await createHttpServer({
    ...{ listen: { host: '127.0.0.1', port: 0 }, secret, status: healthyStatus, log: silentLog, clock: createClock() },
    trace: () => Promise.reject(new Error('not asked')),
    hook: () => Promise.reject(new Error('not asked')),
    ping: () => Promise.reject(new Error('not asked')),
    incidents: openIncidentDesk({ config, state: rig.state, clock: handClock(startOfTime), committed }),
    build: { version: '0', configHash: '0' },
  });
  servers.push(server);
  const body = JSON.stringify({ matchers: { hop: 'stream' }, for: '1h', comment: 'known', created_by: 'aki' });
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  const send = () => fetch(`${server.url}/api/v1/silences`, { method: 'POST', headers, body });
  return { url: server.url, send };
}

const inLedger = ({ ledger }: Rig) => ledger.inner.image().rows.meta.find(({ key }) => key === 'silences')?.value;

describe('given a silence that is sent', () => {
  test('when its commit is not over, then there is no answer, and a process killed then knows nothing of it', async () => {
    const rig = await running();
    const post = await served(rig);
    rig.ledger.held = true;
    let status = 0;
    const sent = post.send().then((answer) => (status = answer.status));
    await until(() => rig.state.silences.length === 1);
    // one that was answered too early would be there before this one
    expect((await fetch(`${post.url}/api/v1/silences`)).status).toBe(200);
    expect([status, inLedger(rig)]).toEqual([0, undefined]);
    const after = await restored(new Scene(), rig.state.config, rig.ledger.inner, 2, startOfTime);
    expect(after.silences).toEqual([]);
    rig.ledger.release();
    expect(await sent).toBe(201);
    expect(inLedger(rig)).toContain('sil-1');
  });

  test('when the ledger refuses, then it is answered with 503 and not made', async () => {
    const rig = await rigOf();
    const post = await served(rig);
    const refusal = new LedgerError('disk full', { reason: 'server_error', retryable: true });
    Object.defineProperty(rig.runtime, 'ledgerError', { get: () => refusal });
    expect((await post.send()).status).toBe(503);
    expect(rig.state.silences).toEqual([]);
  });
});

test('given a ledger of before there were silences and notes, when opened, then there are none', async () => {
  const { bench } = await withIncident();
  const contents = await bench.ledger.load();
  const meta = contents.meta.filter(({ key }) => key !== 'silences' && key !== 'owed');
  expect(meta.map(({ key }) => key)).toContain('time');
  const { signer, signingKey, writer, seed, config } = bench.state;
  const info = { target: 'x', runbook: {} };
  const state = restore({
    ...{ config, contents: { ...contents, meta }, signer, signingKey, writer, seed, now: bench.now, wall: bench.now },
    observer: () => ({ ...info, mode: 'poll', finds: 'repeats' }),
    injector: () => info,
    check: () => info,
  });
  expect([state.silences, [...state.open.values()].map(({ owed, facts }) => [owed, facts.notes])]).toEqual([
    [],
    [[undefined, undefined]],
  ]);
});
