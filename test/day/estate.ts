/** One tenant's cluster and the way of its lines, with everything in it that a script may break, more than one at a time. */
import type { Event } from '../../src/engine/event.ts';
import type { HopState, StreamState } from '../../src/engine/state.ts';
import type { LogcanaryError, Reason } from '../../src/lib/errors.ts';
import type { Find, ListedStream, Look, Question, Refill, RefillAnswer } from '../../src/probe.ts';
import { ClusterScene, type Node } from '../engine/cluster-scene.ts';
import { failure } from '../engine/scene.ts';

/** Undoes what was done. */
export type Mend = () => void;

/** Which nodes: those that have all of these labels. All of them when empty. */
export type Where = Readonly<Record<string, string>>;

/** What an agent does to its lines while it misbehaves; every so manieth. */
export interface Treatment {
  readonly drops?: number;
  readonly duplicates?: number;
  readonly truncates?: number;
}

/** A line goes out so much later than planned at most: the emitters' clocks tick in 10 ms, ms. */
const printedWithin = 50;

export class Estate extends ClusterScene {
  readonly name: string;
  /** T since when posts to us are taken. */
  heardSince = 0;
  private readonly labels = new Map<string, Where>();
  /** By node: planned times of what it was handed, oldest first. */
  private readonly due = new Map<string, number[]>();
  private readonly holds = new Map<string, number>();
  private readonly treatments = new Map<string, Treatment>();
  private readonly bare = new Map<string, NonNullable<ListedStream['held']>>();
  private readonly blindness = new Map<string, Reason[]>();
  /** Lines by node, counted from anything, so that nodes do not all lose a line at once. */
  private readonly shipped = new Map<string, number>();

  constructor(name: string) {
    super({ alert: 'push' });
    this.name = name;
    for (const [to, delayMs] of Object.entries({ stream: 2_000, index: 8_000, archive: 45_000, alert: 15_000 }))
      this.stage(to).delayMs = delayMs;
  }

  /** Its agents feed a second place, too, and nothing goes on from there. */
  mirror(): void {
    this.places.set('mirror', { lines: [], tokens: new Set(), unreadable: undefined, partial: false });
    const healthy = { stopped: false, dropEvery: 0, duplicateEvery: 0, damageEvery: 0 };
    this.stages.push({ ...healthy, from: 'emitter', to: 'mirror', delayMs: 3_000, waiting: [], count: 0 });
  }

  /** A node that has just come, with its agent and its emitter. */
  add(name: string, labels: Where): void {
    this.labels.set(name, { ...labels, node: name });
    this.join(name);
  }

  remove(name: string): void {
    this.nodes.delete(name);
    this.due.delete(name);
    this.bare.delete(name);
  }

  nodesWhere(where: Where): string[] {
    const wanted = Object.entries(where);
    return [...this.nodes.keys()].filter((name) =>
      wanted.every(([label, value]) => this.labels.get(name)?.[label] === value),
    );
  }

  // ----------------------------------------------------------------------------------------------- what may break

  /** Agents stop; what their nodes print meanwhile waits in files. */
  stopAgents(names: readonly string[]): Mend {
    return this.each(names, (name) => this.hold(`agent ${name}`));
  }

  /** Nothing gets to a place. */
  clog(to: string): Mend {
    return this.hold(`stage ${to}`);
  }

  /** All of it gets there so much later. */
  slowDown(to: string, byMs: number): Mend {
    const stage = this.stage(to);
    stage.delayMs += byMs;
    return () => {
      stage.delayMs -= byMs;
    };
  }

  /** A mover loses every so manieth line. */
  leak(to: string, every: number): Mend {
    const stage = this.stage(to);
    stage.dropEvery = every;
    return () => {
      stage.dropEvery = 0;
    };
  }

  mistreat(names: readonly string[], treatment: Treatment): Mend {
    for (const name of names) this.treatments.set(name, treatment);
    return () => {
      for (const name of names) this.treatments.delete(name);
    };
  }

  /** Looks at a place fail. */
  hide(place: string, reason: Reason): Mend {
    const reasons = this.blindness.get(place) ?? [];
    this.blindness.set(place, [...reasons, reason]);
    return () => {
      const left = [...(this.blindness.get(place) ?? [])];
      left.splice(left.indexOf(reason), 1);
      this.blindness.set(place, left);
    };
  }

  /** Somebody writes lines that look like ours to a place. */
  imitate(place: string, forge: (token: string) => string): void {
    const [line] = this.place(place).lines.slice(-1);
    if (line === undefined) return;
    this.strange.set(place, [...(this.strange.get(place) ?? []), { token: forge(line.token), kind: 'line' }]);
  }

