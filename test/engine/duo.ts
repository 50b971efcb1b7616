/** Two logcanaries, or three, that watch one pipeline in memory: each its own ledger, one world, one set of channels. */

import type { PeerReport } from '../../src/core/peer.ts';
import type { NotifierSpec, PipelineSpec } from '../../src/core/pipeline.ts';
import { healthOf } from '../../src/engine/health.ts';
import { reportOf } from '../../src/engine/peering.ts';
import { parsePeerReport, peerJson } from '../../src/http/peer.ts';
import { Bench, type Sent, type World } from './harness.ts';
import { chat, configOf, hopSpec, injectSpec, pager, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

export const minute = 60_000;
/** As the loop around the engine does. */
const askEveryMs = 10_000;
const stepMs = 1_000;

/** In the order of their instances: `a` goes first. */
export const names = ['a', 'b', 'c'] as const;
export type Name = (typeof names)[number];
export const both: readonly Name[] = ['a', 'b'];

export interface DuoOptions {
  readonly notify?: readonly NotifierSpec[];
  readonly pipelines?: readonly PipelineSpec[];
  readonly members?: readonly Name[];
}

export const dedupPager: NotifierSpec = { ...pager, deduplicates: true };

/** No hop that is posted to: whoever posts would have to post to both. */
const pipeline = sandboxPipeline({
  inject: [injectSpec({ name: 'node-a', everyMs: 10_000 })],
  hops: [
    hopSpec({ name: 'stream', withinMs: 20_000, pollMs: 5_000 }),
    hopSpec({ name: 'index', after: 'stream', withinMs: 25_000, pollMs: 5_000 }),
    hopSpec({ name: 'archive', after: 'stream', withinMs: 30_000, pollMs: 5_000 }),
  ],
  lostAfterMs: 60 * minute,
  resolveAfterMs: 30_000,
  stoppedEveryMs: 10_000,
});

function seenBy(scene: Scene, blind: ReadonlySet<string>): World {
  return {
    list: (injector) => scene.list(injector),
    inject: (...args) => scene.inject(...args),
    look: (hop, ...args) => (blind.has(hop.spec.name) ? failure('auth') : scene.look(hop, ...args)),
    check: (...args) => scene.check(...args),
    notify: (row) => scene.notify(row),
    receipt: (row) => `${row.notifier}-${row.id}`,
    advance: (now) => scene.advance(now),
    observer: (hop) => scene.observer(hop),
  };
}

export interface Said extends Sent {
  readonly by: Name;
}

export class Duo {
  /** What is broken for both. */
  readonly scene = new Scene({});
  readonly benches: Readonly<Record<Name, Bench>>;
  /** Hops that one of them may not read. */
  readonly blind: Readonly<Record<Name, Set<string>>>;
  readonly members: readonly Name[];
  readonly dead = new Set<Name>();
  /** Who does not hear the others. */
  readonly deaf = new Set<Name>();
  now: number;
  private nextAskAt: number;

  private constructor(
    benches: Record<Name, Bench>,
    scene: Scene,
    blind: Record<Name, Set<string>>,
    members: readonly Name[],
  ) {
    this.benches = benches;
    this.scene = scene;
    this.blind = blind;
    this.members = members;
    this.now = benches.a.now;
    this.nextAskAt = this.now + askEveryMs;
  }

  static async open({
    notify = [dedupPager, chat],
    pipelines = [pipeline],
    members = both,
  }: DuoOptions = {}): Promise<Duo> {
    const scene = new Scene({});
    const blind = { a: new Set<string>(), b: new Set<string>(), c: new Set<string>() };
    const open = (name: Name) => {
      const others = members.filter((each) => each !== name);
      const peers = others.map((other) => ({ name: other, url: `http://${other}.test:9780` }));
      const config = configOf({ notify, pipelines, peers });
      return Bench.open(seenBy(scene, blind[name]), config, 100 * names.indexOf(name));
    };
    // who is no member is never run
    const duo = new Duo({ a: await open('a'), b: await open('b'), c: await open('c') }, scene, blind, members);
    duo.run(2 * minute);
    return duo;
  }

  run(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now = Math.min(end, this.now + stepMs);
      for (const name of this.members)
        if (!this.dead.has(name)) this.benches[name].run(this.now - this.benches[name].now);
      if (this.now < this.nextAskAt) continue;
      this.nextAskAt = this.now + askEveryMs;
      for (const name of this.members) this.ask(name);
    }
  }

  runUntil(ms: number, condition: () => boolean): boolean {
    const end = this.now + ms;
    while (this.now < end && !condition()) this.run(stepMs);
    return condition();
  }

  kill(name: Name): void {
    this.dead.add(name);
  }

  async revive(name: Name): Promise<void> {
    if (!this.dead.delete(name)) return;
    await this.benches[name].restart(this.now - this.benches[name].now);
  }

  stop(hop: string, stopped = true): void {
    this.scene.stage(hop).stopped = stopped;
  }

  /** What channels accepted, by whomever it was said, in order of time. */
  said(notifier?: string): Said[] {
    const all = this.members.flatMap((by) => this.benches[by].sent.map((sent): Said => ({ ...sent, by })));
    return all
      .filter(({ accepted, row }) => accepted && (notifier ?? row.notifier) === row.notifier && row.action !== 'update')
      .sort((one, other) => one.at - other.at);
  }

  /** `a trigger stopped@index` */
  story(notifier: string): string[] {
    return this.said(notifier).map(({ by, row }) => `${by} ${row.action} ${row.facts.kind}@${row.facts.hop}`);
  }

  open(name: Name): string[] {
    return this.benches[name].open().map(({ kind, hop }) => `${kind}@${hop}`);
  }

  private ask(name: Name): void {
    const bench = this.benches[name];
    for (const other of this.members) {
      if (other === name || this.dead.has(name)) continue;
      if (this.dead.has(other) || this.deaf.has(name)) {
        bench.dispatch({ type: 'peer-missed', name: other, why: 'no answer' });
        continue;
      }
      const { state } = this.benches[other];
      const report = throughTheWire(reportOf(state, healthOf(state, undefined).ok));
      bench.dispatch({ type: 'peer-heard', name: other, report });
    }
  }
}

function throughTheWire(report: PeerReport): PeerReport {
  return parsePeerReport(JSON.parse(JSON.stringify(peerJson(report))));
}
