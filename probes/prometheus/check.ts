/**
 * What is wrong with a Prometheus, or with several that are alike: rules that fail or lag, nobody to send alerts to, and
 * whether it scrapes us.
 */
import type { Check, CheckResult, Clock, Reading } from '../../src/probe.ts';
import type { AgentTargets } from '../agents/agent-targets.ts';
import type { Setup } from '../agents/answer.ts';
import { missingMembers, readMembers } from '../agents/each-member.ts';
import { createLasting } from '../agents/lasting.ts';
import { named } from '../agents/named.ts';
import { createRecentGrowth } from '../agents/recent-growth.ts';
import { said } from '../agents/said.ts';
import { type PrometheusMember, type RuleGroup, readPrometheus } from './member.ts';
import { type Memory, remoteWrite } from './remote-write.ts';

/** A rule may fail, or a group be late, for as many of its intervals: the next evaluation puts most of it right. */
const patientIntervals = 3;
/** After so many intervals, and this many s, alerts that wait for `for` start anew: nothing is evaluated any more. */
const lagLimit = { intervals: 10, leastS: 300 };
const lagWarning = { intervals: patientIntervals, leastS: 60 };
/** A start takes so long until targets are found and scraped and Alertmanagers are discovered, ms. */
const foundMs = 2 * 60_000;
/** Over how long errors are counted, ms. Alerts are sent anew every minute while they fire. */
export const errorWindowMs = 10 * 60_000;
/** One or two are an Alertmanager that was restarted. */
const toldErrors = 3;
/** Where none came for so long, ms, alerts get through again. */
const overMs = 2 * 60_000;
/** Failing rules that are named with what they failed of; of more, the names. */
const explained = 3;

export interface PrometheusOptions {
  readonly setup: Setup;
  readonly clock: Clock;
  readonly targets: AgentTargets;
  /** The job under which logcanary itself is scraped; false: it is not. */
  readonly job: string | false;
  /** At least so many Alertmanagers must be there to be sent to. */
  readonly alertmanagers: number;
}

export function createPrometheusCheck(options: PrometheusOptions): Check {
  const { setup, targets, job, clock } = options;
  const memory = {
    lasting: createLasting(),
    growth: createRecentGrowth(errorWindowMs),
    lately: createRecentGrowth(overMs),
  };
  return {
    async check({ signal }): Promise<CheckResult> {
      const members = await readMembers(targets, setup, signal, (asking) => readPrometheus(asking, job));
      const { listing, read, why } = members;
      const problems = missingMembers(setup, members, memory.lasting, clock.now());
      const readings: Reading[] = [];
      for (const member of read) {
        problems.push(...ruleProblems(member, memory, clock), ...ownProblems(member, options, memory));
        problems.push(...sendingProblems(member, options, memory));
        const remote = remoteWrite(member, memory, clock);
        problems.push(...remote.problems);
        readings.push(...lagOf(member, clock), ...remote.readings);
      }
      memory.lasting.endRound();
      const { changes = [] } = listing;
      return { readings, problems, changes, ...(why === undefined ? {} : { why }) };
    },
    close: () => targets.close(),
  };
}

// ------------------------------------------------------------------------------------------------ rules

function ruleProblems({ place, groups, metrics }: PrometheusMember, { lasting }: Memory, clock: Clock): string[] {
  const lasts = (what: string, { interval }: RuleGroup) =>
    lasting.holds(`${place.name} ${what}`, clock.now(), patientIntervals * interval * 1000);
  const failing = groups.flatMap((group) =>
    group.rules
      .filter(({ health, name }) => health === 'err' && lasts(`rule ${group.name}/${name}`, group))
      .map(({ name, lastError }) => ({ name: said(name, 80), error: said(lastError) })),
  );
  const slow = groups.filter((group) => group.evaluationTime > group.interval && lasts(`slow ${group.name}`, group));
  const problems = failing
    .slice(0, explained)
    .map(({ name, error }) => `${place.name}: rule ${name} cannot be evaluated: ${error}`);
  const more = failing.slice(explained).map(({ name }) => name);
  if (more.length > 0) problems.push(`${place.name}: ${more.length} more rules fail: ${named(more)}`);
  for (const { name, evaluationTime, interval } of slow)
    problems.push(
      `${place.name}: rule group ${said(name, 80)} takes ${Math.round(evaluationTime)} s of its ${interval} s, so evaluations are left out`,
    );
  if (metrics?.one('prometheus_config_last_reload_successful') === 0)
    problems.push(`${place.name} runs with an older configuration: it could not load the newest`);
  return problems;
}

/** Of the group that is furthest behind, by its own interval. */
function lagOf({ place, groups }: PrometheusMember, clock: Clock): Reading[] {
  const lags = groups.flatMap(({ interval, lastEvaluation }): Reading[] => {
    const at = Date.parse(lastEvaluation);
    // before its first evaluation there is no figure
    if (!(at > 0)) return [];
    const within = ({ intervals, leastS }: typeof lagLimit) => Math.max(intervals * interval, leastS);
    return [
      {
        ...{ measure: 'rule-lag', subject: place.name, unit: 'seconds' },
        value: Math.max(0, (clock.wall() - at) / 1000),
        ...{ limit: within(lagLimit), warnAt: within(lagWarning), limitName: 'ten evaluations of its rules left out' },
      },
    ];
  });
  return lags.toSorted((a, b) => b.value / b.limit - a.value / a.limit).slice(0, 1);
}

// ------------------------------------------------------------------------------------------------ whom it knows

function ownProblems(
  { place, own }: PrometheusMember,
  { job, clock }: PrometheusOptions,
  { lasting }: Memory,
): string[] {
  if (own === undefined) return [];
  const lasts = (what: string) => lasting.holds(`${place.name} ${what}`, clock.now(), foundMs);
  if (own.length === 0)
    return lasts('no target') ? [`${place.name} does not scrape logcanary: it has no target of job ${job}`] : [];
  const down = own
    .filter(({ isUp, instance }) => !isUp && lasts(`down ${instance}`))
    .map(({ instance }) => said(instance, 80));
  return down.length === 0 ? [] : [`${place.name} cannot scrape logcanary at ${named(down)}`];
}

function sendingProblems(
  { place, alertmanagers, metrics }: PrometheusMember,
  { alertmanagers: wanted, clock }: PrometheusOptions,
  { lasting, growth, lately }: Memory,
): string[] {
  const problems: string[] = [];
  if (alertmanagers < wanted && lasting.holds(`${place.name} senders`, clock.now(), foundMs))
    problems.push(
      alertmanagers === 0
        ? `${place.name} has no Alertmanager to send alerts to`
        : `${place.name} has ${alertmanagers} of ${wanted} Alertmanagers to send alerts to`,
    );
  const errors = metrics?.by('prometheus_notifications_errors_total', 'alertmanager') ?? new Map<string, number>();
  for (const [url, total] of errors) {
    const key = `${place.name} errors ${url}`;
    const failed = growth.grown(key, total, clock.now());
    const still = lately.grown(key, total, clock.now());
    if (failed >= toldErrors && still > 0)
      problems.push(`${place.name} could not send alerts to ${hostOf(url)}: ${failed} errors in the last 10 min`);
  }
  return problems;
}

/** Without its path, which a proxy may take for a password. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? 'an Alertmanager';
}