  /** Emitters are gone, and their nodes work on. */
  takeEmitters(names: readonly string[], why: string): Mend {
    for (const name of names) {
      this.bare.set(name, { why, uncoveredSince: this.now });
      this.node(name).emitter.block(true);
    }
    return () => {
      for (const name of names) {
        this.bare.delete(name);
        this.replacePod(name);
      }
      this.settleHolds();
    };
  }

  /** Emitters take lines and print none of them. */
  blockEmitters(names: readonly string[]): Mend {
    for (const name of names) this.node(name).emitter.block(true);
    return () => {
      for (const name of names) this.node(name).emitter.block(false);
    };
  }

  loseControlPlane(reason: Reason): Mend {
    this.listing = reason;
    this.calls = { fails: reason, delivered: false };
    return () => {
      this.listing = undefined;
      this.calls = undefined;
    };
  }

  // ----------------------------------------------------------------------------------------------- how it goes on

  private hold(what: string): Mend {
    this.holds.set(what, (this.holds.get(what) ?? 0) + 1);
    this.settleHolds();
    return () => {
      this.holds.set(what, (this.holds.get(what) ?? 1) - 1);
      this.settleHolds();
    };
  }

  private settleHolds(): void {
    const held = (what: string) => (this.holds.get(what) ?? 0) > 0;
    for (const stage of this.stages) stage.stopped = held(`stage ${stage.to}`);
    for (const [name, node] of this.nodes) node.agent = held(`agent ${name}`) ? 'stopped' : 'running';
  }

  private each(names: readonly string[], act: (name: string) => Mend): Mend {
    const mends = names.map(act);
    return () => {
      for (const mend of mends) mend();
    };
  }

  override list(): readonly ListedStream[] | LogcanaryError {
    const listed = super.list();
    if (listed instanceof Error) return listed;
    return listed.map((stream) => {
      const held = this.bare.get(stream.name) ?? stream.held;
      return { ...stream, labels: this.labels.get(stream.name) ?? {}, ...(held === undefined ? {} : { held }) };
    });
  }

  override refill(stream: StreamState, refill: Refill, now: number): RefillAnswer | LogcanaryError {
    const fresh = refill.fresh?.plannedAt ?? [];
    if (fresh.length > 0) this.due.set(stream.key, [...(this.due.get(stream.key) ?? []), ...fresh].sort());
    return this.bare.has(stream.key) ? failure('not_found') : super.refill(stream, refill, now);
  }

  override look(hop: HopState, question: Question, now: number): Look | LogcanaryError {
    const reason = this.blindness.get(hop.spec.name)?.[0];
    if (reason === 'partial') return { coverage: 'partial', finds: [], why: failure('partial') };
    if (reason !== undefined) return failure(reason);
    const look = super.look(hop, question, now);
    return hop.mode !== 'push' || look instanceof Error ? look : { ...look, since: this.heardSince };
  }

  override advance(now: number): readonly Event[] {
    const events = super.advance(now);
    const finds = events.flatMap((event): readonly Find[] => (event.type === 'hooked' ? event.finds : []));
    return finds.length === 0 ? events : [{ type: 'hooked', hop: 'alert', finds }];
  }

  /** Emitters cost time, so they are asked only when something is due there. */
  protected override print(name: string, node: Node): void {
    const due = this.due.get(name) ?? [];
    const waiting = node.agent === 'running' && node.fed < node.emitter.printed.length;
    if ((due[0] ?? Number.POSITIVE_INFINITY) + printedWithin > this.now && !waiting) return;
    while ((due[0] ?? Number.POSITIVE_INFINITY) + printedWithin <= this.now) due.shift();
    node.emitter.run();
    if (node.agent === 'stopped') return;
    for (const { text, at } of node.emitter.printed.slice(node.fed)) this.ship(name, text, at);
    node.fed = node.emitter.printed.length;
  }

  private ship(name: string, text: string, at: number): void {
    const { drops = 0, duplicates = 0, truncates = 0 } = this.treatments.get(name) ?? {};
    const count = (this.shipped.get(name) ?? this.shipped.size) + 1;
    this.shipped.set(name, count);
    const every = (n: number) => n > 0 && count % n === 0;
    if (every(drops)) return;
    this.feed('emitter', text, at, every(truncates) ? 'cut after 34 characters' : undefined);
    if (every(duplicates)) this.feed('emitter', text, at);
  }
}
