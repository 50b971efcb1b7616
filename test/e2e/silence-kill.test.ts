/** Silences and notes while `run` is killed: whatever was answered with 2xx is there after the next start. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { createClock } from '../../src/lib/clock.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';
import { type Program, startServing } from './program.ts';
import { freePorts, incidentsOf, scratchFolder } from './watching.ts';

const rounds = Number(process.env.KILLS ?? 3);
/** From the first request to the kill, ms. */
const life = { least: 50, most: 400 };
/** So that no round comes near the most silences that may hold. */
const mostEach = 50;
const soon = { timeout: 60_000, interval: 250 };
const secret = 'correct-horse-battery-staple';

const clock = createClock();
const random = seededRandom(Number(process.env.SEED ?? 20_261));
const cleanups: (() => Promise<unknown>)[] = [];
let origin: string;
let config: string;
let run: Program;

const startRun = () => startServing(['run', '--config', config, '--log-level', 'warn'], `${origin}/metrics`);

/** Lines go out and arrive nowhere: that is an incident. */
beforeAll(async () => {
  const { dir, remove } = await scratchFolder('silence');
  cleanups.push(remove);
  const [port] = await freePorts(1);
  origin = `http://127.0.0.1:${port}`;
  config = path.join(dir, 'logcanary.yaml');
  const pipeline = {
    name: 'prod',
    inject: [{ file: { path: path.join(dir, 'app.log') }, every: '1s' }],
    hops: [{ name: 'alert', webhook: {}, within: '2s' }],
  };
  writeFileSync(config, stringify({ listen: `127.0.0.1:${port}`, http: { secret }, pipelines: [pipeline] }));
  run = await startRun();
  cleanups.push(() => run.kill());
}, 60_000);
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

const post = (at: string, body: object) =>
  fetch(`${origin}/api/v1${at}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** Sends one after the other until nobody answers any more; gives what was answered with 201. */
async function sendUntilDead(incident: string, round: number): Promise<string[]> {
  const kept: string[] = [];
  for (let at = 0; at < mostEach; at += 1) {
    const text = `round ${round} number ${at}`;
    const silence = { matchers: { hop: 'alert', kind: 'slow' }, for: '1h', comment: text, created_by: 'aki' };
    const isNote = at % 2 === 1;
    const sent = isNote ? post(`/incidents/${incident}/notes`, { by: 'aki', cause: text }) : post('/silences', silence);
    const status = await sent.then((answer) => answer.status).catch(() => 0);
    if (status !== 201) break;
    kept.push(text);
  }
  return kept;
}

async function remembered(incident: string): Promise<ReadonlySet<string>> {
  const { silences } = (await (await fetch(`${origin}/api/v1/silences`)).json()) as { silences: { comment: string }[] };
  const all = (await incidentsOf(origin)) as unknown as readonly { id: string; notes: { cause: string }[] }[];
  const notes = all.find(({ id }) => id === incident)?.notes ?? [];
  return new Set([...silences.map(({ comment }) => comment), ...notes.map(({ cause }) => cause)]);
}

test(`given silences and notes one after the other, when run is killed ${rounds} times meanwhile, then whatever was answered is kept`, async () => {
  const incident = await vi.waitFor(async () => {
    const [first] = await incidentsOf(origin);
    expect(first).toBeDefined();
    return first?.id ?? '';
  }, soon);
  let answered = 0;
  for (let round = 0; round < rounds; round += 1) {
    const sending = sendUntilDead(incident, round);
    await clock.sleep(life.least + random() * (life.most - life.least));
    await run.kill();
    const kept = await sending;
    run = await startRun();
    const known = await remembered(incident);
    // of notes an incident keeps the newest 20
    expect(kept.slice(-20).filter((text) => !known.has(text))).toEqual([]);
    answered += kept.length;
  }
  expect(answered).toBeGreaterThan(rounds);
}, 180_000);
