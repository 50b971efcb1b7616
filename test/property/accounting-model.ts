/** The pipeline's books kept the dullest way: one object per canary and hop, every rule of design §4 read literally. */
import type { RunRow } from '../../src/core/ledger.ts';
import type { HopSpec, PipelineSpec } from '../../src/core/pipeline.ts';
import { plannedAt } from '../../src/core/schedule.ts';
import { type Verdict, verdicts } from '../../src/core/verdict-name.ts';
import { type CanaryModel, type PlaceModel, verdictOf } from './accounting-verdict.ts';

interface Range {
  readonly stream: { readonly key: string };
  readonly from: number;
  readonly to: number;
}

interface HopModel {
  entered: Record<string, number>;
  settleUntil: number;
  settleBelowUntil: number;
}

interface StreamModel {
  readonly number: number;
  readonly canaries: CanaryModel[];
  listed: boolean;
  leavingSince: number | undefined;
  /** Which it was listed by. */
  injector: string;
}

/** What survives a crash: everything but how the hops' looks have gone since the start. */
export interface Books {
  readonly streams: Map<string, StreamModel>;
  readonly hops: Map<string, HopModel>;
}

const counted = ['delivered', 'delayed', 'lost', 'recovered', 'unverifiable', 'excused', 'withheld', 'duplicated'];
const excuseBackMs = 60_000;
const togetherMs = 600_000;

export class AccountingModel {
  spec: PipelineSpec;
  books: Books = { streams: new Map(), hops: new Map() };
  private startedAt = 0;
  private readonly listedAt = new Map<string, number>();
  private readonly leaves = new Map<string, { readonly notedAt: number; decided: boolean }>();
  private committed: Books = { streams: new Map(), hops: new Map() };

  constructor(spec: PipelineSpec, now: number) {
    this.spec = spec;
    this.start(spec, now);
  }

  /** Looks of before a start say nothing about a backlog after it. */
  start(spec: PipelineSpec, now: number): void {
    this.spec = spec;
    for (const { name, withinMs } of spec.hops) {
      const hop = this.books.hops.get(name) ?? { entered: Object.fromEntries(counted.map((each) => [each, 0])) };
      this.books.hops.set(name, { ...hop, settleUntil: now + withinMs, settleBelowUntil: now + withinMs });
    }
    for (const stream of this.books.streams.values()) stream.listed = false;
    this.startedAt = now;
    this.listedAt.clear();
    this.leaves.clear();
    for (const [key, { leavingSince, injector }] of this.books.streams) {
      const known = spec.inject.some(({ name }) => name === injector);
      if (known && leavingSince !== undefined && leavingSince >= now - togetherMs)
        this.leaves.set(key, { notedAt: now, decided: false });
    }
  }

  /** What looks did not find is written with the row of a stream at a hop, and that not every time (see `changeTrackLater`). */
  commit(wroteTrack: (stream: number, hop: string) => boolean): void {
    const before = this.committed;
    this.committed = structuredClone(this.books);
    for (const [key, { number, canaries }] of this.committed.streams) {
      for (const { seq, places } of canaries) {
        for (const place of places.values()) {
          if (wroteTrack(number, place.hop)) continue;
          const old = before.streams.get(key)?.canaries[seq]?.places.get(place.hop);
          place.absent = old?.absent ?? 0;
          place.lost = old?.lost ?? 0;
        }
      }
    }
  }

  crash(): void {
    this.books = structuredClone(this.committed);
  }

  stream(key: string, number: number): StreamModel {
    const found = this.books.streams.get(key) ?? {
      number,
      canaries: [],
      listed: true,
      leavingSince: undefined,
      injector: '',
    };
    this.books.streams.set(key, found);
    return found;
  }

