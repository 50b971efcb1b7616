/**
 * What a pipeline can notice, and how fast: worst cases from its periods and deadlines, by the formulas of the project's
 * facts sheet on paging, §7 ("Detection maths"): k misses in a row, period T, deadline D, poll P.
 */
import { meanTimeToTell } from '../core/burn.ts';
import type { HopSpec, PipelineSpec } from '../core/pipeline.ts';
import { binomialAtLeast } from '../core/poisson.ts';

/** Canaries of a stream that must be overdue before the flow counts as stopped (design §5). */
const missesInARow = 2;
/** Losses before the flow counts as lossy (design §5). */
const lossesToAlert = 3;
/** A late canary counts as lost once so many younger ones of its stream arrived (design §5). */
const overtakenBy = 20;
/** Probability with which what is said here is noticed. */
const power = 0.95;

export interface Detectable {
  readonly hop: string;
  /** Streams whose canaries are expected here. */
  readonly streams: number;
  /** Shortest and longest period of a stream, as seen here: a sampled hop sees fewer. */
  readonly everyMs: { readonly shortest: number; readonly longest: number };
  /** Worst time from a total stop to its incident: kT + D + P, with the longest period. */
  readonly stoppedMs: number;
  /** Time until a loss at the budget has cost one canary, with 95 %. */
  readonly budgetShowsMs: number;
  /** Time until such a loss is told, on average; undefined where it is too rare for the three days that are remembered. */
  readonly budgetToldMs: number | undefined;
  /** The same for a loss of ten times the budget. */
  readonly tenfoldToldMs: number | undefined;
  /** Canaries in one loss window. */
  readonly perWindow: number;
  /** Smallest share of losses that raises an alert within one window, with 95 %; undefined when no loss can. */
  readonly windowShows: number | undefined;
}

/** For each hop. `streams` counts an injector's streams; absent, each injector counts as one. */
export function detectable(pipeline: PipelineSpec, streams: (injector: string) => number = () => 1): Detectable[] {
  return pipeline.hops.map((hop) => {
    const reaching = pipeline.inject.filter(
      (inject) => inject.enters === undefined || passes(hop, inject.enters, pipeline),
    );
    const sampled = hop.sample.take / hop.sample.of;
    const perMs = reaching.reduce((sum, { name, everyMs }) => sum + streams(name) / everyMs, 0) * sampled;
    const periods = reaching.map((inject) => inject.everyMs / sampled);
    const everyMs = { shortest: Math.min(...periods), longest: Math.max(...periods) };
    const perWindow = Math.floor(perMs * pipeline.loss.windowMs);
    const decidedMs = hop.withinMs + hop.pollMs + overtakenBy * everyMs.longest;
    const told = (times: number) => {
      const meanMs = meanTimeToTell(times * pipeline.loss.budget, pipeline.loss.budget, perMs);
      return meanMs === undefined ? undefined : meanMs + decidedMs;
    };
    return {
      hop: hop.name,
      streams: reaching.reduce((sum, { name }) => sum + streams(name), 0),
      everyMs,
      stoppedMs: missesInARow * everyMs.longest + hop.withinMs + hop.pollMs,
      budgetShowsMs: canariesFor(1, pipeline.loss.budget) / perMs,
      budgetToldMs: told(1),
      tenfoldToldMs: told(10),
      perWindow,
      windowShows: smallestLoss(perWindow),
    };
  });
}

function passes(hop: HopSpec, entry: string, pipeline: PipelineSpec): boolean {
  if (hop.name === entry) return true;
  const parent = pipeline.hops.find((other) => other.name === hop.after);
  return parent !== undefined && passes(parent, entry, pipeline);
}

/**
 * Canaries until a loss of share `p` has cost at least `losses` of them, with 95 %: exact binomial; for one loss it is
 * ceil(ln 0.05 / ln(1 − p)), the rule of three's 3/p. 0.1 %: 2995 for one, 6294 for three.
 */
export function canariesFor(losses: number, p: number): number {
  let low = losses;
  let high = losses;
  while (binomialAtLeast(losses, high, p) < power) high *= 2;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (binomialAtLeast(losses, middle, p) >= power) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The smallest share of losses of which `n` canaries show the three that an alert needs, with 95 %. */
function smallestLoss(n: number): number | undefined {
  if (n < lossesToAlert) return undefined;
  let low = 0;
  let high = 1;
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (binomialAtLeast(lossesToAlert, n, middle) >= power) high = middle;
    else low = middle;
  }
  return high;
}
