/** A node's uptime: it is never set, but runs too fast or too slow beside ours, and is read down to 10 ms. */
import { about, type Dice } from './dice.ts';

const readingMs = 10;
/** Each of the two clocks may be slewed by up to 500 ppm; a little less, for the protocol's 0.1 % to hold for both. */
const mostDrift = 0.000_99;

export class NodeClock {
  private readonly bootedAt: number;
  private readonly rate: number;

  /** Every other one drifts as much as it may. */
  constructor(dice: Dice, name: number, bootedAt: number) {
    const roll = dice.roll(about.emitter, name, 7);
    const share = roll < 0.25 ? -1 : roll > 0.75 ? 1 : 4 * roll - 2;
    this.bootedAt = bootedAt;
    this.rate = 1 + mostDrift * share;
  }

  reading(at: number): number {
    return Math.floor(((at - this.bootedAt) * this.rate) / readingMs) * readingMs;
  }

  /** The first moment at which it reads so. */
  moment(reading: number): number {
    return this.bootedAt + Math.ceil(reading / this.rate);
  }
}
