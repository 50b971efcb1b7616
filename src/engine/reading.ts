/** Health figures: their history, their forecast, and what is wrong with them. */
import { theilSen } from '../core/statistics.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { LogcanaryError } from '../lib/errors.ts';
import type { CheckResult, Reading } from '../probe.ts';
import type { Finding } from './finding.ts';
import type { CheckState, EngineState, PipelineState } from './state.ts';

/** Points kept per reading: Theil–Sen is quadratic. */
const historyLimit = 60;
/** A forecast this near pages (design §5). */
const pageBeforeMs = 4 * 3_600_000;
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
  const history = check.history.get(key) ?? { points: [] };
  check.history.set(key, history);
  const last = history.points.at(-1);
  if (last && reading.value < last.y - fallShare * reading.limit) history.points.length = 0;
  history.points.push({ x: now, y: reading.value });
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

/** Time until the limit by Theil–Sen with its 95 % interval; undefined without a rising trend. */
export function forecastOf(check: CheckState, reading: Reading): Forecast | undefined {
  const points = check.history.get(subjectKey(reading))?.points ?? [];
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
  if (hop && hop.looks.at(-1)?.coverage !== 'complete') return [];
  return [
    {
      kind: 'blind',
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
    const soon = forecast !== undefined && forecast.ms < pageBeforeMs;
    const over = reading.value >= reading.limit;
    const warn = reading.warnAt !== undefined && reading.value >= reading.warnAt;
    if (!soon && !over && !warn) continue;
    found.push({
      ...base,
      severity: soon || over ? 'critical' : 'warning',
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
