/** Pure statistics with the test vectors of their sources. */

/** Wilson score interval of a share, 95 % two-sided (z = 1.96). Wilson 1927; vectors: 0/1000 → 0–0.00383, 1/1000 → 0.000177–0.00564. */
export function wilson(count: number, of: number): { readonly lo: number; readonly hi: number } {
  if (of <= 0) return { lo: 0, hi: 1 };
  const z2 = 1.959964 ** 2;
  const share = count / of;
  const middle = share + z2 / (2 * of);
  const half = Math.sqrt(z2 * ((share * (1 - share)) / of + z2 / (4 * of * of)));
  const scale = 1 + z2 / of;
  return { lo: Math.max(0, (middle - half) / scale), hi: Math.min(1, (middle + half) / scale) };
}

/** The number of good ones in a row after which a loss share of `share` would have shown again with 95 % probability. */
export function goodRunToClear(share: number): number {
  if (share <= 0) return 1;
  if (share >= 1) return 1;
  return Math.ceil(Math.log(0.05) / Math.log(1 - share));
}

export interface Trend {
  /** Median pairwise slope, value per ms (Theil–Sen). */
  readonly slope: number;
  /** 95 % interval of the slope by the ranks of Sen 1968. */
  readonly lo: number;
  readonly hi: number;
}

/** Theil–Sen slope of (x, y) points; undefined below 5 points. Quadratic: give it at most about 60 points. */
export function theilSen(points: readonly { readonly x: number; readonly y: number }[]): Trend | undefined {
  const n = points.length;
  if (n < 5) return undefined;
  const slopes: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const a = points[i] as { x: number; y: number };
      const b = points[j] as { x: number; y: number };
      if (b.x !== a.x) slopes.push((b.y - a.y) / (b.x - a.x));
    }
  }
  if (slopes.length === 0) return undefined;
  slopes.sort((a, b) => a - b);
  const spread = 1.96 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const lowRank = Math.max(0, Math.floor((slopes.length - spread) / 2) - 1);
  const highRank = Math.min(slopes.length - 1, Math.ceil((slopes.length + spread) / 2));
  return { slope: median(slopes), lo: slopes[lowRank] as number, hi: slopes[highRank] as number };
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/**
 * Kaplan–Meier quantile of latencies where some have not arrived yet (censored at their age): the smallest arrived time
 * by which at least `quantile` have arrived, or undefined while that is not reached. Kaplan and Meier 1958.
 */
export function kaplanMeier(
  arrived: readonly number[],
  waiting: readonly number[],
  quantile: number,
): number | undefined {
  const events = arrived.map((at) => ({ at, event: true })).concat(waiting.map((at) => ({ at, event: false })));
  events.sort((a, b) => a.at - b.at || Number(b.event) - Number(a.event));
  let atRisk = events.length;
  let surviving = 1;
  for (const { at, event } of events) {
    if (event) surviving *= 1 - 1 / atRisk;
    atRisk -= 1;
    if (event && 1 - surviving >= quantile - 1e-12) return at;
  }
  return undefined;
}

/**
 * One-sided Fisher exact test of a 2×2 table: how likely at least `a` of the first row's would fall in the first column by chance.
 * Fisher 1922; vector: 3, 1, 1, 3 (the lady tasting tea) → 17/70.
 */
export function fisherExact(a: number, b: number, c: number, d: number): number {
  const [row, column, all] = [a + b, a + c, a + b + c + d];
  const fixed = logFactorial(row) + logFactorial(all - row) + logFactorial(column) + logFactorial(all - column);
  let sum = 0;
  for (let k = a; k <= Math.min(row, column); k++) {
    const cells = [k, row - k, column - k, all - row - column + k];
    sum += Math.exp(fixed - logFactorial(all) - cells.reduce((log, cell) => log + logFactorial(cell), 0));
  }
  return Math.min(1, sum);
}

const logFactorials = [0, 0];

function logFactorial(n: number): number {
  for (let next = logFactorials.length; next <= n; next++)
    logFactorials.push((logFactorials[next - 1] as number) + Math.log(next));
  return logFactorials[n] as number;
}
