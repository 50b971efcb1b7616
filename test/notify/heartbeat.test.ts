/** Heartbeats: sent only while we live, counted only when taken, and silent about their address. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
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

function begin(url = `${service.origin}/ping/${secret}`) {
  const clock = hastyClock();
  const note = (fields: object, message: string) => void said.push(`${JSON.stringify(fields)} ${message}`);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  // Between two beats of a clock that does not wait, others must have their turn.
  const resting = { ...clock, sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal).then(nextTurn) };
  const specs = [{ url, everyMs: 60_000 }];
  const signal = stop.signal;
  const count = () => {
    sent += 1;
  };
  beating = beat({ specs, clock: resting, log, signal, healthy: () => healthy, sent: count });
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
    await until(() => service.requests.length >= 3);
    expect(sent).toBe(0);
    expect(said[0]).toContain('was not accepted');
    expect(said.join()).not.toContain(secret);
    service.script();
    await until(() => sent > 0);
  },
);
