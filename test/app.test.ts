/** The wired program in this process: a file to write to, a hook that hears, a ledger file that can be taken away. */
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import file from '../probes/file.ts';
import webhook from '../probes/webhook.ts';
import { type App, startApp } from '../src/app.ts';
import type { Config } from '../src/core/pipeline.ts';
import { openSqliteReader } from '../src/ledger/sqlite.ts';
import { type ClockSource, machineClock } from '../src/lib/clock.ts';
import { silentLog } from '../src/lib/log.ts';
import type { AnyNotifier } from '../src/notify/definition.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './engine/sandbox-config.ts';
import { type MisbehavingServer, startMisbehavingServer } from './fakes/misbehaving-server.ts';

const soon = { timeout: 15_000, interval: 20 };
const headers = { authorization: 'Bearer hush' };

let dir: string;
let apps: App[];
let told: string[];
let service: MisbehavingServer;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'logcanary-app-'));
  apps = [];
  told = [];
  service = await startMisbehavingServer(() => ({ status: 200, contentType: 'text/plain', body: 'OK' }));
});
afterEach(async () => {
  for (const app of apps) await app.stop();
  await service.close();
  await rm(dir, { recursive: true, force: true });
});

const channel: AnyNotifier = {
  kind: 'fake',
  config: z.strictObject({}),
  defaultMinSeverity: 'warning',
  open: (_, { name }) => ({
    name,
    kind: 'fake',
    send: async ({ action, facts }) => void told.push(`${action} ${facts.kind}`),
  }),
};