  grant(key: string, number: number, seq: number, run: RunRow, enters: string | undefined): void {
    const stream = this.stream(key, number);
    if (seq !== stream.canaries.length)
      throw new Error(`${key} #${seq} does not follow #${stream.canaries.length - 1}`);
    const planned = plannedAt(run, seq);
    const places = new Map<string, PlaceModel>();
    for (const hop of this.spec.hops) {
      if (enters !== undefined && !this.lineage(hop.name).includes(enters)) continue;
      if ((seq + number) % hop.sample.of >= hop.sample.take) continue;
      const { lostAfterMs } = this.spec;
      const graceMs = 2 * hop.pollMs + hop.timeoutMs;
      places.set(hop.name, {
        ...{ hop: hop.name, withinMs: hop.withinMs, lostAfterMs, graceMs },
        ...{ verdict: 'pending', seen: 'no', absent: 0, lost: 0, frozen: false },
      });
    }
    stream.canaries.push({ stream: key, seq, planned, emission: 'unconfirmed', nb: planned, na: planned, places });
  }

  /** A hop and everything above it, from itself upwards. */
  lineage(name: string): string[] {
    const hop = this.hop(name);
    return [name, ...(hop.after === undefined ? [] : this.lineage(hop.after))];
  }

  hop(name: string): HopSpec {
    const found = this.spec.hops.find((each) => each.name === name);
    if (!found) throw new Error(`no hop ${name}`);
    return found;
  }

  canary(key: string, seq: number): CanaryModel | undefined {
    return this.books.streams.get(key)?.canaries[seq];
  }

  receipt(canary: CanaryModel, state: 'emitted' | 'withheld', nb: number, na: number): void {
    if (canary.emission === 'emitted') {
      if (state === 'emitted') narrow(canary, nb, na);
      return;
    }
    const asExpected = (state === 'withheld') === (canary.emission === 'withheld');
    if (!asExpected && [...canary.places.values()].some((place) => place.frozen)) return;
    canary.emission = state;
    canary.nb = state === 'emitted' ? nb : canary.planned;
    canary.na = state === 'emitted' ? na : canary.planned;
  }

  /** A find at a hop: seen there, and so it passed every hop above. */
  sight(canary: CanaryModel, at: string, now: number, unique: boolean): void {
    for (const name of this.lineage(at)) {
      const place = canary.places.get(name);
      if (!place || place.frozen) {
        // Not expected at the hop that shows it: it proves its passage above all the same.
        if (name === at && place?.frozen) return;
        continue;
      }
      const direct = name === at;
      if (direct && place.seen === 'direct') {
        if (unique) this.enter(name, 'duplicated');
        return;
      }
      if (place.seen === 'no' && !this.firstSight(canary, place, now)) continue;
      if (direct) place.seen = 'direct';
      else if (place.seen === 'no') place.seen = 'implied';
    }
  }

  /** False for a canary that was settled as withheld. */
  private firstSight(canary: CanaryModel, place: PlaceModel, now: number): boolean {
    if (canary.emission !== 'emitted') this.receipt(canary, 'emitted', Math.min(canary.planned, now), now);
    if (canary.emission === 'withheld') return false;
    const atLeast = place.absent - Math.min(canary.na, now);
    this.become(place, atLeast > place.withinMs ? 'delayed' : 'delivered');
    return true;
  }

  /** What a complete look at a hop says something about. */
  covered(hop: string, ranges: readonly Range[], since: number): CanaryModel[] {
    const covered: CanaryModel[] = [];
    for (const { stream, from, to } of ranges) {
      let seq = from;
      while (seq <= to && since > 0 && (this.canary(stream.key, seq)?.nb ?? 0) < since) seq += 1;
      for (; seq <= to; seq++) {
        const canary = this.canary(stream.key, seq);
        if (canary?.places.has(hop)) covered.push(canary);
      }
    }
    return covered;
  }

