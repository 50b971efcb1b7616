/** The checks of Prometheus and Alertmanager against real ones: first well, then broken on purpose, one way after the other. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import alertmanagerProbe from '../../probes/alertmanager.ts';
import prometheusProbe from '../../probes/prometheus.ts';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { AnyProbe, Check } from '../../src/probe.ts';
import { forever, roleOf } from '../contract/bench.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { type Served, startAlertmanager, startPrometheus } from './servers/prometheus.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';
import { freePort } from './servers/watchdog.ts';

const { prometheus: missing } = inject('missing');
const soon = { timeout: 30_000, interval: 250 };
const minute = 60_000;

/** The machine's clock, but T can be moved on: what must last minutes need not. */
function movableClock() {
  const clock = createClock();
  let ahead = 0;
  return {
    ...clock,
    now: () => clock.now() + ahead,
    leap: (ms: number) => {
      ahead += ms;
    },
  };
}

describe.skipIf(missing !== undefined)('prometheus and alertmanager, the checks', () => {
  const clock = movableClock();
  let scratch: Scratch;
  let target: Server;
  let scraped: string;
  let prometheus: Served;
  const members: Served[] = [];
  const gossip: string[] = [];

  const amConfig = {
    route: { receiver: 'refusing', group_wait: '0s', group_interval: '1s', repeat_interval: '1s' },
    receivers: [{ name: 'refusing', webhook_configs: [{ url: 'http://127.0.0.1:1/' }] }],
  };
  async function startMember(at: number): Promise<Served> {
    const [own = '', ...others] = [gossip[at] ?? '', ...gossip.filter((_, each) => each !== at)];
    const port = members[at]?.port;
    const dir = path.join(scratch.dir, `alertmanager-${at}`);
    const member = await startAlertmanager({
      dir,
      config: amConfig,
      gossip: own,
      peers: others,
      ...(port && { port }),
    });
    members[at] = member;
    return member;
  }
  const groups = (broken: string) => [
    {
      name: 'rules',
      rules: [
        { alert: 'Watchdog', expr: 'vector(1)' },
        { record: 'broken', expr: broken },
      ],
    },
  ];
  const startRules = (broken: string, port?: number) =>
    startPrometheus({
      dir: path.join(scratch.dir, 'prometheus'),
      groups: groups(broken),
      config: {
        scrape_configs: [{ job_name: 'logcanary', static_configs: [{ targets: [scraped] }] }],
        alerting: { alertmanagers: [{ static_configs: [{ targets: members.map(({ url }) => new URL(url).host) }] }] },
      },
      ...(port && { port }),
    });

  beforeAll(async () => {
    scratch = await openScratch('prometheus');
    target = createServer((_, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('canaries 1\n'),
    );
    await new Promise<void>((resolve) => void target.listen(0, '127.0.0.1', resolve));
    scratch.cleanup(async () => void target.close());
    scraped = `127.0.0.1:${(target.address() as AddressInfo).port}`;
    gossip.push(`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`);
    for (const at of [0, 1]) await startMember(at);
    scratch.cleanup(async () => void (await Promise.all(members.map((member) => member.stop()))));
    prometheus = await startRules('vector(2)');
    scratch.cleanup(() => prometheus.stop());
  });
  afterAll(() => scratch?.end());

  async function opened(probe: AnyProbe, config: object): Promise<Check> {
    const role = roleOf(probe.check);
    const check = await role.open(role.config.parse(config), { clock, log: silentLog });
    scratch.cleanup(() => check.close());
    return check;
  }
  const openPrometheus = () => opened(prometheusProbe, { url: prometheus.url, alertmanagers: 2 });
  const openMembers = (more: object = {}) =>
    opened(alertmanagerProbe, { urls: members.map(({ url }) => url), ...more });
  /** Looks until it tells of this and of nothing else; each look is a minute later for what has to last. */
  const untilTold = (check: Check, told: readonly RegExp[], leapMs = minute) =>
    vi.waitFor(async () => {
      const { problems } = await check.check(forever);
      clock.leap(leapMs);
      expect(problems.map((problem) => told.find((each) => each.test(problem)) ?? problem).toSorted()).toEqual(
        [...told].toSorted(),
      );
    }, soon);

  test('given two members in one cluster and a Prometheus that sends to both, when checked, then nothing is wrong', async () => {
    const check = await openMembers();
    await vi.waitFor(async () => expect((await check.check(forever)).readings).toHaveLength(2), soon);
    const { readings, problems, why } = await check.check(forever);
    expect([problems.filter((problem) => !problem.includes('notifications')), why]).toEqual([[], undefined]);
    for (const { value, limit, measure } of readings) {
      expect(measure).toBe('watchdog-age');
      // four times the longer of evaluation and resending
      expect([limit > 3 && limit < 10, value < limit]).toEqual([true, true]);
    }
    const rules = await openPrometheus();
    await untilTold(rules, [], 0);
    expect((await rules.check(forever)).readings).toMatchObject([{ measure: 'rule-lag', limit: 300, warnAt: 60 }]);
  });

  test('given a receiver that cannot be reached, when it is tried, then its integration is named', async () => {
    const check = await openMembers({ watchdog: false });
    await vi.waitFor(async () => {
      const { problems } = await check.check(forever);
      expect(problems).toContainEqual(expect.stringMatching(/[1-9]\d* of \d+ notifications by webhook failed/));
    }, soon);
  });

  test('given a Watchdog that goes to another receiver, when checked, then both are named for each member', async () => {
    const { problems } = await (await openMembers({ watchdog_receiver: 'logcanary' })).check(forever);
    expect(
      problems.filter((each) => each.endsWith('Watchdog is routed to refusing and not to logcanary')),
    ).toHaveLength(2);
  });

  test('given a silence that also fits the Watchdog, when it is set and ends, then whose it is is told until then', async () => {
    const [first] = members;
    const silence = {
      ...{ createdBy: 'alice', comment: 'all quiet', startsAt: new Date(clock.wall()).toISOString() },
      endsAt: new Date(clock.wall() + 10 * minute).toISOString(),
      matchers: [{ name: 'alertname', value: '.+', isRegex: true }],
    };
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(silence);
    const answer = await fetch(`${first?.url}/api/v2/silences`, { method: 'POST', headers, body });
    const { silenceID } = (await answer.json()) as { silenceID: string };
    const check = await openMembers();
    const told = () =>
      vi.waitFor(
        async () => (await check.check(forever)).problems.filter((each) => /silenced by alice until 20/.test(each)),
        soon,
      );
    // gossip takes it to the other
    await vi.waitFor(async () => expect(await told()).toHaveLength(2), soon);
    await fetch(`${first?.url}/api/v2/silence/${silenceID}`, { method: 'DELETE' });
    await vi.waitFor(async () => expect(await told()).toEqual([]), soon);
  });

  test('given that one member is killed, when checked, then it is named, the other misses it, and Prometheus cannot send to it', async () => {
    const check = await openMembers({ watchdog: false });
    const rules = await openPrometheus();
    await rules.check(forever);
    const [, second] = members;
    const host = new URL(second?.url ?? '').host;
    await second?.kill();
    const { why } = await check.check(forever);
    expectProbeError(why, ['partial']);
    expect(why.message).toContain(`Cannot read alertmanager at http://${host}: connection refused`);
    await vi.waitFor(async () => {
      const { problems } = await check.check(forever);
      clock.leap(minute);
      expect(problems).toContain(`alertmanager: no answer from ${host}`);
      expect(problems).toContainEqual(expect.stringMatching(/sees 1 of 2 members|cannot reach 1 members/));
    }, soon);
    await untilTold(rules, [new RegExp(`could not send alerts to ${host}: \\d+ errors`)], 0);
    await startMember(1);
    await untilTold(rules, []);
  });

  test('given all members killed, when checked, then it fails: nothing is known, and nothing is claimed', async () => {
    const check = await openMembers();
    for (const member of members) await member.kill();
    await expect(check.check(forever)).rejects.toMatchObject({ code: 'PROBE', reason: 'refused' });
    await Promise.all([startMember(0), startMember(1)]);
  });

  test('given a rule that cannot be evaluated and a target that is down, when that lasts, then both are named', async () => {
    await prometheus.stop();
    target.close();
    target.closeAllConnections();
    prometheus = await startRules('vector(1) + on() {__name__=~"up|scrape_duration_seconds"}', prometheus.port);
    const check = await openPrometheus();
    await untilTold(check, [
      /rule broken cannot be evaluated: found duplicate series for the match group/,
      new RegExp(`cannot scrape logcanary at ${scraped}$`),
    ]);
  });

  test('given a Prometheus that is killed, when its alerts run out, then the Watchdog is absent, and the check of it fails', async () => {
    const rules = await openPrometheus();
    await prometheus.kill();
    await expect(rules.check(forever)).rejects.toMatchObject({ code: 'PROBE', reason: 'refused' });
    const check = await openMembers();
    await vi.waitFor(async () => {
      const { problems } = await check.check(forever);
      clock.leap(minute);
      expect(problems.filter((each) => each.includes('has no alert Watchdog'))).toHaveLength(2);
    }, soon);
  });
});
