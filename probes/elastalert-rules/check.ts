/**
 * Rules that do not work although nobody was told: ElastAlert disables a rule after one exception, skips what it cannot load,
 * and a rule whose index does not exist runs without ever finding anything.
 */
import { type CheckResult, type Clock, type EpochMs, ProbeError, type Reading } from '../../src/probe.ts';
import { grouped, named } from '../agents/named.ts';
import { said } from '../agents/said.ts';
import { errorKind, isBreaking, isDisabling, isLoading, nameIn } from './error-kind.ts';
import { type RuleError, type RuleRuns, readWriteback, type Writeback, type WritebackOptions } from './writeback.ts';

export interface ElastalertOptions extends WritebackOptions {
  readonly clock: Clock;
  /** Rules that must run; undefined: all that ran within the window. */
  readonly rules: readonly string[] | undefined;
  /** A rule that did not run for so long is silent, ms; undefined: three of its periods, at least `leastAgeMs`. */
  readonly maxAgeMs: number | undefined;
}

/** `run_every` as it is shipped is a minute; ElastAlert's own start takes as long. */
const leastAgeMs = 5 * 60_000;
const silentPeriods = 3;
/** When no rule at all has run for so many periods (and this long), nothing alerts any more. */
const stoppedPeriods = 10;
const stoppedLeastMs = 30 * 60_000;
/** Errors of a rule that runs all the same (an alert that is not accepted) are told from so many an hour on, while they go on. */
const toldErrors = 3;

export async function checkElastalert(options: ElastalertOptions, signal: AbortSignal): Promise<CheckResult> {
  const found = await readWriteback(options, signal);
  const now = options.clock.wall();
  if (
    found.runs.size === 0 &&
    options.rules === undefined &&
    options.canaryRules.length === 0 &&
    found.errors.length === 0
  )
    return { readings: [], problems: [], why: neverRan(options) };
  const ages = agesOf(found, options, now);
  const problems = [
    ...groupedProblems(judgedRules(found, options), (rule) => ruleProblem(rule, found, options, now)),
    ...groupedProblems(options.canaryRules, (rule) => canaryProblem(rule, found, options, now)),
    ...loadProblems(found),
    ...(found.unsent > 0 ? [`elastalert: ${found.unsent} alerts could not be sent for more than 5 min`] : []),
  ];
  return { readings: ages, problems };
}

/** One sentence for all rules of which the same is said. */
function groupedProblems(rules: readonly string[], problemOf: (rule: string) => string | undefined): string[] {
  const each = rules.flatMap((rule) => {
    const what = problemOf(rule);
    return what === undefined ? [] : [{ name: said(rule, 80), what }];
  });
  return grouped(each).map(({ what, names }) => `elastalert rules ${what}: ${named(names)}`);
}

function judgedRules({ runs, errors }: Writeback, { rules, canaryRules }: ElastalertOptions): string[] {
  if (rules !== undefined) return [...new Set([...rules, ...canaryRules])];
  // a rule that failed from its first run on has errors only
  const failed = errors.flatMap((error) => (isLoading(error.message) ? [] : (ruleOf(error) ?? [])));
  return [...new Set([...runs.keys(), ...canaryRules, ...failed])];
}

function ruleOf({ rule, message }: RuleError): string | undefined {
  // a silence is looked up under a name made of the rule's
  return (rule ?? nameIn(message))?.replace(/\._silence$/, '');
}

// ------------------------------------------------------------------------------------------------ one rule

function ruleProblem(rule: string, found: Writeback, options: ElastalertOptions, now: EpochMs): string | undefined {
  const runs = found.runs.get(rule);
  const errors = found.errors.filter((error) => ruleOf(error) === rule && !isLoading(error.message));
  // its document is written after the run, an error during it
  const after = errors.filter(({ at, message }) => at > (runs?.lastAt ?? 0) && isBreaking(message));
  const disabling = after.find(({ message }) => isDisabling(message));
  if (disabling !== undefined) return `disabled by ElastAlert (${errorKind(disabling.message)})`;
  const [newest] = after;
  if (newest !== undefined && isStillFailing(after, runs, options, now))
    return `not getting through a run any more (${errorKind(newest.message)})`;
  if (runs === undefined) return 'not run lately (disabled, removed, or never loaded)';
  if (isSilent(runs, options, now) && !isAllSilent(found, options, now))
    return 'not running any more while others do (disabled, removed, or stuck)';
  const [last] = errors;
  if (last !== undefined && errors.length >= toldErrors && now - last.at <= patienceOf(runs, options))
    return `running with errors (${errorKind(last.message)})`;
  return isOverrun(runs) ? 'slower than the time between two runs, so falling behind' : undefined;
}

