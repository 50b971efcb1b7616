/** A cluster in memory: nodes with emitters as PROTOCOL.md describes them, between the engine and the pipeline of `Scene`. */
import { readAnswer } from '../../probes/kubernetes/emitter-receipt.ts';
import { composeRequest } from '../../probes/kubernetes/emitter-request.ts';
import { answerFor, failureFor, requestFor } from '../../probes/kubernetes/refill-exchange.ts';
import type { Event } from '../../src/engine/event.ts';
import type { HopState, StreamState } from '../../src/engine/state.ts';
import { LogcanaryError, ProbeError, type Reason } from '../../src/lib/errors.ts';
import type { ListedStream, Look, Question, Refill, RefillAnswer, ScheduleLimits } from '../../src/probe.ts';
import { createFakeEmitter, type FakeEmitter } from '../fakes/kubernetes/fake-emitter.ts';
import { failure, Scene } from './scene.ts';

const secret = 'not-a-real-emitter-secret';

export interface Node {
  emitter: FakeEmitter;
  uid: string;
  held: ListedStream['held'];
  leavingSince: number | undefined;
  /** Lines that already went on to the agent. */
  fed: number;
  agent: 'running' | 'stopped';
  /** So many lines its agent still drops, every second one. */
  drops: number;
}

export const scheduleLimits: ScheduleLimits = {
  horizonMs: 1_800_000,
  refillMs: 300_000,
  maxLines: 2000,
  maxBytes: 480_000,
  concurrency: 8,
  earlyMs: (ahead) => 10 + ahead / 1000,
};

export class ClusterScene extends Scene {
  readonly limits = scheduleLimits;
  readonly nodes = new Map<string, Node>();
  /** Calls about a stream fail with it: before anything is handed over, or after. */
  calls: { fails: Reason; delivered: boolean } | undefined;
  /** Every call that came, as `node:lines`. */
  readonly heard: string[] = [];
  /** UIDs of pods that are still listed beside the one that counts. */
  readonly others = new Set<string>();
  /** Answers lose all but their first line. */
  cut = false;
  /** Nodes that looks leave out. */
  without: readonly string[] = [];
  protected now = 0;
  private uids = 0;

  join(...names: string[]): void {
    for (const name of names) this.nodes.set(name, this.start());
  }

  /** Another pod on the same node. */
  replacePod(name: string): void {
    const node = this.node(name);
    Object.assign(node, this.start());
  }

  node(name: string): Node {
    const found = this.nodes.get(name);
    if (!found) throw new Error(`no node ${name}`);
    return found;
  }

  /** Everything that node printed in this pod's life. */
  printed(name: string): readonly string[] {
    return this.node(name).emitter.printed.map(({ text }) => text);
  }

  private start(): Node {
    const emitter = createFakeEmitter(secret, () => this.now);
    return {
      emitter,
      uid: `pod-${this.uids++}`,
      held: undefined,
      leavingSince: undefined,
      fed: 0,
      agent: 'running',
      drops: 0,
    };
  }

  override list(): readonly ListedStream[] | LogcanaryError {
    if (this.listing) return failure(this.listing);
    return [...this.nodes].map(([name, { held, leavingSince, uid, emitter }]) => ({
      ...{ key: name, name, labels: { node: name, zone: name.slice(0, 1) }, taker: `${uid}/${emitter.incarnation}` },
      ...(held === undefined ? {} : { held }),
      ...(leavingSince === undefined ? {} : { leavingSince }),
    }));
  }

  override look(hop: HopState, question: Question, now: number): Look | LogcanaryError {
    const look = super.look(hop, question, now);
    return look instanceof LogcanaryError ? look : { ...look, without: this.without };
  }

  refill(stream: StreamState, refill: Refill, now: number): RefillAnswer | LogcanaryError {
    this.now = now;
    const node = this.nodes.get(stream.key);
    if (!node) return failure('not_found');
    const emitter = { uid: node.uid, exists: (uid: string) => uid === node.uid || this.others.has(uid) };
    try {
      return this.exchange(node, emitter, refill, now);
    } catch (error) {
      if (error instanceof LogcanaryError) return error;
      throw error;
    }
  }

  private exchange(node: Node, emitter: Parameters<typeof requestFor>[0], refill: Refill, now: number): RefillAnswer {
    if (this.calls !== undefined && !this.calls.delivered)
      return failureFor(emitter, refill, failure(this.calls.fails));
    const request = requestFor(emitter, refill);
    this.heard.push(`${refill.stream}:${request.lines.length}`);
    const said = node.emitter.call(composeRequest(secret, request).toString());
    const answer = readAnswer(this.cut ? said.slice(0, said.indexOf('\n') + 1) : said);
    if (this.calls !== undefined) return failureFor(emitter, refill, failure(this.calls.fails));
    if (answer === undefined) throw new ProbeError('no answer', { reason: 'bad_answer' });
    const dated = { ...answer, askedAt: now, answeredAt: now, way: 'proxy' as const, words: [answer.word] };
    return answerFor(emitter, refill, dated, now);
  }

  /** Lets time pass while nobody of ours is there. */
  passAlone(from: number, ms: number): void {
    for (let at = from; at < from + ms; at += 1_000) this.advance(at);
  }

  override advance(now: number): readonly Event[] {
    this.now = now;
    for (const [name, node] of this.nodes) this.print(name, node);
    return super.advance(now);
  }

  /** What is due there goes out, and on to the node's agent. */
  protected print(_name: string, node: Node): void {
    node.emitter.run();
    if (node.agent === 'stopped') return;
    node.emitter.printed.slice(node.fed).forEach(({ text, at }, index) => {
      const dropped = node.drops > 0 && (node.fed + index) % 2 === 0;
      if (dropped) node.drops -= 1;
      else this.feed('emitter', text, at);
    });
    node.fed = node.emitter.printed.length;
  }
}
