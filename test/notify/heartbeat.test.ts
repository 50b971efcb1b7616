/** Heartbeats: sent only while we live, counted only when taken, and silent about their address. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { HeartbeatForm } from '../../src/core/pipeline.ts';
import { createClock } from '../../src/lib/clock.ts';
import type { Log } from '../../src/lib/log.ts';
import { beat } from '../../src/notify/heartbeat.ts';
import { hastyClock } from '../fakes/hasty-clock.ts';
import { type MisbehavingServer, type Script, startMisbehavingServer } from '../fakes/misbehaving-server.ts';

const soon = { timeout: 10_000, interval: 5 };
const secret = 'f00dfeed-0123-4567-89ab-cdef01234567';

let service: MisbehavingServer;
let stop: AbortController;
let said: string[];
let sent: number;
let healthy: boolean;
let beating: Promise<void>;

beforeEach(async () => {
  service = await startMisbehavingServer(() => ({ status: 200, contentType: 'text/plain', body: 'OK' }));
  stop = new AbortController();
  said = [];
  sent = 0;
  healthy = true;
  beating = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await beating;
  await service.close();
});

function begin(url = `${service.origin}/ping/${secret}`, form?: HeartbeatForm, isWell = () => healthy) {
  const clock = hastyClock();
  const note = (fields: object, message: string) => void said.push(`${JSON.stringify(fields)} ${message}`);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  // Between two beats of a clock that does not wait, others must have their turn.
  const resting = { ...clock, sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal).then(nextTurn) };
  const specs = [{ url, everyMs: 60_000, ...(form && { form }) }];
  const signal = stop.signal;
  const count = () => {
    sent += 1;
  };
  const health = () => ({ ok: isWell(), problems: ['ledger: the disk is full'] });
  beating = beat({ specs, clock: resting, log, signal, health, sent: count });
  return clock;
}
const nextTurn = () => createClock().sleep(0);
const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), soon);

test('given a service that takes them, when time passes, then one goes out every period, and each is noted', async () => {
  const clock = begin();
  await until(() => sent >= 5);
  expect(service.requests[0]).toMatchObject({ path: `/ping/${secret}` });
  expect(service.requests.length - sent).toBeLessThanOrEqual(1);
  expect([...new Set(clock.slept)]).toEqual([60_000]);
  expect(said).toEqual([]);
});

test('given that we are not healthy, when time passes, then none goes out, and once we are they go out again', async () => {
  healthy = false;
  begin();
  await until(() => said.length >= 3);
  expect([sent, service.requests]).toEqual([0, []]);
  expect(said[0]).toContain('Heartbeat withheld: logcanary is not healthy.');
  healthy = true;
  await until(() => sent > 0);
});

const refusals: readonly Script[] = [
  { as: 'answer', status: 404 },
  { as: 'answer', status: 500 },
  { as: 'answer', status: 302, headers: { location: '/elsewhere' } },
  { as: 'reset' },
  { as: 'garbage' },
];
test.each(refusals)(
  'given a service that does this: %o, when it is pinged, then that is no heartbeat, is said without the address, and the next one follows',
  async (script) => {
    service.script(script);
    begin();
    await until(() => service.requests.length >= 3 && said.length > 0);
    expect(sent).toBe(0);
    expect(said[0]).toContain('was not accepted');
    expect(said.join()).not.toContain(secret);
    service.script();
    await until(() => sent > 0);
  },
);

test('given a service that can be told, when we are not well from one beat to the next, then it hears that and why', async () => {
  begin(undefined, 'healthchecks');
  await until(() => sent > 0);
  expect(service.requests[0]?.path).toBe(`/ping/${secret}/start`);
  healthy = false;
  await until(() => service.requests.some(({ path }) => path.endsWith('/fail')));
  const told = service.requests.find(({ path }) => path.endsWith('/fail'));
  expect(told?.body).toBe('logcanary is not healthy: ledger: the disk is full');
  const before = sent;
  healthy = true;
  await until(() => sent > before);
  expect(said.join()).not.toContain(secret);
});

test('given a service that can be told, when we are not well at every second beat, then it is told nothing of it', async () => {
  let beats = 0;
  const isWell = () => {
    beats += 1;
    return beats % 2 === 1;
  };
  begin(undefined, 'betterstack', isWell);
  await until(() => said.length >= 5);
  expect(sent).toBeGreaterThanOrEqual(5);
  expect(service.requests.filter(({ path }) => path.endsWith('/fail'))).toEqual([]);
});

const doubts = ['OK (not found)', 'OK (rate limited)'];
test.each(doubts)('given the answer 200 "%s", when Healthchecks is pinged, then that is no heartbeat', async (body) => {
  service.script({ as: 'answer', status: 200, body });
  begin(undefined, 'healthchecks');
  await until(() => service.requests.length >= 4 && said.length > 0);
  expect(sent).toBe(0);
  expect(said[0]).toMatch(/was not accepted: it answered "(not found|rate limited)"/);
});

test('given a ping that fails on its way, when its period is long enough, then it is tried again before the next is due', async () => {
  service.script({ as: 'reset' });
  const clock = begin();
  await until(() => clock.slept.length >= 2);
  expect(clock.slept.slice(0, 2)).toEqual([2_000, 8_000]);
  service.script();
  await until(() => sent > 0);
});

test('given an answer without an end, when it is read, then only up to a bound, and the next beat comes', async () => {
  service.script({ as: 'flood', status: 200, bytes: 64 * 1024 * 1024 });
  begin();
  await until(() => service.requests.length >= 2);
  expect(service.flooded).toBeLessThan(32 * 1024 * 1024);
});

test('given two services of which one hangs, when time passes, then the other is told all the same', async () => {
  const hanging = await startMisbehavingServer(() => ({ status: 200, contentType: 'text/plain', body: 'OK' }));
  hanging.script({ as: 'silent' });
  const clock = createClock();
  let told = 0;
  const count = () => {
    told += 1;
  };
  const specs = [hanging, service].map(({ origin }) => ({ url: `${origin}/ping`, everyMs: 10 }));
  const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const health = () => ({ ok: true, problems: [] });
  beating = beat({ specs, clock, log, signal: stop.signal, health, sent: count });
  await until(() => told >= 5);
  expect(hanging.requests).toHaveLength(1);
  stop.abort();
  await beating;
  await hanging.close();
});
