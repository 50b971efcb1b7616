/**
 * Chance without a sequence: every decision is a hash of the seed and of what it is about, so that taking one fault out
 * of a plan leaves all other luck as it was. That is what makes failing seeds shrinkable.
 */

/** What a roll is about: each has luck of its own. */
export const about = {
  agent: 1,
  consumer: 2,
  archiver: 3,
  alerter: 4,
  drop: 5,
  duplicate: 6,
  damage: 7,
  call: 8,
  inject: 9,
  read: 10,
  flake: 11,
  plan: 12,
  receipt: 13,
  notify: 14,
  commit: 15,
  sample: 16,
  drain: 17,
  forged: 18,
  stray: 19,
  emitter: 20,
  node: 21,
  proxy: 22,
} as const;

export class Dice {
  private readonly seed: number;

  constructor(seed: number) {
    this.seed = mix(seed | 0, 0x2545f491);
  }

  /** In [0, 1). */
  roll(what: number, a: number, b = 0, c = 0): number {
    let h = mix(this.seed, what);
    h = mix(h, a);
    h = mix(h, b);
    h = mix(h, c);
    return (h >>> 0) / 4_294_967_296;
  }

  chance(share: number, what: number, a: number, b = 0, c = 0): boolean {
    return share > 0 && this.roll(what, a, b, c) < share;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number, what: number, a: number, b = 0, c = 0): number {
    return low + Math.floor(this.roll(what, a, b, c) * (high - low + 1));
  }

  /** Mostly about `mean`, sometimes much more, never over `most`: ms that something on a network takes. */
  delay(mean: number, most: number, what: number, a: number, b = 0, c = 0): number {
    const took = -Math.log(1 - this.roll(what, a, b, c)) * mean;
    return Math.round(Math.min(took, most));
  }
}

/** The finaliser of MurmurHash3 over a sum that tells order apart. */
function mix(state: number, value: number): number {
  let h = (Math.imul(state, 0x9e3779b1) ^ (value | 0) ^ Math.imul(Math.floor(value / 4_294_967_296), 0x7feb352d)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
