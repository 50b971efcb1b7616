/**
 * Exact bounds of rare counts. Poisson 1837, Garwood 1936 (interval of a count), Clopper and Pearson 1934 (bound of a share);
 * vectors: the project's facts sheet on paging, §7.
 */

/** Probability of at least `count` events where `mean` are expected. */
export function poissonAtLeast(count: number, mean: number): number {
  if (count <= 0) return 1;
  if (mean <= 0) return 0;
  return count > mean ? upperTail(count, mean) : 1 - lowerTail(count - 1, mean);
}

/** Above the mean terms only fall: what is left out of the sum is below the last one's rounding. */
function upperTail(count: number, mean: number): number {
  let term = Math.exp(count * Math.log(mean) - mean - logFactorial(count));
  let sum = 0;
  for (let k = count; term > sum * 1e-16; k++) {
    sum += term;
    term *= mean / (k + 1);
  }
  return sum;
}

function lowerTail(count: number, mean: number): number {
  let term = Math.exp(count * Math.log(mean) - mean - logFactorial(count));
  let sum = 0;
  for (let k = count; k >= 0 && term > sum * 1e-16; k--) {
    sum += term;
    term *= k / mean;
  }
  return sum;
}

/** Stirling's series from 20 on, right to 1e-12. */
function logFactorial(n: number): number {
  if (n < 20) {
    let product = 1;
    for (let k = 2; k <= n; k++) product *= k;
    return Math.log(product);
  }
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}

/** One-sided upper bound of the mean of which `count` were seen. 95 %: 0 → 2.996, 1 → 4.744, 3 → 7.754, 5 → 10.513. */
export function poissonUpper(count: number, confidence = 0.95): number {
  return rootOf((mean) => poissonAtLeast(count + 1, mean) - confidence, 0, 10 + 2 * count + 20 * Math.sqrt(count + 1));
}

/** Two-sided interval of the mean of which `count` were seen. 95 %: 3 → 0.619 to 8.767. */
export function poissonInterval(count: number, confidence = 0.95): { readonly lo: number; readonly hi: number } {
  const tail = (1 - confidence) / 2;
  const hi = poissonUpper(count, 1 - tail);
  return { lo: count === 0 ? 0 : rootOf((mean) => poissonAtLeast(count, mean) - tail, 0, hi), hi };
}

/** Probability of at least `count` among `of` trials of `share` each. */
export function binomialAtLeast(count: number, of: number, share: number): number {
  if (count <= 0) return 1;
  if (share >= 1) return of >= count ? 1 : 0;
  let term = of * Math.log1p(-share);
  let below = 0;
  for (let k = 0; k < count && k <= of; k++) {
    below += Math.exp(term);
    term += Math.log(((of - k) / (k + 1)) * (share / (1 - share)));
  }
  return Math.max(0, 1 - below);
}

/**
 * One-sided upper bound of a share of which `count` were seen among `of`. For none it is 1 − 0.05^(1/n), the "rule of three",
 * 3/n: 0 of 1000 is below 0.299 %, 0 of 86 400 below 0.0035 % (95 %).
 */
export function shareUpper(count: number, of: number, confidence = 0.95): number {
  if (of <= 0 || count >= of) return 1;
  if (count === 0) return -Math.expm1(Math.log1p(-confidence) / of);
  return rootOf((share) => binomialAtLeast(count + 1, of, share) - confidence, 0, 1);
}

/** Where a rising function passes 0. */
function rootOf(rising: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return high;
}