/** It tried again lately; one error alone is for the next run to put right. An error long ago says nothing of a rule that is off now. */
function isStillFailing(
  after: readonly RuleError[],
  runs: RuleRuns | undefined,
  options: ElastalertOptions,
  now: EpochMs,
): boolean {
  const [newest] = after;
  if (newest === undefined || now - newest.at > patienceOf(runs, options)) return false;
  return runs === undefined || after.length > 1 || isSilent(runs, options, now);
}

function isSilent(runs: RuleRuns, options: ElastalertOptions, now: EpochMs): boolean {
  return now - runs.lastAt > patienceOf(runs, options);
}

function patienceOf(runs: RuleRuns | undefined, { maxAgeMs }: ElastalertOptions): number {
  return maxAgeMs ?? patienceMs(runs, silentPeriods, leastAgeMs);
}

function patienceMs(runs: RuleRuns | undefined, periods: number, leastMs: number): number {
  return Math.max(periods * (runs?.periodMs ?? 0), leastMs);
}

function isAllSilent({ runs }: Writeback, options: ElastalertOptions, now: EpochMs): boolean {
  return [...runs.values()].every((each) => isSilent(each, options, now));
}

function isOverrun({ tookS, periodMs }: RuleRuns): boolean {
  return periodMs !== undefined && tookS * 1000 > periodMs;
}

/** A canary rule runs over lines that always come: it must find some, and be let to tell. */
function canaryProblem(rule: string, { runs, silences }: Writeback, options: ElastalertOptions, now: EpochMs) {
  if ((silences.get(rule) ?? 0) > now) return 'silenced, so that no canary comes back';
  const seen = runs.get(rule);
  if (seen === undefined || isSilent(seen, options, now) || seen.recent.runs < 2 || seen.recent.hits > 0)
    return undefined;
  return 'running without finding a canary (see index and filter)';
}

/** Of files, which say nothing of the rule's name. A rule that ran before also shows as silent. */
function loadProblems({ errors }: Writeback): string[] {
  const files = errors.filter(({ message }) => isLoading(message)).map(({ message }) => fileOf(nameIn(message)));
  return files.length === 0 ? [] : [`elastalert: could not load ${named([...new Set(files)])}`];
}

function fileOf(path = ''): string {
  return said(path.split('/').at(-1) || 'a rule', 80);
}

// ------------------------------------------------------------------------------------------------ all of them

/** Of the rule that ran last: while ElastAlert lives, one of them has just run. */
function agesOf({ runs }: Writeback, options: ElastalertOptions, now: EpochMs): Reading[] {
  const [newest] = [...runs.values()].toSorted((a, b) => b.lastAt - a.lastAt);
  if (newest === undefined) return [];
  const warnMs = patienceOf(newest, options);
  return [
    {
      ...{ measure: 'run-age', unit: 'seconds', value: Math.max(0, (now - newest.lastAt) / 1000) },
      ...{ warnAt: warnMs / 1000, limitName: 'ten periods without any rule having run' },
      limit: Math.max(patienceMs(newest, stoppedPeriods, stoppedLeastMs), warnMs) / 1000,
    },
  ];
}

function neverRan({ index, windowMs }: ElastalertOptions): ProbeError {
  const hours = Math.round(windowMs / 3_600_000);
  const message = `Cannot tell whether rules run: "${index}" has no run of the last ${hours} h. See whether ElastAlert runs and may write there, and set index to its writeback_index and a star.`;
  return new ProbeError(message, { reason: 'partial', retryable: true });
}
