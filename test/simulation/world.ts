/** The simulated pipeline with the truth beside it: what really became of every line, and what a look at a hop would see. */
import { readToken } from '../../src/core/token.ts';
import type { LogcanaryError, Reason } from '../../src/lib/errors.ts';
import { ProbeError } from '../../src/lib/errors.ts';
import type { Find, ListedStream, Look } from '../../src/probe.ts';
import { about, type Dice } from './dice.ts';
import { isNight, startOfTime } from './night.ts';
import { livesOf, type NodeLife } from './node-life.ts';
import type { Plan } from './plan.ts';
import { type HopName, hopNames, type Pace, paceOf } from './setting.ts';
import { type Weather, zones } from './weather.ts';

const never = Number.POSITIVE_INFINITY;

/** What is true of one canary. Times in ms since the beginning of the world. */
export interface Truth {
  readonly token: string;
  /** When it went out; infinity when it did not. */
  readonly emitted: number;
  /** Where that took its time: since when it was going out. */
  readonly begun?: number;
  /** When it could first be seen, by position in `hopNames`. */
  readonly visible: number[];
  readonly damage: boolean;
}

interface Entry {
  readonly at: number;
  readonly find: Find;
}

/** Everything that got to a place, by time; read on from a cursor. */
class Journal {
  private entries: Entry[] = [];
  private base = 0;

  add(at: number, find: Find): void {
    if (at === never) return;
    const { entries } = this;
    let i = entries.length;
    while (i > 0 && (entries[i - 1] as Entry).at > at) i -= 1;
    if (i === entries.length) entries.push({ at, find });
    else entries.splice(i, 0, { at, find });
  }

  /** What came after the cursor and until `until`, at most `limit`. */
  read(cursor: string | undefined, until: number, limit: number): { finds: Find[]; cursor: string; more: boolean } {
    const from = Math.max(0, Number(cursor ?? 0) - this.base);
    let to = from;
    while (to < this.entries.length && to - from < limit && (this.entries[to] as Entry).at <= until) to += 1;
    const finds = this.entries.slice(from, to).map((entry) => entry.find);
    const more = to < this.entries.length && (this.entries[to] as Entry).at <= until;
    const next = String(this.base + to);
    // What is below a committed cursor is never asked for again.
    if (from > 2_000) {
      this.entries.splice(0, from);
      this.base += from;
    }
    return { finds, cursor: next, more };
  }
}

/** A canary that was not visible at a hop by its deadline there. */
export interface Late {
  readonly stream: number;
  readonly seq: number;
  /** ms since the beginning. */
  readonly due: number;
}

export interface Post {
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
  readonly find: Find;
}

export class World {
  readonly weather: Weather;
  readonly truth = new Map<number, Map<number, Truth>>();
  readonly nodes: readonly NodeLife[];
  private readonly dice: Dice;
  private readonly scale: number;
  private readonly pace: Pace;
  private readonly journals = { stream: new Journal(), archive: new Journal() };
  private readonly indexed = new Map<string, { readonly at: number; readonly find: Find }>();
  /** What the alerter is to post to us. */
  readonly posts: Post[] = [];
  /** Lines that were planned for a time in which the cluster sleeps: when. */
  readonly nightly: number[] = [];
  private readonly plan: Plan;
  /** By hop. A post that has to wait for us is not in it. */
  readonly lates: Readonly<Record<HopName, Late[]>> = { stream: [], index: [], archive: [], alert: [] };

  constructor(plan: Plan, weather: Weather, dice: Dice) {
    this.plan = plan;
    this.weather = weather;
    this.dice = dice;
    this.pace = paceOf(plan);
    this.scale = this.pace.scale;
    this.nodes = livesOf(plan);
  }

  list(at: number, toT: (at: number) => number): ListedStream[] {
    return this.nodes
      .filter((node) => at >= node.from && at < node.goneAt)
      .map(({ key, name, index, leavingAt }) => ({
        key,
        name,
        labels: { node: name, zone: `zone-${index % zones}` },
        ...(at >= leavingAt ? { leavingSince: toT(leavingAt) } : {}),
      }));
  }

  /** A line was handed out. `at`: when it goes out; infinity when it does not. */
  emit(stream: number, key: string, seq: number, token: string, at: number, begun?: number): void {
    const node = this.nodes.find((each) => each.key === key);
    const truth = this.fate(stream, seq, token, at, node);
    const planned = (readToken(token)?.plannedAt ?? 0) - startOfTime;
    if (this.plan.sleeps && isNight(this.plan, planned)) this.nightly.push(planned);
    const canaries = this.truth.get(stream) ?? new Map<number, Truth>();
    this.truth.set(stream, canaries.set(seq, begun === undefined ? truth : { ...truth, begun }));
  }

