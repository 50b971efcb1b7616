/**
 * Tests that judge each canary as it is settled, with a known rate of false alarms: Wald's SPRT (1945) and the CUSUM of single
 * trials (Page 1954; Reynolds and Stoumbos 1999). Vectors: the project's facts sheet on paging, §7.
 */

/** Shares of losses: what is healthy, and what is to be noticed. */
export interface LossRates {
  readonly healthy: number;
  readonly bad: number;
}

export interface Sprt {
  /** Added for each loss, and for each canary that arrived. */
  readonly loss: number;
  readonly arrived: number;
  /** At or above it: bad. At or below `accept`: healthy, and it begins anew. */
  readonly alarm: number;
  readonly accept: number;
}

/** @param alpha how often healthy is called bad. @param beta how often bad is called healthy. */
export function sprt({ healthy, bad }: LossRates, alpha: number, beta: number): Sprt {
  return {
    loss: Math.log(bad / healthy),
    arrived: Math.log((1 - bad) / (1 - healthy)),
    alarm: Math.log((1 - beta) / alpha),
    accept: Math.log(beta / (1 - alpha)),
  };
}

/** So many arrived canaries undo one loss: the CUSUM's reference value 1/m. 0.01 % against 0.1 %: 2558. */
export function arrivalsPerLoss({ healthy, bad }: LossRates): number {
  const loss = Math.log((bad * (1 - healthy)) / (healthy * (1 - bad)));
  return Math.round(loss / Math.log((1 - healthy) / (1 - bad)));
}

/** The CUSUM after `arrived` more canaries arrived and then one was lost: S = max(0, S + x − 1/m). */
export function cusumAfterLoss(sum: number, arrived: number, perLoss: number): number {
  return Math.max(0, sum - arrived / perLoss) + 1 - 1 / perLoss;
}

/** Chains are solved up to this many states a loss: rarer losses only take longer, in proportion. */
const mostStates = 3_000;

/**
 * How many canaries pass on average until the CUSUM, from 0, is at `threshold` (whole losses), where a share `p` of them is lost:
 * exact, by the Markov chain of its states. 0.01 % lost, m = 2558: 3.28e6 to 3, 3.14e7 to 4; 0.1 % lost: 4880 and 6488.
 */
export function meanRunLength(p: number, perLoss: number, threshold: number): number {
  if (perLoss <= mostStates) return solveChain(p, perLoss, threshold);
  const scale = perLoss / mostStates;
  return solveChain(Math.min(1, p * scale), mostStates, threshold) * scale;
}

/**
 * E[s] = 1 + p E[s + m − 1] + (1 − p) E[max(0, s − 1)] for s = 0 … Hm − 1. A loss moves up by a whole stretch of m − 1 states, so with
 * the last state of each stretch for an unknown, everything follows from above downwards; that leaves one equation a stretch.
 */
function solveChain(p: number, perLoss: number, threshold: number): number {
  const states = threshold * perLoss;
  const up = Math.max(1, perLoss - 1);
  const stretches = Math.ceil(states / up);
  const equations: number[][] = [];
  let above: Float64Array[] = [];
  for (let stretch = stretches - 1; stretch >= 0; stretch--) {
    const here: Float64Array[] = [];
    const length = Math.min(up, states - stretch * up);
    for (let at = 0; at < length; at++) {
      const lower = at > 0 ? here[at - 1] : stretch === 0 ? undefined : unknown(stretch, stretches);
      here.push(combine(p, stretches, above[at], lower));
    }
    above = here;
    if (length === up && stretch < stretches - 1)
      equations.unshift(equationOf(here[up - 1] as Float64Array, stretch + 1));
  }
  const first = above[0] as Float64Array;
  const solved = solveLinear(equations);
  return solved.reduce((sum, value, at) => sum + value * (first[at + 1] ?? 0), first[0] ?? 0);
}

/** [1, unknowns…]: the value in the last state of the stretch below. */
function unknown(stretch: number, size: number): Float64Array {
  const row = new Float64Array(size);
  row[stretch] = 1;
  return row;
}

/** `lower` is absent in state 0, which an arrival does not leave: there E[0] = 1/p + E[above]. */
function combine(
  p: number,
  size: number,
  above: Float64Array | undefined,
  lower: Float64Array | undefined,
): Float64Array {
  const row = new Float64Array(size);
  const [weightAbove, weightLower] = lower ? [p, 1 - p] : [1, 0];
  for (let at = 0; at < size; at++) row[at] = weightAbove * (above?.[at] ?? 0) + weightLower * (lower?.[at] ?? 0);
  row[0] = (row[0] ?? 0) + (lower ? 1 : 1 / p);
  return row;
}

/** unknown − what it is made of = constant; the constant stands last. */
function equationOf(row: Float64Array, unknownAt: number): number[] {
  return [...row.slice(1)].map((value, at) => (at + 1 === unknownAt ? 1 : 0) - value).concat(row[0] ?? 0);
}

/** Gauss with pivots; each row is coefficients and then the constant. */
function solveLinear(rows: number[][]): number[] {
  const size = rows.length;
  const cell = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let at = 0; at < size; at++) {
    let best = at;
    for (let row = at + 1; row < size; row++) if (Math.abs(cell(row, at)) > Math.abs(cell(best, at))) best = row;
    [rows[at], rows[best]] = [rows[best] as number[], rows[at] as number[]];
    for (let row = at + 1; row < size; row++) {
      const factor = cell(row, at) / cell(at, at);
      rows[row] = (rows[row] as number[]).map((value, column) => value - factor * cell(at, column));
    }
  }
  const solved: number[] = new Array(size).fill(0);
  for (let at = size - 1; at >= 0; at--) {
    let rest = cell(at, size);
    for (let later = at + 1; later < size; later++) rest -= cell(at, later) * (solved[later] as number);
    solved[at] = rest / cell(at, at);
  }
  return solved;
}
