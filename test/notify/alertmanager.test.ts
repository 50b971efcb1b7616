import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notification } from '../../src/core/notifier.ts';
import { type Log, silentLog } from '../../src/lib/log.ts';
import alertmanager from '../../src/notify/alertmanager.ts';
import { notifierContract } from '../contract/notifier.ts';
import { type AlertmanagerServer, startAlertmanagerServer } from '../fakes/alertmanager-server.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';

const bearer_token = 'am-token-Zq7plantedXw9kL3';
const minute = 60_000;
const { signal } = new AbortController();
const context = { name: 'alertmanager', clock: handClock(sampleSince + 5 * minute), log: silentLog };

notifierContract({
  name: 'alertmanager',
  start: () => startAlertmanagerServer(bearer_token),
  open: (origin, clock) =>
    alertmanager.open(alertmanager.config.parse({ url: `${origin}/api/v2/alerts`, bearer_token }), {
      ...context,
      clock,
    }),
  secrets: [bearer_token],
  accepts: { status: 200, body: '' },
  refusals: ['ok', '{"status":"success"}', '[]'],
});

describe('alertmanager', () => {
  let members: AlertmanagerServer[];
  beforeAll(async () => {
    members = [await startAlertmanagerServer(), await startAlertmanagerServer()];
  });
  afterAll(() => Promise.all(members.map((member) => member.close())));

  const openAt = (wall: number, log: Log = silentLog) => {
    const options = { url: members.map(({ url }) => url), labels: { team: 'logging' } };
    return alertmanager.open(alertmanager.config.parse(options), { ...context, clock: handClock(wall), log });
  };
  const send = async (notification: Notification, wall = sampleSince + 5 * minute) => {
    await openAt(wall).send(notification, { signal: new AbortController().signal });
    return members[0]?.alerts.at(-1);
  };

  test('given an open incident, then every member hears of it, for longer than the next renewals', async () => {
    const before = members.map(({ alerts }) => alerts.length);
    const links = { page: 'https://status.example/' };
    const notifier = alertmanager.open(alertmanager.config.parse({ url: members.map(({ url }) => url) }), {
      ...context,
      links: { ...links, runbook: 'https://wiki.example/{kind}', discover: 'https://kibana.example/#/?q={hop}' },
    });
    await notifier.send({ action: 'trigger', facts: sampleFacts() }, { signal: new AbortController().signal });
    expect(members.map(({ alerts }, at) => alerts.length - (before[at] ?? 0))).toEqual([1, 1]);
    const alert = members[1]?.alerts.at(-1);
    expect(alert).toMatchObject({
      labels: {
        alertname: 'LogcanaryStopped',
        deployment: 'tokyo',
        pipeline: 'prod',
        hop: 'index',
        kind: 'stopped',
        severity: 'critical',
      },
      annotations: {
        summary: 'prod logs STOPPED stream→index: all 3 nodes',
        incident: 'inc-7',
        runbook_url: 'https://wiki.example/stopped',
        discover_url: 'https://kibana.example/#/?q=index',
      },
      startsAt: '2026-11-19T18:02:00.000Z',
      endsAt: '2026-11-19T18:37:00.000Z',
      generatorURL: 'https://status.example/#inc-7',
    });
    expect(alert?.annotations?.description).toContain('420 overdue');
    expect(alertmanager.renewEveryMs).toBeLessThan(5 * minute);
  });

  test('given evidence, counts and times that changed, when renewed, then it is the same alert, and ends later', async () => {
    await send({ action: 'trigger', facts: sampleFacts({ hop: 'renewed' }) });
    const [first] = members[0]?.alerts.slice(-1) ?? [];
    const changed = sampleFacts({ hop: 'renewed', detail: 'other', counts: { lost: 9 }, since: sampleSince - minute });
    const later = await send({ action: 'renew', facts: changed }, sampleSince + 20 * minute);
    expect(later?.labels).toEqual(first?.labels);
    expect(later?.labels.team).toBe('logging');
    expect(Date.parse(later?.endsAt ?? '')).toBe(sampleSince + 50 * minute);
  });

  test('given an incident that got worse, when told, then the warning ends and the critical one fires', async () => {
    const wall = sampleSince + 6 * minute;
    await send({ action: 'trigger', facts: sampleFacts({ hop: 'worse', severity: 'warning' }) });
    await send({ action: 'update', facts: sampleFacts({ hop: 'worse' }) }, wall);
    const fired = members[0]?.alerts.filter(({ labels }) => labels.hop === 'worse') ?? [];
    expect(fired.map(({ labels, endsAt = '' }) => [labels.severity, Date.parse(endsAt) > wall])).toEqual([
      ['warning', true],
      ['critical', true],
      ['warning', false],
    ]);
  });

  test.each(['resolve', 'renew'] as const)('given it is over, when told by %s, then it has ended', async (action) => {
    const wall = sampleSince + 25 * minute;
    await send({ action: 'trigger', facts: sampleFacts({ hop: action }) });
    expect(members[0]?.firing(wall)).toContain(`LogcanaryStopped ${action} critical`);
    const alert = await send({ action, facts: resolvedFacts({ hop: action }) }, wall);
    expect(alert?.endsAt).toBe('2026-11-19T18:26:00.000Z');
    expect(alert?.annotations?.summary).toMatch(/^RECOVERED /);
    expect(members[0]?.firing(wall)).not.toContain(`LogcanaryStopped ${action} critical`);
  });

  test('given a wall clock behind ledger time, then no alert ends before it begins', async () => {
    await send({ action: 'resolve', facts: resolvedFacts() }, sampleSince - 3_600_000);
    await send({ action: 'update', facts: sampleFacts() }, sampleSince - 3_600_000);
  });

  test('given one member that fails, then it was accepted, and the log says which did not', async () => {
    const said: string[] = [];
    const log = { ...silentLog, warn: (_: object, message: string) => void said.push(message) };
    members[1]?.script({ as: 'answer', status: 503 });
    const notifier = openAt(sampleSince, log);
    await notifier.send({ action: 'trigger', facts: sampleFacts() }, { signal: new AbortController().signal });
    members[1]?.script();
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(new URL(members[1]?.url ?? '').host);
  });

  test('given a user and a password, when a proxy repeats them as it got them, then no error shows them', async () => {
    const password = 'basic-planted-Zq7Xw9kL3';
    const [member] = members;
    const config = alertmanager.config.parse({ url: member?.url, username: 'canary', password });
    const encoded = Buffer.from(`canary:${password}`).toString('base64');
    member?.script({ as: 'answer', status: 403, body: `no: ${encoded} ${password}` });
    const sent = alertmanager.open(config, context).send({ action: 'trigger', facts: sampleFacts() }, { signal });
    await expect(sent).rejects.toThrow('which said: no: *** ***.');
    expect(member?.requests.at(-1)?.headers.authorization).toBe(`Basic ${encoded}`);
    member?.script();
  });

  test('given no member that takes it, one of them for good, then it is tried again', async () => {
    members[0]?.script({ as: 'answer', status: 400, body: '"bad"' });
    members[1]?.script({ as: 'reset' });
    await expect(send({ action: 'trigger', facts: sampleFacts() })).rejects.toMatchObject({ retryable: true });
    for (const member of members) member.script();
  });
});

describe('the configuration of alertmanager', () => {
  const url = 'http://am:9093/api/v2/alerts';

  test('given one address, then an alert lasts half an hour without us', () => {
    expect(alertmanager.config.parse({ url })).toEqual({ url, labels: {}, expire_after: 1_800_000 });
  });

  test.each([
    ['no address', {}],
    ['no members', { url: [] }],
    ['a member that is no address', { url: [url, 'sesame'] }],
    ['an expiry that a restart outlasts', { url, expire_after: '4m' }],
    ['an expiry without unit', { url, expire_after: '30' }],
    ['a label that Prometheus refuses', { url, labels: { 'my-team': 'sesame' } }],
    ['an unknown setting', { url, urls: ['sesame'] }],
  ])('given %s, then it is refused without showing the value', (_, config) => {
    const { error } = alertmanager.config.safeParse(config);
    expect(error?.issues).toHaveLength(1);
    expect(error?.message).not.toContain('sesame');
  });
});
