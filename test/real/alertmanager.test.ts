/**
 * A whole logcanary that watches Prometheus and Alertmanager, as shipped: Prometheus scrapes it and evaluates its rules,
 * Alertmanager pings it with the alert that always fires. Then each dies in turn. One story, told in order.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { parse } from 'yaml';
import { type Served, startAlertmanager, startPrometheus } from './servers/prometheus.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';
import { freePort, type ListedIncident, startWatchdog, type Watchdog } from './servers/watchdog.ts';

const { prometheus: missing } = inject('missing');
const secret = 'only-for-this-test-0123456789';
const soon = { timeout: 40_000, interval: 250 };
const deploy = path.resolve(import.meta.dirname, '../../deploy');
const shipped = async (file: string) => readFile(path.join(deploy, file), 'utf8');

interface Received {
  readonly status: string;
  readonly name: string;
}

describe.skipIf(missing !== undefined)('logcanary, Prometheus and Alertmanager watch each other', () => {
  let scratch: Scratch;
  let receiver: Server;
  let alertmanager: Served;
  let prometheus: Served;
  let watchdog: Watchdog;
  let own: number;
  let amPort: number;
  let promPort: number;
  const received: Received[] = [];

  /** The route and receiver as they are shipped, but in seconds and to here; everything else goes to the webhook. */
  async function startAm(): Promise<Served> {
    const text = (await shipped('alerters/alertmanager/alertmanager.yml'))
      .replace('https://logcanary.example:9780', `http://127.0.0.1:${own}`)
      .replace('credentials_file: /etc/alertmanager/logcanary-secret', `credentials: ${secret}`)
      .replace('group_interval: 30s', 'group_interval: 1s')
      .replace('repeat_interval: 50s', 'repeat_interval: 1s');
    const config = parse(text);
    const { port } = receiver.address() as AddressInfo;
    config.receivers[0].webhook_configs = [{ url: `http://127.0.0.1:${port}/alerts` }];
    Object.assign(config.route, { group_wait: '0s', group_interval: '1s', group_by: ['alertname'] });
    return startAlertmanager({ dir: path.join(scratch.dir, 'alertmanager'), port: amPort, config });
  }
  async function startProm(): Promise<Served> {
    const files = ['alerters/prometheus/watchdog.rules.yml', 'prometheus/logcanary.rules.yml'];
    const groups = await Promise.all(files.map(async (file) => parse(await shipped(file)).groups));
    const own1 = { name: 'test', rules: [{ alert: 'Injecting', expr: 'logcanary_canaries_injected_total > 2 < 12' }] };
    return startPrometheus({
      ...{ dir: path.join(scratch.dir, 'prometheus'), port: promPort, groups: [...groups.flat(), own1] },
      config: {
        scrape_configs: [{ job_name: 'logcanary', static_configs: [{ targets: [`127.0.0.1:${own}`] }] }],
        alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${amPort}`] }] }] },
      },
    });
  }
  const config = () => ({
    ...{ ledger: path.join(scratch.dir, 'logcanary.db'), http: { secret } },
    keys: [{ id: 'a1', secret: 'only-for-this-test-0123456789abcdef' }],
    expected_pings: [{ name: 'alertmanager', every: '1s', grace: '4s' }],
    pipelines: [
      {
        name: 'real',
        inject: [{ file: { path: path.join(scratch.dir, 'app.log'), name: 'app' }, every: '1s' }],
        hops: [{ name: 'alert', webhook: {}, within: '20s' }],
        ...{ page_after: '0s', resolve_after: '1s' },
        checks: [
          { alertmanager: { url: `http://127.0.0.1:${amPort}`, watchdog_receiver: 'logcanary' }, every: '1s' },
          { prometheus: { url: `http://127.0.0.1:${promPort}` }, every: '1s' },
        ],
      },
    ],
  });

  beforeAll(async () => {
    scratch = await openScratch('alertmanager');
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { alerts } = JSON.parse(Buffer.concat(chunks).toString());
      for (const { status, labels } of alerts) received.push({ status, name: labels.alertname });
      response.end();
    });
    await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
    scratch.cleanup(async () => {
      receiver.close();
      receiver.closeAllConnections();
    });
    [own, amPort, promPort] = [await freePort(), await freePort(), await freePort()];
    watchdog = await startWatchdog(scratch.dir, config(), own);
    scratch.cleanup(() => watchdog.stop());
    alertmanager = await startAm();
    scratch.cleanup(() => alertmanager.stop());
    prometheus = await startProm();
    scratch.cleanup(() => prometheus.stop());
  });
  afterAll(() => scratch?.end());

  const pingedAt = async () =>
    (await watchdog.scrape()).value('logcanary_expected_ping_timestamp_seconds', { name: 'alertmanager' });
  const openOnes = async () =>
    (await watchdog.incidents()).filter(({ state, hop }) => state === 'open' && hop !== 'alert');
  const untilOpen = (wanted: Partial<ListedIncident>) =>
    vi.waitFor(async () => expect(await openOnes()).toContainEqual(expect.objectContaining(wanted)), soon);
  const untilCalm = () =>
    vi.waitFor(
      async () => expect((await openOnes()).map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual([]),
      soon,
    );

  /** That alerts were refused is told for two minutes more. */
  const recovered = () =>
    vi.waitFor(async () => {
      const others = (await openOnes()).filter(({ kind, hop }) => kind !== 'reading' || hop !== 'prometheus');
      expect(others.map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual([]);
    }, soon);

  test('given all three, when the Watchdog fires, then its pings come in again and again, and nothing is wrong', async () => {
    const first = await vi.waitFor(async () => {
      const at = await pingedAt();
      expect(at).toBeGreaterThan(0);
      return at ?? 0;
    }, soon);
    await vi.waitFor(async () => expect(await pingedAt()).toBeGreaterThan(first), soon);
    await untilCalm();
  });

  test('given an alert on our own metrics, when it begins and ends, then the webhook gets both', async () => {
    await vi.waitFor(() => expect(received).toContainEqual({ status: 'resolved', name: 'Injecting' }), soon);
    expect(received).toContainEqual({ status: 'firing', name: 'Injecting' });
    expect(received.filter(({ name }) => name === 'Watchdog')).toEqual([]);
  });

  test('given a silence that fits the Watchdog too, when its pings stay out, then both are told, and why', async () => {
    const body = JSON.stringify({
      ...{ createdBy: 'bob', comment: 'night', startsAt: '2020-01-01T00:00:00Z', endsAt: '2100-01-01T00:00:00Z' },
      matchers: [{ name: 'severity', value: 'none|warning', isRegex: true }],
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${alertmanager.url}/api/v2/silences`, { method: 'POST', headers, body });
    const { silenceID } = (await answer.json()) as { silenceID: string };
    await untilOpen({
      kind: 'reading',
      hop: 'alertmanager',
      detail: expect.stringContaining('Watchdog is silenced by bob until 2100'),
    });
    await untilOpen({ kind: 'silent', hop: 'alertmanager' });
    await fetch(`${alertmanager.url}/api/v2/silence/${silenceID}`, { method: 'DELETE' });
    await untilCalm();
  });

  test('given that Alertmanager is killed, when it does not answer, then the check says so and the ping is late', async () => {
    await alertmanager.kill();
    await untilOpen({
      kind: 'unreadable',
      detail: expect.stringContaining(`Cannot read alertmanager at http://127.0.0.1:${amPort}: connection refused`),
    });
    await untilOpen({ kind: 'silent', hop: 'alertmanager' });
    await untilOpen({
      kind: 'reading',
      hop: 'prometheus',
      detail: expect.stringContaining(`could not send alerts to 127.0.0.1:${amPort}`),
    });
    alertmanager = await startAm();
    await recovered();
  });

  test('given that Prometheus is killed, when its Watchdog runs out, then the check says so and the ping is late', async () => {
    await prometheus.kill();
    await untilOpen({
      kind: 'unreadable',
      detail: expect.stringContaining(`Cannot read prometheus at http://127.0.0.1:${promPort}`),
    });
    await untilOpen({ kind: 'silent', hop: 'alertmanager' });
    prometheus = await startProm();
    await recovered();
  });
});
