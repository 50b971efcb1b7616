/** What a stop will run into if it lasts: a disk that fills meanwhile, a stream that forgets what nobody has read. */
import type { IncidentFacts, IncidentKind, Runway } from '../core/incident.ts';
import { forecastOf } from './forecast.ts';
import { flowKinds } from './incident-place.ts';
import type { EngineState, PipelineState } from './state.ts';

/** Nobody plans a night by what is further off, ms. */
const farthestMs = 48 * 3_600_000;
const told = 2;

/** The pipeline's soonest forecasts, for incidents of the flow; of others the evidence says it. */
export function runwayOf(
  state: EngineState,
  { checks }: PipelineState,
  kind: IncidentKind,
): Pick<IncidentFacts, 'runway'> {
  if (!flowKinds.has(kind)) return {};
  const ahead = checks.flatMap((check): Runway[] => {
    if (!check.result || check.failures > 0) return [];
    return check.result.readings.flatMap((reading): Runway[] => {
      const forecast = forecastOf(check, reading);
      if (!forecast || forecast.ms > farthestMs) return [];
      const { ms, loMs, hiMs } = forecast;
      const at = (left: number) => Math.round(check.resultAt + left);
      const figure = [check.spec.kind, reading.subject].filter((part) => part !== undefined).join(' ');
      const limit = reading.limitName;
      const latest = hiMs === undefined || hiMs > 2 * farthestMs ? {} : { latest: at(hiMs) };
      // what is due already is told by its own incident
      if (at(ms) <= state.now) return [];
      return [{ what: `${figure}: ${limit}`, figure, limit, at: at(ms), earliest: at(loMs), ...latest }];
    });
  });
  const soonest = ahead.toSorted((a, b) => a.at - b.at).slice(0, told);
  return soonest.length === 0 ? {} : { runway: soonest };
}
