/**
 * What is wrong with an Alertmanager or a cluster of them: its own state, what it cannot deliver, and whether the alert
 * that must always fire gets through to where its absence is noticed.
 */
import type { Check, CheckResult, Clock, Reading } from '../../src/probe.ts';
import type { AgentTargets } from '../agents/agent-targets.ts';
import type { Setup } from '../agents/answer.ts';
import { missingMembers, readMembers } from '../agents/each-member.ts';
import { createLasting, type Lasting } from '../agents/lasting.ts';
import { createRecentGrowth, type RecentGrowth } from '../agents/recent-growth.ts';
import { said } from '../agents/said.ts';
import { type Member, readMember, type ShownAlert, type Silence } from './member.ts';

/** After a start the first alerts come within the sender's evaluation interval and resend delay (a minute each), ms. */
const absentMs = 3 * 60_000;
/** A cluster settles within seconds; gossip gives a member up after a minute. https://github.com/prometheus/alertmanager#high-availability, ms */
const unsettledMs = 2 * 60_000;
/** Over how long notifications are counted, ms: a failing one is tried for a group_interval (5 min) before it is given up. */
export const notificationWindowMs = 10 * 60_000;
/** Some are refused on any day (a message too long); half of several is a receiver that does not work. */
const failingShare = 0.5;

export interface AlertmanagerOptions {
  readonly setup: Setup;
  readonly clock: Clock;
  readonly targets: AgentTargets;
  /** Name of the alert that always fires; false: none. */
  readonly watchdog: string | false;
  /** Where it must be routed to. */
  readonly receiver: string | undefined;
}

interface Memory {
  readonly lasting: Lasting;
  readonly growth: RecentGrowth;
}

export function createAlertmanagerCheck(options: AlertmanagerOptions): Check {
  const { setup, targets, watchdog, clock } = options;
  const memory = { lasting: createLasting(), growth: createRecentGrowth(notificationWindowMs) };
  return {
    async check({ signal }): Promise<CheckResult> {
      const members = await readMembers(targets, setup, signal, (asking) => readMember(asking, watchdog));
      const { listing, read, why } = members;
      const total = listing.agents.length + listing.absent.size;
      const problems = read.flatMap((member) => [
        ...clusterProblems(member, total, memory, clock),
        ...watchdogProblems(member, options, memory),
        ...notificationProblems(member, memory, clock),
      ]);
      const missing = missingMembers(setup, members, memory.lasting, clock.now());
      memory.lasting.endRound();
      const readings = read.flatMap((member) => agesOf(member, clock));
      const { changes = [] } = listing;
      return { readings, problems: [...missing, ...problems], changes, ...(why === undefined ? {} : { why }) };
    },
    close: () => targets.close(),
  };
}

// ------------------------------------------------------------------------------------------------ the cluster

function clusterProblems({ place, cluster, metrics }: Member, total: number, { lasting }: Memory, clock: Clock) {
  const problems: string[] = [];
  const lasts = (what: string) => lasting.holds(`${what} ${place.name}`, clock.now(), unsettledMs);
  const { status, peers } = cluster;
  if (status === 'settling' && lasts('settling')) problems.push(`${place.name} does not settle into its cluster`);
  if (status === 'disabled' && total > 1)
    problems.push(`${place.name} is in no cluster: each of ${total} members sends every notification`);
  // peers holds the member itself
  if (status !== 'disabled' && peers.length < total && lasts('peers'))
    problems.push(`${place.name} sees ${peers.length} of ${total} members of its cluster`);
  const failed = metrics?.one('alertmanager_cluster_failed_peers') ?? 0;
  if (failed > 0 && peers.length >= total && lasts('failed'))
    problems.push(`${place.name} cannot reach ${failed} members of its cluster`);
  if (metrics?.one('alertmanager_config_last_reload_successful') === 0)
    problems.push(`${place.name} runs with an older configuration: it could not load the newest`);
  return problems;
}

// ------------------------------------------------------------------------------------------------ the Watchdog

function watchdogProblems(member: Member, { watchdog, receiver, clock }: AlertmanagerOptions, { lasting }: Memory) {
  const { place, watchdogs, silences } = member;
  if (watchdogs === undefined || watchdog === false) return [];
  if (watchdogs.length === 0) {
    const isLong = lasting.holds(`absent ${place.name}`, clock.now(), absentMs);
    return isLong
      ? [`${place.name} has no alert ${watchdog}: no Prometheus reaches it, or none has a rule that always fires`]
      : [];
  }
  const found = watchdogs.flatMap((alert) => swallowed(alert, silences, receiver));
  return [...new Set(found)].map((what) => `${place.name}: ${watchdog} ${what}`);
}

function swallowed(
  { status, receivers }: ShownAlert,
  silences: ReadonlyMap<string, Silence>,
  receiver: string | undefined,
): string[] {
  const problems = status.silencedBy.map((id) => `is silenced${bySilence(silences.get(id))}`);
  if (status.inhibitedBy.length > 0) problems.push('is inhibited by another alert');
  if (status.mutedBy.length > 0) problems.push(`is muted by the time interval ${said(status.mutedBy.join(', '), 80)}`);
  const names = receivers.map(({ name }) => name);
  if (receiver !== undefined && !names.includes(receiver))
    problems.push(`is routed to ${said(names.join(', ') || 'nobody', 80)} and not to ${receiver}`);
  return problems;
}

function bySilence(silence: Silence | undefined): string {
  return silence === undefined ? '' : ` by ${said(silence.createdBy, 60)} until ${said(silence.endsAt, 40)}`;
}

/** How long ago it came in, towards the moment at which it resolves because nobody sent it again. */
function agesOf({ place, watchdogs }: Member, clock: Clock): Reading[] {
  const [newest] = (watchdogs ?? []).toSorted((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt));
  if (newest === undefined) return [];
  const sentMs = Date.parse(newest.updatedAt);
  const limit = Math.max(1, (Date.parse(newest.endsAt) - sentMs) / 1000);
  return [
    {
      ...{ measure: 'watchdog-age', subject: place.name, unit: 'seconds', warnAt: limit * 0.75, limit },
      value: Math.max(0, (clock.wall() - sentMs) / 1000),
      limitName: 'the end of the alert that must always fire',
    },
  ];
}

// ------------------------------------------------------------------------------------------------ notifications

/** By integration; by receiver too where Alertmanager was started with --enable-feature=receiver-name-in-metrics. */
function notificationProblems({ place, metrics }: Member, { growth }: Memory, clock: Clock): string[] {
  if (metrics === undefined) return [];
  const recent = (name: string) => {
    const sums = new Map<string, number>();
    for (const { labels, value } of metrics.all(name)) {
      const key = said([labels.integration, labels.receiver_name].filter(Boolean).join(' '), 80);
      sums.set(key, (sums.get(key) ?? 0) + value);
    }
    return new Map(
      [...sums].map(([key, sum]) => [key, growth.grown(`${place.name} ${name} ${key}`, sum, clock.now())]),
    );
  };
  const tried = recent('alertmanager_notifications_total');
  return [...recent('alertmanager_notifications_failed_total')].flatMap(([key, failed]) => {
    const all = Math.max(failed, tried.get(key) ?? 0);
    if (failed === 0 || failed < all * failingShare) return [];
    return [`${place.name}: ${failed} of ${all} notifications by ${key} failed in the last 10 min`];
  });
}
