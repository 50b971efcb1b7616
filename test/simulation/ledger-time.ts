/** Ledger time T beside the simulation's own: max(wall, last persisted T) at each start, then it runs on (design §4). */
import { startOfTime } from './night.ts';

const hourMs = 3_600_000;

export class LedgerTime {
  private readonly offsets: { readonly downSince: number; readonly from: number; readonly add: number }[] = [
    { downSince: 0, from: 0, add: startOfTime },
  ];
  private persisted = 0;
  private downSince = 0;

  /** T at a moment of the simulation: it jumps where a restart found the wall clock stepped. */
  toT = (at: number): number => {
    let i = this.offsets.length - 1;
    while (i > 0 && at < (this.offsets[i]?.from ?? 0)) i -= 1;
    return at + (this.offsets[i]?.add ?? 0);
  };

  /** Back from a T of now. */
  fromT(t: number): number {
    return t - (this.offsets.at(-1)?.add ?? 0);
  }

  /** What the machine's clock shows while it is wrong by so many hours. */
  wall(at: number, wrongByHours: number): number {
    return startOfTime + at + Math.round(wrongByHours * hourMs);
  }

  /** A new process begins; gives the T that it begins with. */
  start(at: number, wall: number): number {
    const t = Math.max(wall, this.persisted);
    if (t - at !== this.offsets.at(-1)?.add) this.offsets.push({ downSince: this.downSince, from: at, add: t - at });
    return t;
  }

  /** The process is gone. */
  end(at: number): void {
    this.downSince = at;
  }

  /** Every T that a moment may be said to have been at: while no process runs before a jump, that before it and that after it. */
  readings(at: number): number[] {
    const next = this.offsets.find(({ downSince, from }) => at >= downSince && at < from);
    return next ? [this.toT(at), at + next.add] : [this.toT(at)];
  }

  /** A commit holds the T of this moment. */
  persist(at: number): void {
    this.persisted = Math.max(this.persisted, this.toT(at));
  }
}
