/** What emitters print becomes the truth; and what logcanary says of it, canary by canary, is held against that. */
import { blockSize, emission } from '../../src/core/block.ts';
import { readToken } from '../../src/core/token.ts';
import type { EngineState, StreamState } from '../../src/engine/state.ts';
import { emissionAt } from '../../src/engine/track.ts';
import type { Watchdog } from './watchdog.ts';

/** What was last seen of a block. */
interface Shadow {
  readonly states: Uint8Array;
  readonly nb: Float64Array;
  readonly na: Float64Array;
}

export class Printing {
  private readonly host: Watchdog;
  private shadows = new Map<string, Shadow>();
  /** One complaint about a canary is enough. */
  private readonly complained = new Set<string>();
  /** Went out while the watchdog was down: held against what it says as soon as it is back. */
  private unheard: { readonly stream: number; readonly seq: number }[] = [];

  constructor(host: Watchdog) {
    this.host = host;
  }

  /** A line went to the container's log of a node. */
  printed(key: string, text: string, begun: number, ended: number): void {
    const { world, auditor, alerter, state } = this.host;
    const token = text.slice(10, 62);
    const fields = readToken(token);
    if (!fields) {
      auditor.complain('printed-nonsense', text.slice(0, 80));
      return;
    }
    const { stream, seq } = fields;
    if (world.truthOf(stream, seq)) auditor.complain('printed-twice', `${key} #${seq}`);
    world.emit(stream, key, seq, token, ended, begun);
    for (const post of world.posts.splice(0)) alerter.post(post, post.at);
    if (state) this.notWithheld(state, stream, seq);
    else this.unheard.push({ stream, seq });
  }

  private notWithheld({ streamsByNumber }: EngineState, number: number, seq: number): void {
    const stream = streamsByNumber.get(number);
    if (!stream || seq >= stream.nextSeq) this.host.auditor.complain('printed-but-not-granted', `${number} #${seq}`);
    else if (emissionAt(stream, seq)?.state === emission.withheld)
      this.host.auditor.complain('printed-though-withheld', `${stream.key} #${seq}`);
  }

  /** A state rebuilt from rows: all that it says is held against the truth again. */
  rebuilt(state: EngineState): void {
    for (const { stream, seq } of this.unheard.splice(0)) this.notWithheld(state, stream, seq);
    this.shadows.clear();
    for (const stream of state.streamsByNumber.values())
      for (const index of stream.emission.keys()) this.block(stream, index);
  }

  /** Before changes are taken. */
  audit(stream: StreamState): void {
    for (const index of stream.changedBlocks) this.block(stream, index);
  }

  private block(stream: StreamState, index: number): void {
    const key = `${stream.number} ${index}`;
    const block = stream.emission.get(index);
    if (!block) {
      this.shadows.delete(key);
      return;
    }
    let shadow = this.shadows.get(key);
    if (!shadow) {
      shadow = { states: new Uint8Array(blockSize), nb: new Float64Array(blockSize), na: new Float64Array(blockSize) };
      this.shadows.set(key, shadow);
    }
    const { states, nb, na } = shadow;
    for (let i = 0; i < blockSize; i++) {
      const [state, from, to] = [block.states[i] ?? 0, block.nb[i] ?? 0, block.na[i] ?? 0];
      if (state === states[i] && from === nb[i] && to === na[i]) continue;
      if (states[i] === emission.emitted && state !== emission.emitted)
        this.host.auditor.complain('emission-taken-back', `${stream.key} #${index * blockSize + i}`);
      [states[i], nb[i], na[i]] = [state, from, to];
      this.canary(stream, index * blockSize + i, state);
    }
  }

  private canary(stream: StreamState, seq: number, state: number): void {
    const { world, readings } = this.host;
    const truth = world.truthOf(stream.number, seq);
    const name = `${stream.key} #${seq}`;
    if (state === emission.withheld && truth) this.complain('withheld-but-printed', name);
    if (state !== emission.emitted) return;
    if (!truth) {
      this.complain('emitted-but-not-printed', name);
      return;
    }
    const { nb = 0, na = 0 } = emissionAt(stream, seq) ?? {};
    const may = readings(truth.emitted);
    const took = truth.emitted - (truth.begun ?? truth.emitted);
    if (may.some((ended) => ended - took >= nb && ended <= na)) return;
    const [ended = 0] = may;
    const outside = `out from ${ended - took - nb} ms after nb to ${na - ended} ms before na`;
    this.complain('emission-interval', name, outside);
  }

  private complain(rule: string, name: string, detail?: string): void {
    const key = `${rule} ${name}`;
    if (!this.complained.has(key)) this.host.auditor.complain(rule, detail === undefined ? name : `${name}: ${detail}`);
    this.complained.add(key);
  }
}
