/** Is a verdict true? Held against what really became of the canary, and against what logcanary could know. */
import { codeOf, emission, impliedBit, isSeen, verdictOfCode } from '../../src/core/block.ts';
import { timeOf } from '../../src/engine/due.ts';
import type { HopState, Track } from '../../src/engine/state.ts';
import { emissionAt } from '../../src/engine/track.ts';
import type { EpochMs } from '../../src/lib/clock.ts';
import { above, type HopName, type Pace, timeoutMs } from './setting.ts';
import { hopIndex, type Truth, type World } from './world.ts';

/** Between the simulation's time and ledger time T, which jumps where a restart found the wall clock stepped. */
export interface Times {
  readonly now: number;
  toT(at: number): number;
  fromT(t: number): number;
  /** Several where a moment was while no process ran, and T jumped at the next start. */
  readings(at: number): readonly number[];
}

/** Design §4: an excuse reaches back one minute before the leaving sign. */
const excuseBackMs = 60_000;
const below: Readonly<Record<HopName, readonly HopName[]>> = {
  stream: ['index', 'archive', 'alert'],
  index: ['alert'],
  archive: [],
  alert: [],
};

export class TruthTest {
  private readonly world: World;
  private readonly times: Times;
  private readonly pace: Pace;
  /** Newest `asOf` of a complete look at a hop, T. */
  readonly completeAsOf = new Map<string, number>();

  constructor(world: World, times: Times, pace: Pace) {
    this.world = world;
    this.times = times;
    this.pace = pace;
  }

  /** Which promise a verdict breaks, if any. */
  untrue(track: Track, seq: number, code: number, truth: Truth | undefined): string | undefined {
    const { hop, stream } = track;
    const name = hop.spec.name as HopName;
    const { toT, now } = this.times;
    const emitted = truth?.emitted ?? Number.POSITIVE_INFINITY;
    const visible = truth?.visible[hopIndex(name)] ?? Number.POSITIVE_INFINITY;
    const age = visible === Number.POSITIVE_INFINITY ? visible : toT(visible) - toT(emitted);
    if (isSeen(code)) {
      if (!truth) return 'seen-but-never-handed-out';
      const from = code > impliedBit ? [name, ...below[name]] : [name];
      if (!from.some((each) => (truth.visible[hopIndex(each)] ?? 0) <= now)) return 'seen-but-not-arrived';
      const late = (code & (impliedBit - 1)) === codeOf.delayed;
      return late && age <= this.pace.withinMs[name] ? 'delayed-but-in-time' : undefined;
    }
    switch (verdictOfCode(code)) {
      case 'overdue':
        return age <= this.pace.withinMs[name]
          ? 'overdue-but-in-time'
          : truth
            ? undefined
            : 'overdue-but-never-handed-out';
      case 'lost':
        if (age <= this.pace.lostAfterMs) return 'lost-but-arrived';
        if (emitted === Number.POSITIVE_INFINITY) return 'lost-but-never-sent';
        return this.isUnread(name) ? 'lost-while-unreadable' : undefined;
      case 'withheld':
        return emitted === Number.POSITIVE_INFINITY ? undefined : 'withheld-but-sent';
      case 'excused':
        return this.world.nodes.some((node) => node.key === stream.key && Math.min(node.leavingAt, node.goneAt) <= now)
          ? emitted < this.leavingAt(stream.key) - excuseBackMs - timeoutMs
            ? 'excused-but-long-before'
            : undefined
          : 'excused-but-staying';
      case 'unverifiable': {
        const sent = emissionAt(stream, seq);
        const looked = (this.completeAsOf.get(name) ?? 0) > (sent?.na ?? 0) + this.pace.withinMs[name];
        // A call that was on its way when we died may write its lines long after they were planned.
        const began = Math.min(toT(emitted), timeOf(stream, seq));
        return sent?.state === emission.emitted && looked && !this.isPartlyBlind(hop, began)
          ? 'unverifiable-though-looked'
          : undefined;
      }
      default:
        return undefined;
    }
  }

  private leavingAt(key: string): number {
    const life = this.world.nodes.find((node) => node.key === key);
    return life ? Math.min(life.leavingAt, life.deadAt) : Number.POSITIVE_INFINITY;
  }

  /** The hop, or one above it, has refused to be read for longer than it takes to notice. */
  private isUnread(hop: HopName): boolean {
    for (let each: HopName | undefined = hop; each; each = above[each]) {
      const [now, before] = [this.times.now, this.times.now - 2 * this.pace.pollMs].map((at) =>
        this.world.weather.looks(each as HopName, at),
      );
      if (now !== undefined && now === before && (each === hop || now !== 'auth') && this.isPolled(each)) return true;
    }
    return false;
  }

  /** When the watchdog last began to take posts: it came up, or its ledger works again. */
  hearsSince = 0;

  /** An on-demand hop is read when somebody asks; a hop that posts to us did so while we were down. */
  private isPartlyBlind(hop: HopState, began: EpochMs): boolean {
    return hop.mode === 'on-demand' || (hop.mode === 'push' && began <= this.times.toT(this.hearsSince) + timeoutMs);
  }

  /** Set by the watchdog: an on-demand hop nobody reads is not known to be unreadable. */
  isPolled: (hop: HopName) => boolean = () => true;
}
