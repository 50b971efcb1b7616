/** Which fault reigns when, and what it does to a line on its way: answers come from the plan alone, so they hold for any time. */
import { about, type Dice } from './dice.ts';
import { type Fault, faultOf } from './fault.ts';
import type { Episode, Plan } from './plan.ts';
import { type HopName, type Pace, paceOf } from './setting.ts';

export interface Spell extends Episode {
  readonly fault: Fault;
  readonly end: number;
  readonly index: number;
}

const longestDrainMs = 20_000;
/** Nodes are in zones by turns. */
export const zones = 3;

export class Weather {
  readonly spells: readonly Spell[];
  private readonly dice: Dice;
  private readonly pace: Pace;
  /** Spells that do something to lines on their way to a hop. */
  private readonly onWay: Readonly<Record<HopName, readonly Spell[]>>;
  private readonly byKind = new Map<string, Spell[]>();
  /** Lines that wait in a bounded buffer, by spell and stream. */
  private readonly waiting = new Map<string, number>();

  constructor(plan: Plan, dice: Dice) {
    this.dice = dice;
    this.pace = paceOf(plan);
    this.spells = plan.episodes.map((each, index) => ({
      ...each,
      index,
      fault: faultOf(each.kind),
      end: each.at + each.forMs,
    }));
    const ways = (hop: HopName) =>
      this.spells.filter(({ fault }) => fault.stalls === hop || fault.drops === hop || fault.slows === hop);
    this.onWay = { stream: ways('stream'), index: ways('index'), archive: ways('archive'), alert: ways('alert') };
    for (const spell of this.spells) {
      const list = this.byKind.get(spell.kind) ?? [];
      this.byKind.set(spell.kind, list);
      list.push(spell);
    }
  }

  /** The spell of a kind that reigns at a time. */
  now(kind: string, at: number): Spell | undefined {
    return this.byKind.get(kind)?.find((each) => at >= each.at && at < each.end);
  }

  /** All spells of a kind that reign at a time: of several nodes, perhaps. */
  all(kind: string, at: number): readonly Spell[] {
    return this.byKind.get(kind)?.filter((each) => at >= each.at && at < each.end) ?? [];
  }

  /** How looks at a hop fare at a time, if not well. */
  looks(hop: HopName, at: number): 'server_error' | 'partial' | 'auth' | 'timeout' | undefined {
    for (const { fault, at: begin, end } of this.spells) {
      if (begin > at) return undefined;
      if (at < end && fault.looks?.hops.includes(hop)) return fault.looks.how;
    }
    return undefined;
  }

  /** When a line that sets out for a hop at `at` gets there; infinity when it never does. */
  arrival(hop: HopName, at: number, normalMs: number, stream: number, seq: number, node: number): number {
    let t = at;
    for (const spell of this.onWay[hop]) {
      if (spell.at > t) break;
      const end = this.endAt(spell, t);
      if (t >= end || !isHit(spell, node)) continue;
      const { fault, index } = spell;
      if (fault.drops === hop && this.dice.chance(spell.share ?? 1, about.drop, stream, seq, index))
        return Number.POSITIVE_INFINITY;
      if (fault.slows === hop) {
        const factor = 1.15 + 0.45 * this.dice.roll(about.drain, stream, seq, index);
        return Math.round(t + normalMs + this.pace.withinMs[hop] * factor);
      }
      if (fault.stalls !== hop) continue;
      if (fault.buffer !== undefined && this.queue(spell, stream) > fault.buffer) return Number.POSITIVE_INFINITY;
      t = end + this.pace.scale * this.dice.between(0, longestDrainMs, about.drain, stream, seq, index);
    }
    return t + normalMs;
  }

  /** When it lets go, of what comes at `t`: before that where it does not hold then. */
  private endAt({ at, end, fault }: Spell, t: number): number {
    if (fault.flaps === undefined) return end;
    const [on, off] = [fault.flaps.on * this.pace.scale, fault.flaps.off * this.pace.scale];
    const begin = at + Math.floor((t - at) / (on + off)) * (on + off);
    return Math.min(end, begin + on);
  }

  private queue(spell: Spell, stream: number): number {
    const key = `${spell.index} ${stream}`;
    const waiting = (this.waiting.get(key) ?? 0) + 1;
    this.waiting.set(key, waiting);
    return waiting;
  }
}

function isHit({ node: hit, fault }: Spell, node: number): boolean {
  if (hit === undefined) return true;
  return fault.zone ? hit % zones === node % zones : hit === node;
}