  private fate(stream: number, seq: number, token: string, emitted: number, node: NodeLife | undefined): Truth {
    const { dice, scale, weather } = this;
    if (emitted === never || !node || emitted >= node.deadAt) {
      return {
        token,
        emitted: node && emitted < node.deadAt ? emitted : never,
        visible: [never, never, never, never],
        damage: false,
      };
    }
    const truncated = weather.now('agent-truncates', emitted);
    const damage = truncated !== undefined && dice.chance(truncated.share ?? 0, about.damage, stream, seq);
    const shipped = weather.arrival(
      'stream',
      emitted,
      300 + scale * dice.delay(1_500, 30_000, about.agent, stream, seq),
      stream,
      seq,
      node.index,
    );
    const inStream = shipped > node.deadAt ? never : shipped;
    const find: Find = { token, kind: 'line', ...(damage ? { damage: 'cut after 70 characters' } : {}) };
    const consumed = this.onward(
      'index',
      inStream,
      200 + scale * dice.delay(1_500, 30_000, about.consumer, stream, seq),
      stream,
      seq,
    );
    // What was indexed shows at the next refresh; what was archived, with the next object.
    const inIndex = upTo(consumed, 5_000 * scale);
    const inArchive = upTo(
      this.onward('archive', inStream, scale * dice.delay(3_000, 20_000, about.archiver, stream, seq), stream, seq),
      60_000 * scale,
    );
    const posted = this.onward(
      'alert',
      inIndex,
      1_000 + scale * dice.delay(10_000, 60_000, about.alerter, stream, seq),
      stream,
      seq,
    );
    this.journal(stream, seq, emitted, inStream, inArchive, find);
    if (inIndex !== never) this.indexed.set(token, { at: inIndex, find });
    if (posted !== never) this.posts.push({ at: posted, stream, seq, find });
    for (const [hop, at] of Object.entries({ stream: inStream, index: inIndex, archive: inArchive, alert: posted })) {
      const due = emitted + this.pace.withinMs[hop as HopName];
      if (at > due) this.lates[hop as HopName].push({ stream, seq, due });
    }
    return { token, emitted, visible: [inStream, inIndex, inArchive, never], damage };
  }

  private onward(hop: HopName, from: number, takes: number, stream: number, seq: number): number {
    return from === never ? never : this.weather.arrival(hop, from, takes, stream, seq, -1);
  }

  private journal(stream: number, seq: number, emitted: number, inStream: number, inArchive: number, find: Find): void {
    const { stream: kinesis, archive } = this.journals;
    kinesis.add(inStream, find);
    archive.add(inArchive, find);
    const twice = this.weather.now('agent-duplicates', emitted);
    if (twice && this.dice.chance(twice.share ?? 0, about.duplicate, stream, seq)) {
      kinesis.add(inStream + this.scale * this.dice.between(0, 20_000, about.duplicate, stream, seq, 1), find);
      archive.add(inArchive, find);
    }
    const imitated = this.weather.now('forged', emitted);
    if (imitated && this.dice.chance(imitated.share ?? 0, about.forged, stream, seq)) {
      kinesis.add(inStream, { token: forgery(find.token), kind: 'line' });
      archive.add(inArchive, { token: forgery(find.token), kind: 'line' });
    }
  }

  /** What a look that really reads at `readAt` brings back. */
  look(
    hop: HopName,
    asked: readonly string[],
    cursor: string | undefined,
    readAt: number,
    how: string | undefined,
  ): Look | LogcanaryError {
    if (how !== undefined && how !== 'partial') return refusal(how as Reason);
    if (hop === 'alert') return { coverage: 'complete', finds: [] };
    if (hop === 'index') {
      const finds = asked.flatMap((token) => {
        const entry = this.indexed.get(token);
        return entry && entry.at <= readAt ? [entry.find] : [];
      });
      if (how === undefined) return { coverage: 'complete', finds };
      return {
        coverage: 'partial',
        finds: finds.filter(({ token }) => !isOnFailedShard(token)),
        why: refusal('partial'),
      };
    }
    const { finds, cursor: next } = this.journals[hop].read(cursor, readAt, how === undefined ? never : 2);
    if (how === undefined) return { coverage: 'complete', finds, cursor: next };
    return { coverage: 'partial', finds, cursor: next, why: refusal('partial') };
  }

  truthOf(stream: number, seq: number): Truth | undefined {
    return this.truth.get(stream)?.get(seq);
  }

  /** Nothing will be asked of these any more. */
  forget(stream: number, fromSeq: number, toSeq: number): void {
    const canaries = this.truth.get(stream);
    for (let seq = fromSeq; seq <= toSeq; seq++) {
      const token = canaries?.get(seq)?.token;
      if (token !== undefined) this.indexed.delete(token);
      canaries?.delete(seq);
    }
  }
}

export function hopIndex(hop: string): number {
  return hopNames.indexOf(hop as HopName);
}

/** Two of five shards do not answer: what is on them is not found however often one asks. */
function isOnFailedShard(token: string): boolean {
  return token.charCodeAt(40) % 5 < 2;
}

function upTo(at: number, every: number): number {
  return at === never ? never : Math.ceil(at / every) * every;
}

/** The same canary with a signature that nobody made. */
function forgery(token: string): string {
  const mac = [...token.slice(34, 51)].map((char) => (char === 'b' ? 'c' : 'b')).join('');
  return `${token.slice(0, 34)}${mac}${token.slice(51)}`;
}

export function refusal(reason: Reason): ProbeError {
  return new ProbeError(`Simulated: ${reason}.`, { reason, retryable: true });
}