function configured(changes: Partial<Config> = {}): Config {
  const inject = [injectSpec({ name: 'node-a', kind: 'file', everyMs: 100, options: { path: logFile(), labels: {} } })];
  const hops = [hopSpec({ name: 'alert', kind: 'webhook', withinMs: 10_000, pollMs: 250 })];
  return configOf({
    listen: { host: '127.0.0.1', port: 0 },
    ledger: path.join(dir, 'logcanary.db'),
    keys: [{ id: 'a1', secret: 'only for this test' }],
    pipelines: [sandboxPipeline({ inject, hops })],
    heartbeats: [{ url: `${service.origin}/ping/5ec2e7`, everyMs: 50 }],
    expectedPings: [{ name: 'cron', everyMs: 60_000, graceMs: 60_000 }],
    http: { secret: 'hush' },
    ...changes,
  });
}
const logFile = () => path.join(dir, 'app.log');
const linesOf = async () =>
  (await readFile(logFile(), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

async function started(config = configured(), clockSource: ClockSource = machineClock): Promise<App> {
  const kinds = { probes: [file, webhook], notifiers: [channel] };
  const app = await startApp({ config, ...kinds, log: silentLog, version: '0', clockSource });
  apps.push(app);
  return app;
}
const until = (condition: () => boolean | Promise<boolean>) =>
  vi.waitFor(async () => expect(await condition()).toBe(true), soon);

function post(app: App, name: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${app.url}/hooks/${name}`, { method: 'POST', headers, body });
}

describe('given a ledger that is taken away while it is open', () => {
  test('when hooks come, then they are told to come again, nothing says that we live, and the clock goes on', async () => {
    const app = await started();
    await until(async () => (await linesOf()).length > 3);
    await until(() => app.status().heartbeats[0]?.sentAt !== undefined);
    const lines = (await linesOf()).join('\n');
    expect((await post(app, 'hop/alert', lines)).status).toBe(200);
    const ledger = path.join(dir, 'logcanary.db');
    await rename(ledger, `${ledger}.away`);
    await until(() => told.includes('trigger ledger'));
    expect(app.status().health.ok).toBe(false);
    const refused = await post(app, 'hop/alert', lines);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await post(app, 'ping/cron', '')).status).toBe(503);
    const { requests } = service;
    const [beats, at] = [requests.length, app.status().at];
    await until(() => app.status().at > at + 400);
    expect(requests.length).toBeLessThanOrEqual(beats + 1);
    await rename(`${ledger}.away`, ledger);
    await until(() => told.includes('resolve ledger'));
    expect((await post(app, 'hop/alert', lines)).status).toBe(200);
    await until(() => requests.length > beats + 2);
  });

  test('when a hook is answered with 2xx, then what it brought is in the file already', async () => {
    const app = await started();
    await until(async () => (await linesOf()).length > 3);
    const reader = await openSqliteReader({ path: path.join(dir, 'logcanary.db') });
    for (let round = 0; round < 5; round++) {
      const before = (await linesOf()).length;
      await until(async () => (await linesOf()).length > before);
      expect((await post(app, 'hop/alert', (await linesOf()).slice(before).join('\n'))).status).toBe(200);
      const [hop] = await reader.find('hop', { name: 'alert' });
      const { delivered } = JSON.parse(hop?.counters ?? '{}').entered;
      expect(delivered).toBeGreaterThanOrEqual(round + 1);
      expect((await post(app, 'ping/cron', '')).status).toBe(200);
      expect(await reader.find('ping', { name: 'cron' })).toHaveLength(1);
    }
    await reader.close();
  });
});

test('given hook bodies that cannot be read whole, when they come, then what was found is kept, and 2xx is not said', async () => {
  const app = await started();
  await until(async () => (await linesOf()).length > 1);
  const line = (await linesOf())[0] ?? '';
  const cut = gzipSync('x'.repeat(10_000)).subarray(0, 30);
  expect((await post(app, 'hop/alert', new Uint8Array(cut))).status).toBe(422);
  const large = gzipSync(Buffer.alloc(9 * 1024 * 1024, 'x'));
  expect((await post(app, 'hop/alert', new Uint8Array(large))).status).toBe(422);
  const answer = await post(app, 'hop/alert', line);
  expect([answer.status, await answer.json()]).toEqual([200, { accepted: true, found: 1 }]);
});

test('given names that nobody configured, when they are hooked and pinged, then 404, and nothing is kept of them', async () => {
  const app = await started();
  expect((await post(app, 'hop/other', 'x')).status).toBe(404);
  expect((await post(app, 'ping/other', '')).status).toBe(404);
  expect((await post(app, 'ping/cron', '')).status).toBe(200);
  const reader = await openSqliteReader({ path: path.join(dir, 'logcanary.db') });
  expect((await reader.load()).ping.map(({ name }) => name)).toEqual(['cron']);
  await reader.close();
});

describe('given a ledger of an earlier run', () => {
  test('when the machine’s clock was set back meanwhile, then our time goes on from where it was, and that is told', async () => {
    const ahead = { ...machineClock, wall: () => machineClock.wall() + 3_600_000 };
    const first = await started(configured(), ahead);
    await until(async () => (await linesOf()).length > 1);
    const { at } = first.status();
    await first.stop();
    const second = await started();
    // From the last commit on, which is a little before what was shown last.
    expect(second.status().at).toBeGreaterThan(at - 60_000);
    await until(() => (second.status().pipelines[0]?.injected ?? 0) > 5);
    await until(() => told.includes('trigger clock'));
  });

  test('when the key that signed what is still out is removed, then the start is refused; beside a new one it is taken', async () => {
    const first = await started();
    await until(async () => (await linesOf()).length > 1);
    await first.stop();
    const other = { id: 'b2', secret: 'another secret' };
    await expect(started(configured({ keys: [other] }))).rejects.toThrow('Put the old key back');
    await started(configured({ keys: [other, { id: 'a1', secret: 'only for this test' }] }));
    const before = (await linesOf()).length;
    await until(async () => (await linesOf()).length > before);
  });

  test('when another has it open, then the second start is refused, pages nobody, and harms nothing', async () => {
    const first = await started();
    await expect(started()).rejects.toMatchObject({ reason: 'locked' });
    expect(told).toEqual([]);
    expect(first.status().health.ok).toBe(true);
  });
});

test('given an address that is taken, when a start fails for it, then nothing stays open: the next start succeeds', async () => {
  const listen = { host: '127.0.0.1', port: Number(new URL(service.origin).port) };
  await expect(started(configured({ listen }))).rejects.toThrow('EADDRINUSE');
  const app = await started();
  expect(app.status().health.ok).toBe(true);
});
