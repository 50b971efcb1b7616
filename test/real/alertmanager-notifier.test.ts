/** Our alerts in real Alertmanagers of a cluster: one notification of both, the end of one, nothing of a twin that never fired. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { z } from 'zod';
import type { IncidentFacts } from '../../src/core/incident.ts';
import type { Notification } from '../../src/core/notifier.ts';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import alertmanager from '../../src/notify/alertmanager.ts';
import { sampleFacts } from '../fakes/incident-facts.ts';
import { type Served, startAlertmanager } from './servers/prometheus.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';
import { freePort } from './servers/watchdog.ts';

const { prometheus: missing } = inject('missing');
const soon = { timeout: 30_000, interval: 250 };

const Told = z.object({
  status: z.string(),
  alerts: z.array(z.object({ status: z.string(), labels: z.record(z.string(), z.string()) })),
});
const Shown = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    endsAt: z.string(),
  }),
);

describe.skipIf(missing !== undefined)('the channel alertmanager before a cluster of two', () => {
  const clock = createClock();
  const told: string[] = [];
  let scratch: Scratch;
  const members: Served[] = [];

  beforeAll(async () => {
    scratch = await openScratch('notifier');
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const { alerts } = Told.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        for (const { status, labels } of alerts) told.push(`${status} ${labels.hop} ${labels.severity}`);
        response.end();
      });
    });
    scratch.cleanup(async () => void receiver.close());
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const config = {
      route: {
        receiver: 'hook',
        group_by: ['hop', 'severity'],
        group_wait: '1s',
        group_interval: '1s',
        repeat_interval: '4h',
      },
      receivers: [{ name: 'hook', webhook_configs: [{ url, send_resolved: true }] }],
    };
    const gossip = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    scratch.cleanup(async () => void (await Promise.all(members.map((member) => member.stop()))));
    for (const [at, own] of gossip.entries()) {
      const peers = gossip.filter((each) => each !== own);
      members.push(
        await startAlertmanager({ dir: path.join(scratch.dir, `member-${at}`), config, gossip: own, peers }),
      );
    }
  });
  afterAll(() => scratch?.end());

  const addresses = () => members.map(({ url }) => new URL('/api/v2/alerts', url).href);
  const open = () =>
    alertmanager.open(alertmanager.config.parse({ url: addresses(), expire_after: '5m' }), {
      ...{ name: 'am', clock, log: silentLog },
    });
  const send = (notification: Notification) => open().send(notification, { signal: new AbortController().signal });
  const factsAt = (hop: string, changes: Partial<IncidentFacts> = {}) =>
    sampleFacts({ hop, since: clock.wall() - 60_000, openedAt: clock.wall(), ...changes });
  const over = (facts: IncidentFacts): IncidentFacts => ({ ...facts, state: 'resolved', resolvedAt: clock.wall() });
  const shownBy = async (at: number) => {
    const answer = await fetch(addresses()[at] ?? '');
    return Shown.parse(await answer.json());
  };
  const countOf = (what: string) => told.filter((each) => each === what).length;

  test('given an incident, when it opens, goes on and ends, then both members have it, and people are told once of each', async () => {
    const facts = factsAt('index');
    await send({ action: 'trigger', facts });
    await vi.waitFor(() => expect(countOf('firing index critical')).toBe(1), soon);
    for (const at of [0, 1]) {
      const [alert] = (await shownBy(at)).filter(({ labels }) => labels.hop === 'index');
      expect(alert?.labels.alertname).toBe('LogcanaryStopped');
      expect(alert?.annotations.summary).toBe('prod logs STOPPED stream→index: all 3 nodes');
    }
    const endOf = async () => (await shownBy(0)).find(({ labels }) => labels.hop === 'index')?.endsAt ?? '';
    const before = await endOf();
    await clock.sleep(10);
    await send({ action: 'renew', facts: { ...facts, detail: 'other evidence', counts: { lost: 3 } } });
    expect((await endOf()) > before).toBe(true);
    await send({ action: 'resolve', facts: over(facts) });
    await vi.waitFor(() => expect(countOf('resolved index critical')).toBe(1), soon);
    await send({ action: 'renew', facts: over(facts) });
    expect(countOf('firing index critical')).toBe(1);
  });

  test('given a warning that gets worse, then the warning ends, the page fires, and each is told once', async () => {
    const warning = factsAt('archive', { severity: 'warning' });
    await send({ action: 'trigger', facts: warning });
    await vi.waitFor(() => expect(countOf('firing archive warning')).toBe(1), soon);
    const critical = { ...warning, severity: 'critical' } as const;
    await send({ action: 'update', facts: critical });
    await vi.waitFor(() => expect(countOf('firing archive critical')).toBe(1), soon);
    await vi.waitFor(() => expect(countOf('resolved archive warning')).toBe(1), soon);
    await send({ action: 'resolve', facts: over(critical) });
    await vi.waitFor(() => expect(countOf('resolved archive critical')).toBe(1), soon);
  });

  test('given a drill, then both members prove it and name who is told; a silence there, or a member without it, is seen', async () => {
    const odd = factsAt('a "quoted\\" hop, 索引', { pipeline: 'x=~"y"', test: true });
    const prove = (facts: IncidentFacts) =>
      open().prove?.({ action: 'trigger', facts }, { signal: new AbortController().signal });
    expect(await prove(odd)).toMatchObject({ state: 'missing' });
    await send({ action: 'trigger', facts: odd });
    const arrived = { state: 'arrived', how: '2 of 2 members have it, for hook' };
    await vi.waitFor(async () => expect(await prove(odd)).toEqual(arrived), soon);
    await send({ action: 'resolve', facts: over(odd) });
    await vi.waitFor(async () => expect(await prove(odd)).toMatchObject({ state: 'missing' }), soon);
    const quiet = factsAt('silenced');
    const until = {
      startsAt: new Date(clock.wall()).toISOString(),
      endsAt: new Date(clock.wall() + 600_000).toISOString(),
    };
    const body = JSON.stringify({
      matchers: [{ name: 'hop', value: 'silenced', isRegex: false, isEqual: true }],
      ...{ ...until, createdBy: 'test', comment: 'a drill must see it' },
    });
    const headers = { 'content-type': 'application/json' };
    for (const { url } of members) await fetch(new URL('/api/v2/silences', url), { method: 'POST', headers, body });
    await send({ action: 'trigger', facts: quiet });
    const silenced = { state: 'missing', why: expect.stringContaining('silence'), final: true };
    await vi.waitFor(async () => expect(await prove(quiet)).toMatchObject(silenced), soon);
    await send({ action: 'resolve', facts: over(quiet) });
  });

  test('given one member that died, then the other takes it and tells people; given none, then it is tried again', async () => {
    await members[1]?.stop();
    await send({ action: 'trigger', facts: factsAt('alert') });
    await vi.waitFor(() => expect(countOf('firing alert critical')).toBe(1), soon);
    await members[0]?.stop();
    await expect(send({ action: 'trigger', facts: factsAt('alert') })).rejects.toMatchObject({
      reason: 'refused',
      retryable: true,
    });
  });
});
