/** Health figures: their history, their forecast, and what is wrong with them. */
import { type Evidence, evidenceOf } from '../core/evidence.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { LogcanaryError } from '../lib/errors.ts';
import type { CheckResult, Reading } from '../probe.ts';
import { noteChanges } from './changes.ts';
import { isCutOff } from './cut-off.ts';
import { dropsTold, noteDrops } from './drops.ts';
import { type Finding, runbookOf } from './finding.ts';
import { type Forecast, forecastAgents, forecastOf, isNear, recentLimit, subjectKey } from './forecast.ts';
import { isBlind, isSilence } from './reason.ts';
import type { CheckState, EngineState, PipelineState } from './state.ts';
import { hangsOnInjector } from './unread.ts';

/** Points kept per reading: Theil–Sen is quadratic. */
const historyLimit = 60;
/** A forecast this near pages (design §5). */
const pageBeforeMs = 4 * 3_600_000;
/** A fall by more than this share of the limit is a deletion or a merge: what came before is no trend of now. */
const fallShare = 0.01;
const failuresBeforeFinding = 3;
/** A figure of a node that is gone is forgotten after this. */
const keepHistoryMs = 3_600_000;
/** Agents past their limit page when they are at least this share of all (design §5, severity by reach). */
const pageReach = 0.2;
/** Figures of agents that are written out; of more, the number. */
const agentsDescribed = 8;

export function onChecked(
  state: EngineState,
  check: CheckState,
  result: CheckResult | undefined,
  error: LogcanaryError | undefined,
): void {
  check.inFlight = false;
  if (!result || error) {
    check.failures += 1;
    check.lastError = error
      ? { reason: error.reason, message: error.message }
      : { reason: 'internal', message: 'no result' };
    return;
  }
  check.failures = 0;
  check.lastError = undefined;
  noteDrops(state, check, result);
  check.result = result;
  check.resultAt = state.now;
  noteChanges(check.pipeline.changes, result.changes ?? [], state.now);
  for (const reading of result.readings) remember(check, reading, Math.min(reading.asOf ?? state.now, state.now));
  for (const [key, { recent }] of check.history)
    if (state.now - (recent.at(-1)?.x ?? 0) > keepHistoryMs) check.history.delete(key);
  forecastAgents(check, result.readings);
}

function remember(check: CheckState, reading: Reading, at: EpochMs): void {
  const key = subjectKey(reading);
  const history = check.history.get(key) ?? { points: [], recent: [], overSince: undefined, forecast: undefined };
  check.history.set(key, history);
  const last = history.points.at(-1);
  // The figure of an earlier check again: the agent's turn has not come.
  if (reading.asOf !== undefined && last !== undefined && at <= last.x) return;
  history.overSince = isPast(reading) ? (history.overSince ?? at) : undefined;
  if (last && reading.value < last.y - fallShare * reading.limit) {
    history.points.length = 0;
    history.recent.length = 0;
  }
  history.points.push({ x: at, y: reading.value });
  history.recent.push({ x: at, y: reading.value });
  if (history.recent.length > recentLimit) history.recent.shift();
  // Thin out instead of sliding, so that the history reaches back far on few points.
  if (history.points.length > historyLimit)
    history.points.splice(1, history.points.length - 2, ...everySecond(history.points));
}

/** At or above its warning or its limit. */
function isPast({ value, limit, warnAt }: Reading): boolean {
  return value >= limit || (warnAt !== undefined && value >= warnAt);
}

function everySecond<T>(points: readonly T[]): T[] {
  return points.slice(1, -1).filter((_, i) => i % 2 === 1);
}

export function readingFindings(state: EngineState, pipeline: PipelineState): Finding[] {
  const found: Finding[] = [];
  for (const check of pipeline.checks) {
    if (check.failures >= failuresBeforeFinding) found.push(...lossesOf(check), ...unreadCheck(state, check));
    else if (check.result) found.push(...resultFindings(state, check, check.result));
    else found.push(...lossesOf(check));
  }
  return merge(found);
}

/** What follows from a result is the same until the next, and is asked for twice a second: of thousands of agents, too. */
const judged = new WeakMap<CheckResult, { readonly at: EpochMs; readonly findings: readonly Finding[] }>();

function resultFindings(state: EngineState, check: CheckState, result: CheckResult): readonly Finding[] {
  const known = judged.get(result);
  if (known?.at === check.resultAt) return known.findings;
  const findings = [...lossesOf(check), ...figures(state, check, result)];
  judged.set(result, { at: check.resultAt, findings });
  return findings;
}

/** The hop that a check belongs to is the one that talks to the same place; otherwise the check stands for itself. */
function placeOf(check: CheckState): string {
  return check.pipeline.hops.find((hop) => hop.target === check.target)?.spec.name ?? check.spec.name;
}

/** When a hop of the same target cannot be read either, its own incident says so already. */
function unreadCheck(state: EngineState, check: CheckState): Finding[] {
  const hop = check.pipeline.hops.find((each) => each.target === check.target);
  if (hop?.looks.slice(-failuresBeforeFinding).some((look) => look.coverage !== 'complete')) return [];
  if (isSilence(check.lastError?.reason) && isCutOff(state)) return [];
  if (check.through !== undefined && isToldElsewhere(state, check)) return [];
  const kind = check.through !== undefined || isBlind(check.lastError?.reason) ? 'blind' : 'unreadable';
  return [
    {
      kind,
      hop: check.spec.name,
      since: state.now,
      streams: [],
      totalStreams: 0,
      severity: 'warning',
      detail: [evidenceOf('figure-not-readable', { answer: check.lastError?.message ?? 'no answer' })],
      firstLook: runbookOf(check, kind),
    },
  ];
}

