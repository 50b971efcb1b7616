/** What the target of a look answered, for a title: errors of probes read `Cannot search "x": 503 from https://es:9200. …`. */
import type { IncidentFacts } from '../core/incident.ts';
import { short } from './plain-text.ts';

/** `silent`: no answer came. `place` is `host:port`, as far as the error names it. */
export interface Answered {
  readonly status?: number;
  readonly silent: boolean;
  readonly place: string;
}

/** Code points of a place in a title. */
const placeLimit = 24;

/** Undefined where nothing is known of an answer; `place` is empty where only that is not. */
export function answered({ evidence = [] }: IncidentFacts): Answered | undefined {
  const answer = evidence.map(({ values }) => values.answer).find((each) => typeof each === 'string');
  if (answer === undefined) return undefined;
  const status = /: ([1-5]\d\d)\b/.exec(answer)?.[1];
  const silent = status === undefined && answer.includes('no answer');
  const place = / from (?:https?:\/\/)?([\w.:[\]-]*\w)/.exec(answer)?.[1] ?? '';
  if (status === undefined && !silent) return undefined;
  return { ...(status !== undefined && { status: Number(status) }), silent, place: short(place, placeLimit) };
}

/** It knows us, or not, and does not let us look. */
export function isRefusal({ status }: Answered): boolean {
  return status === 401 || status === 403;
}
