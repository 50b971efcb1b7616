/** Health figures: their history, their forecast, and what is wrong with them. */
import { theilSen } from '../core/statistics.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { LogcanaryError } from '../lib/errors.ts';
import type { CheckResult, Reading } from '../probe.ts';
import type { Finding } from './finding.ts';
import { isBlind } from './reason.ts';
import type { CheckState, EngineState, PipelineState } from './state.ts';

/** Points kept per reading: Theil–Sen is quadratic. */
const historyLimit = 60;
/** The latest readings, not thinned out: what began just now shows in them first. */
const recentLimit = 8;
/** A forecast this near pages (design §5). */
const pageBeforeMs = 4 * 3_600_000;
/** Below this share of the limit a fast rise still has room, and is as often a merge or a burst: no finding yet. */
const forecastFrom = 0.7;
/** A fall by more than this share of the limit is a deletion or a merge: what came before is no trend of now. */
const fallShare = 0.01;
const failuresBeforeFinding = 3;

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
  check.result = result;
  check.resultAt = state.now;
  for (const reading of result.readings) remember(check, reading, state.now);
}

export function subjectKey(reading: Reading): string {
  return JSON.stringify([reading.measure, reading.subject ?? '']);
}

function remember(check: CheckState, reading: Reading, now: EpochMs): void {
  const key = subjectKey(reading);
  const history = check.history.get(key) ?? { points: [], recent: [] };
  check.history.set(key, history);
  const last = history.points.at(-1);
  if (last && reading.value < last.y - fallShare * reading.limit) {
    history.points.length = 0;
    history.recent.length = 0;
  }
  history.points.push({ x: now, y: reading.value });
  history.recent.push({ x: now, y: reading.value });
  if (history.recent.length > recentLimit) history.recent.shift();
  // Thin out instead of sliding, so that the history reaches back far on few points.
  if (history.points.length > historyLimit)
    history.points.splice(1, history.points.length - 2, ...everySecond(history.points));
}

function everySecond<T>(points: readonly T[]): T[] {
  return points.slice(1, -1).filter((_, i) => i % 2 === 1);
}

export interface Forecast {
  readonly ms: number;
  readonly loMs: number;
  readonly hiMs?: number;
}

/**
 * Time until the limit by Theil–Sen with its 95 % interval: of the latest readings or of the whole history, whichever is
 * sooner. Undefined without a rising trend.
 */
export function forecastOf(check: CheckState, reading: Reading): Forecast | undefined {
  const history = check.history.get(subjectKey(reading));
  const recent = history?.recent.length === recentLimit ? forecastBy(history.recent, reading) : undefined;
  const long = forecastBy(history?.points ?? [], reading);
  if (recent && long) return recent.ms < long.ms ? recent : long;
  return recent ?? long;
}

function forecastBy(points: readonly { x: EpochMs; y: number }[], reading: Reading): Forecast | undefined {
  const trend = theilSen(points);
  const left = reading.limit - reading.value;
  if (!trend || trend.lo <= 0 || left <= 0) return undefined;
  return { ms: left / trend.slope, loMs: left / trend.hi, hiMs: left / trend.lo };
}

export function readingFindings(state: EngineState, pipeline: PipelineState): Finding[] {
  const found: Finding[] = [];
  for (const check of pipeline.checks) {
    if (check.failures >= failuresBeforeFinding) found.push(...unreadCheck(state, check));
    else if (check.result) found.push(...figures(state, check, check.result));
  }
  return merge(found);
}

/** The hop that a check belongs to is the one that talks to the same place; otherwise the check stands for itself. */
function placeOf(check: CheckState): string {
  return check.pipeline.hops.find((hop) => hop.target === check.target)?.spec.name ?? check.spec.name;
}

/** When a hop of the same target cannot be read either, its own incident says so already. */
function unreadCheck(state: EngineState, check: CheckState): Finding[] {
  const hop = check.pipeline.hops.find((each) => each.target === check.target);
  if (hop?.looks.slice(-failuresBeforeFinding).some((look) => look.coverage !== 'complete')) return [];
  return [
    {
      kind: isBlind(check.lastError?.reason) ? 'blind' : 'unreadable',
      hop: check.spec.name,
      since: state.now,
      streams: [],
      totalStreams: 0,
      severity: 'warning',
      detail: `We cannot read this figure: ${check.lastError?.message ?? 'no answer'}`,
      firstLook: runbook(check),
    },
  ];
}

function figures(state: EngineState, check: CheckState, result: CheckResult): Finding[] {
  const base = {
    kind: 'reading' as const,
    hop: placeOf(check),
    since: check.resultAt,
    streams: [],
    totalStreams: 0,
    firstLook: runbook(check),
  };
  const found: Finding[] = result.problems.map((problem) => ({
    ...base,
    severity: 'warning' as const,
    detail: `${problem}.`,
  }));
  for (const reading of result.readings) {
    const forecast = forecastOf(check, reading);
    const near = reading.value >= forecastFrom * reading.limit;
    const soon = near && forecast !== undefined && forecast.ms < pageBeforeMs;
    const over = reading.value >= reading.limit;
    const warn = reading.warnAt !== undefined && reading.value >= reading.warnAt;
    if (!soon && !over && !warn) continue;
    found.push({
      ...base,
      // A page needs the whole interval before the four hours.
      severity: over || (soon && (forecast?.hiMs ?? Number.POSITIVE_INFINITY) < pageBeforeMs) ? 'critical' : 'warning',
      since: Math.min(check.history.get(subjectKey(reading))?.points[0]?.x ?? state.now, state.now),
      detail: describe(check, reading, forecast),
    });
  }
  return found;
}

function describe(check: CheckState, reading: Reading, forecast: Forecast | undefined): string {
  const share = Math.floor((reading.value / (reading.capacity ?? reading.limit)) * 1000) / 10;
  const what = `${check.spec.kind}${reading.subject === undefined ? '' : ` ${reading.subject}`}: ${share} %`;
  if (reading.value >= reading.limit) return `${what}, at or past ${reading.limitName}.`;
  if (!forecast) return `${what}; ${reading.limitName} is the limit.`;
  const range =
    forecast.hiMs === undefined
      ? `at the earliest ${span(forecast.loMs)}`
      : `${span(forecast.loMs)} to ${span(forecast.hiMs)}`;
  return `${what}; ${reading.limitName} in about ${span(forecast.ms)} (${range}) if it goes on like this.`;
}

function span(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

function runbook(check: CheckState): string[] {
  return check.runbook.reading === undefined ? [] : [check.runbook.reading];
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
      ? { ...first, detail: `${first.detail} ${finding.detail}`, since: Math.min(first.since, finding.since) }
      : finding;
    merged.set(key, shown);
  }
  return [...merged.values()];
}