/** By an injector or a check before it that goes the same way. */
function isToldElsewhere(state: EngineState, check: CheckState): boolean {
  const { checks } = check.pipeline;
  const before = checks.slice(0, checks.indexOf(check));
  return (
    hangsOnInjector(check, state.now - check.spec.everyMs, check.nextAt - check.spec.everyMs) ||
    before.some(({ through, failures }) => through === check.through && failures >= failuresBeforeFinding)
  );
}

function lossesOf(check: CheckState): Finding[] {
  const told = dropsTold(check);
  return told ? [{ ...baseOf(check), severity: 'warning', since: told.since, detail: told.evidence }] : [];
}

function baseOf(check: CheckState): Omit<Finding, 'detail'> {
  return {
    kind: 'reading',
    hop: placeOf(check),
    since: check.resultAt,
    streams: [],
    totalStreams: 0,
    firstLook: runbookOf(check, 'reading'),
  };
}

function figures(state: EngineState, check: CheckState, result: CheckResult): Finding[] {
  const base = baseOf(check);
  const found: Finding[] = result.problems.map((problem) => {
    return { ...base, severity: 'warning', detail: [evidenceOf('problem', { problem })] };
  });
  const worth = result.readings.flatMap((reading) => judge(state, check, reading) ?? []);
  for (const { reading, critical, since, forecast } of worth) {
    if (reading.agent) continue;
    const severity = critical ? 'critical' : 'warning';
    found.push({ ...base, severity, since, detail: [describe(check, reading, forecast)] });
  }
  const agents = worth.filter(({ reading }) => reading.agent);
  return agents.length === 0 ? found : [...found, agentsFinding(check, result, agents)];
}

/** A figure that is worth a finding. */
interface Judged {
  readonly reading: Reading;
  readonly over: boolean;
  /** Worth a page by itself. */
  readonly critical: boolean;
  readonly since: EpochMs;
  readonly forecast: Forecast | undefined;
}

function judge(state: EngineState, check: CheckState, reading: Reading): Judged | undefined {
  const near = isNear(reading);
  if (!near && !isPast(reading)) return undefined;
  const history = check.history.get(subjectKey(reading));
  const forecast = near ? forecastOf(check, reading) : undefined;
  const soon = forecast !== undefined && forecast.ms < pageBeforeMs;
  const overSince = history?.overSince;
  const lasted = (history?.recent.at(-1)?.x ?? 0) - (overSince ?? state.now) >= (reading.lastingMs ?? 0);
  const past = overSince !== undefined && lasted;
  if (!soon && !past) return undefined;
  const over = past && reading.value >= reading.limit;
  // A page needs the whole interval before the four hours.
  const critical = over || (soon && (forecast.hiMs ?? Number.POSITIVE_INFINITY) < pageBeforeMs);
  const since = Math.min(history?.points[0]?.x ?? state.now, state.now);
  return { reading, over, critical, since, forecast };
}

/** Many agents are one finding. A page when those at their limit are many: one full buffer is that node's trouble. */
function agentsFinding(check: CheckState, result: CheckResult, judged: readonly Judged[]): Finding {
  const namesOf = (readings: readonly Reading[]) => new Set(readings.map(({ agent }) => agent?.name)).size;
  const over = namesOf(judged.filter((each) => each.over).map(({ reading }) => reading));
  const wide = over > 0 && over >= pageReach * namesOf(result.readings);
  const share = ({ reading }: Judged) => reading.value / reading.limit;
  const worst = judged.toSorted((a, b) => share(b) - share(a)).slice(0, agentsDescribed);
  const more = judged.length - worst.length;
  const told = worst.map(({ reading, forecast }) => describe(check, reading, forecast));
  return {
    ...baseOf(check),
    severity: wide ? 'critical' : 'warning',
    since: Math.min(...judged.map(({ since }) => since)),
    detail: more > 0 ? [...told, evidenceOf('figures-more', { more })] : told,
  };
}

function describe(check: CheckState, reading: Reading, forecast: Forecast | undefined): Evidence {
  const figure = `${check.spec.kind}${reading.subject === undefined ? '' : ` ${reading.subject}`}`;
  const values = { figure, used: reading.value / (reading.capacity ?? reading.limit), limit: reading.limitName };
  if (reading.value >= reading.limit) return evidenceOf('figure-over', values);
  if (!forecast) return evidenceOf('figure-near', values);
  const ahead = { ...values, left: forecast.ms, earliest: forecast.loMs };
  return forecast.hiMs === undefined
    ? evidenceOf('figure-perhaps-soon', ahead)
    : evidenceOf('figure-soon', { ...ahead, latest: forecast.hiMs });
}

/** One incident per place: its figures are told together, worst first. */
function merge(findings: readonly Finding[]): Finding[] {
  const merged = new Map<string, Finding>();
  const worstFirst = [...findings].sort(
    (a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'),
  );
  for (const finding of worstFirst) {
    const key = `${finding.kind} ${finding.hop}`;
    const first = merged.get(key);
    const shown = first
      ? { ...first, detail: [...first.detail, ...finding.detail], since: Math.min(first.since, finding.since) }
      : finding;
    merged.set(key, shown);
  }
  return [...merged.values()];
}