  looked(name: string, covered: readonly CanaryModel[], complete: boolean, blind: boolean, asOf: number): void {
    const hop = this.state(name);
    if (!complete) {
      hop.settleUntil = Number.POSITIVE_INFINITY;
      if (!blind) hop.settleBelowUntil = Number.POSITIVE_INFINITY;
      return;
    }
    const below = this.spec.hops.filter((each) => this.lineage(each.name).includes(name));
    if (hop.settleUntil === Number.POSITIVE_INFINITY) hop.settleUntil = asOf + this.hop(name).withinMs;
    if (hop.settleBelowUntil === Number.POSITIVE_INFINITY) {
      hop.settleBelowUntil = asOf + Math.max(...below.map((each) => each.withinMs));
    }
    const above = this.lineage(name).slice(1);
    const proves = asOf >= hop.settleUntil && above.every((each) => asOf >= this.state(each).settleBelowUntil);
    for (const canary of covered) {
      const place = canary.places.get(name);
      if (!place || place.frozen) continue;
      place.absent = Math.max(place.absent, asOf);
      if (proves) place.lost = Math.max(place.lost, asOf);
    }
  }

  /** Many that leave together excuse nobody; decided once for each, when all injectors were listed since. */
  excuseLeaving(injector: string, keys: readonly string[], now: number): void {
    this.listedAt.set(injector, now);
    for (const key of keys) {
      if (this.books.streams.get(key)?.leavingSince === undefined) this.leaves.delete(key);
      else if (!this.leaves.has(key)) this.leaves.set(key, { notedAt: now, decided: false });
    }
    for (const [key, { notedAt, decided }] of this.leaves)
      if (decided && !this.books.streams.get(key)?.listed && notedAt < now - togetherMs) this.leaves.delete(key);
    const staying = [...this.books.streams].filter(([key, { listed }]) => listed && !this.leaves.has(key)).length;
    const tooMany = staying + this.leaves.size > 1 && this.leaves.size > staying;
    for (const [key, leave] of this.leaves) {
      if (leave.decided || !this.spec.inject.every(({ name }) => this.wasListed(name, leave.notedAt, now))) continue;
      leave.decided = true;
      const since = this.books.streams.get(key)?.leavingSince;
      if (!tooMany && since !== undefined) this.excuse(key, since);
    }
  }

  /** Or it could not be listed for two minutes. */
  private wasListed(injector: string, since: number, now: number): boolean {
    const at = this.listedAt.get(injector) ?? 0;
    return at >= since || Math.max(at, this.startedAt) < now - 120_000;
  }

  private excuse(key: string, from: number): void {
    for (const canary of this.books.streams.get(key)?.canaries ?? []) {
      if (canary.emission === 'withheld' || canary.nb < from - excuseBackMs) continue;
      for (const place of canary.places.values()) {
        if (place.frozen || !['pending', 'overdue', 'unverifiable', 'lost'].includes(place.verdict)) continue;
        this.become(place, 'excused');
      }
    }
  }

  /** The table of design §4, for everything not seen. */
  judge(now: number): void {
    for (const { canaries } of this.books.streams.values()) {
      for (const canary of canaries) {
        for (const place of canary.places.values()) {
          if (place.seen === 'no' && !place.frozen) this.become(place, verdictOf(canary, place, now));
        }
      }
    }
  }

  private become(place: PlaceModel, verdict: Verdict): void {
    if (place.verdict === verdict) return;
    if (verdict !== 'pending' && verdict !== 'overdue') {
      this.enter(place.hop, verdict);
      if (place.verdict === 'lost' && verdict !== 'excused') this.enter(place.hop, 'recovered');
    }
    place.verdict = verdict;
  }

  private enter(hop: string, what: string): void {
    const { entered } = this.state(hop);
    entered[what] = (entered[what] ?? 0) + 1;
  }

  state(name: string): HopModel {
    const found = this.books.hops.get(name);
    if (!found) throw new Error(`no hop ${name}`);
    return found;
  }

  counts(name: string): Record<Verdict, number> {
    const counts = Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
    for (const { canaries } of this.books.streams.values()) {
      for (const { places } of canaries) {
        const place = places.get(name);
        if (place) counts[place.verdict] += 1;
      }
    }
    return counts;
  }
}

/** What is known of an emission is all that was ever said of it. */
function narrow(canary: CanaryModel, nb: number, na: number): void {
  const [first, last] = [Math.max(canary.nb, nb), Math.min(canary.na, na)];
  if (first <= last) Object.assign(canary, { nb: first, na: last });
}
