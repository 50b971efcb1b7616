/** `run` dies at random moments, faults come and go meanwhile: the accounts stay exact and nobody is misinformed. */
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createClock } from '../../src/lib/clock.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';
import { type PagerdutyServer, startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import { type Program, startServing } from './program.ts';
import { freePorts, incidentsOf, misaccounted, type Series, scrape, scratchFolder } from './watching.ts';

const kills = Number(process.env.KILLS ?? 4);
const seed = Number(process.env.SEED ?? 20_260);
/** Between a start and its kill, ms: from before the first look until after several. */
const life = { least: 200, most: 4_000 };
const soon = { timeout: 60_000, interval: 500 };
const faults = ['consumer-stopped', 'index-down', 'agent-stopped', 'archive-stopped', 'stream-down'];

const clock = createClock();
const random = seededRandom(seed);
const cleanups: (() => Promise<unknown>)[] = [];
let pager: PagerdutyServer;
let boardUrl: string;
let origin: string;
let config: string;
let run: Program;

const startRun = () => startServing(['run', '--config', config, '--log-level', 'warn'], `${origin}/metrics`);

beforeAll(async () => {
  const { dir, remove } = await scratchFolder('kill');
  cleanups.push(remove);
  pager = await startPagerdutyServer();
  cleanups.push(() => pager.close());
  const [board, listen] = await freePorts(2);
  boardUrl = `http://127.0.0.1:${board}/sandbox/faults`;
  origin = `http://127.0.0.1:${listen}`;
  config = path.join(dir, 'logcanary.yaml');
  const args = ['sandbox', '--dir', dir, '--listen', `127.0.0.1:${board}`, '--run-listen', `127.0.0.1:${listen}`];
  const sandbox = await startServing([...args, '--page-to', pager.url], boardUrl);
  cleanups.push(() => sandbox.end());
  run = await startRun();
  cleanups.push(() => run.kill());
});
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function set(fault: string, on: boolean): Promise<void> {
  const { status } = await fetch(`${boardUrl}/${fault}`, { method: on ? 'PUT' : 'DELETE' });
  expect(status).toBe(204);
}

/** Counts that only grow: what was told once is still true after the next start. */
const lasting = (series: readonly Series[]) =>
  series.filter(({ name }) => name === 'logcanary_canaries_expected' || name === 'logcanary_canaries_injected_total');

async function scrapeExactly(): Promise<readonly Series[]> {
  const series = await scrape(origin);
  expect(misaccounted(series)).toEqual([]);
  return series;
}

/** What was POSTed for each incident, without the repetitions that a kill explains. */
function storyOf(incident: string): string {
  const actions = pager.events
    .filter(({ payload }) => payload?.custom_details?.incident === incident)
    .map(({ event_action }) => event_action);
  return actions.filter((action, at) => action !== actions[at - 1]).join(' ');
}

test(`given faults that come and go, when run is killed ${kills} times, then the accounts are exact after each start and each incident is told in order`, async () => {
  await vi.waitFor(async () => {
    const delivered = (await scrapeExactly()).filter(({ name }) => name === 'logcanary_canaries_delivered_total');
    expect(delivered.every(({ value }) => value > 0)).toBe(true);
  }, soon);
  const active = new Set<string>();
  for (let kill = 0; kill < kills; kill += 1) {
    const fault = faults[Math.floor(random() * faults.length)] ?? '';
    await set(fault, !active.has(fault));
    if (!active.delete(fault)) active.add(fault);
    await clock.sleep(life.least + random() * (life.most - life.least));
    const before = lasting(await scrapeExactly());
    await run.kill();
    run = await startRun();
    const after = await scrapeExactly();
    for (const { name, labels, value } of before) {
      const now = after.find((each) => each.name === name && each.labels.hop === labels.hop);
      expect(now?.value, `${name} ${labels.hop ?? ''} after kill ${kill + 1}`).toBeGreaterThanOrEqual(value);
    }
  }
  // one of them is open for certain when the healing begins
  await set('consumer-stopped', true);
  await vi.waitFor(async () => expect(pager.open.size).toBeGreaterThan(0), soon);
  await run.kill();
  for (const fault of faults) await set(fault, false);
  run = await startRun();

  await vi.waitFor(async () => {
    await scrapeExactly();
    const all = await incidentsOf(origin);
    expect(all.filter(({ state }) => state === 'open')).toEqual([]);
    expect([...pager.open]).toEqual([]);
  }, soon);
  const paged = (await incidentsOf(origin)).filter(({ severity }) => severity === 'critical');
  expect(paged.length).toBeGreaterThan(0);
  expect(paged.map(({ id, kind, hop }) => `${id} ${kind}@${hop}: ${storyOf(id)}`)).toEqual(
    paged.map(({ id, kind, hop }) => `${id} ${kind}@${hop}: trigger resolve`),
  );
}, 600_000);
