import type { Command, Event } from '../../src/engine/event.ts';
import { tokenOf } from '../../src/engine/injecting.ts';
import { takeChanges } from '../../src/engine/rows.ts';
import type { EngineState, InjectorState, StreamState } from '../../src/engine/state.ts';
import { step } from '../../src/engine/step.ts';
import { runOf } from '../../src/engine/track.ts';
import { createMemoryLedger, type MemoryLedger } from '../../src/ledger/memory.ts';
import { ProbeError } from '../../src/lib/errors.ts';
import type { Emission, Find } from '../../src/probe.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';
import { restored, startOfTime } from '../engine/harness.ts';
import { sumsAt } from '../engine/identity.ts';
import { configOf } from '../engine/sandbox-config.ts';
import { bookkeepingOf, freezeSettled } from './accounting-comparison.ts';
import { AccountingModel } from './accounting-model.ts';
import { hops, injectorOf, modes, type Operation, specOf, streams } from './accounting-operations.ts';
import type { CanaryModel } from './accounting-verdict.ts';

type Look = Extract<Command, { type: 'look' }>;
type Inject = Extract<Command, { type: 'inject' }>;

export class History {
  now = startOfTime;
  state: EngineState;
  readonly model: AccountingModel;
  ledger: MemoryLedger = createMemoryLedger();
  /** What is wrong, found while applying. */
  readonly faults: string[] = [];
  private readonly random: () => number;
  private looks = new Map<string, Look>();
  private injects = new Map<string, Inject>();
  private readonly leaving = new Map<string, number>();
  private sparing = false;
  private openings = 1;
  private variant = 0;
  private wallOffset = 0;

  private constructor(seed: number, state: EngineState, ledger: MemoryLedger) {
    this.random = seededRandom(seed);
    this.state = state;
    this.ledger = ledger;
    this.model = new AccountingModel(specOf(0), startOfTime);
  }

  static async begin(seed: number): Promise<History> {
    const ledger = createMemoryLedger();
    const state = await restored(modes, configOf({ pipelines: [specOf(0)] }), ledger, 1, startOfTime);
    const history = new History(seed, state, ledger);
    history.tick();
    return history;
  }

  async apply(each: Operation): Promise<void> {
    if ('dt' in each) this.now += each.dt;
    switch (each.kind) {
      case 'receipt':
        this.receipt(each.injector, each.bias);
        break;
      case 'look':
        this.look(each);
        break;
      case 'hook':
        this.hook(each.density);
        break;
      case 'leave':
        this.leaving.set(streams[each.stream] ?? 'a', this.now - 1_000);
        break;
      case 'return':
        this.leaving.delete(streams[each.stream] ?? 'a');
        break;
      case 'wall':
        this.wallOffset = each.offset;
        break;
      case 'rounds':
        for (let round = 0; round < each.count; round++) this.round(each.lossy);
        break;
      case 'commit':
        await this.commit();
        break;
      case 'crash':
        await this.crash(each.downMs, each.variant);
        break;
      case 'reload':
        await this.commit();
        await this.reload();
        break;
    }
    // The identity holds before anything is judged anew, too.
    this.checkIdentity(each.kind);
    this.tick();
  }

  /** Two seconds in which all goes well, but that every seventh canary may be missing. */
  private round(lossy: boolean): void {
    this.now += 2_000;
    this.tick();
    for (const at of [2, 1, 0]) this.receipt(at, 'emitted');
    this.tick();
    this.sparing = lossy;
    const fine = {
      kind: 'look',
      dt: 0,
      density: 1,
      byToken: false,
      lowerMs: 0,
      sinceMs: 0,
      coverage: 'complete',
    } as const;
    for (const hop of hops) {
      this.look({ ...fine, hop });
      this.tick();
    }
    this.hook(1);
    this.sparing = false;
  }

  private dispatch(event: Event): void {
    const commands = step(this.state, event, this.now);
    for (const command of commands) {
      if (command.type === 'look') this.looks.set(command.hop.spec.name, command);
      if (command.type === 'inject') this.granted(command);
    }
    for (const stream of this.state.streamsByNumber.values()) this.skipped(stream, stream.nextSeq);
    const lists = commands.filter((command) => command.type === 'list');
    // The tick that calls for a list has judged before it is answered.
    if (lists.length > 0) {
      this.model.judge(this.now);
      this.freeze();
    }
    for (const { injector } of lists) this.list(injector);
  }

  /** Two ticks that judge, on both sides: the second for what listing has opened. */
  private tick(): void {
    this.state.nextJudgeAt = 0;
    this.dispatch({ type: 'tick', wall: this.now + this.wallOffset });
    this.model.judge(this.now);
    this.freeze();
    this.state.nextJudgeAt = 0;
    this.dispatch({ type: 'tick', wall: this.now + this.wallOffset });
    this.model.judge(this.now);
    this.freeze();
  }

  private granted(command: Inject): void {
    this.injects.set(command.injector.spec.name, command);
    for (const { stream, seq } of command.refs) {
      this.skipped(stream, seq);
      const run = runOf(stream, seq);
      if (run) this.model.grant(stream.key, stream.number, seq, run, command.injector.spec.enters);
    }
  }

  /** Slots that were missed are numbered and withheld without being handed out. */
  private skipped(stream: StreamState, before: number): void {
    const { key, number, injector } = stream;
    for (let seq = this.model.stream(key, number).canaries.length; seq < before; seq++) {
      const run = runOf(stream, seq);
      if (!run) throw new Error(`${key} #${seq} belongs to no run`);
      this.model.grant(key, number, seq, run, injector.spec.enters);
      const canary = this.model.canary(key, seq);
      if (canary) this.model.receipt(canary, 'withheld', this.now, this.now);
    }
  }

  private list(injector: InjectorState): void {
    const keys = streams.filter((key) => injectorOf[key] === injector.spec.name);
    const listed = keys.map((key) => {
      const since = this.leaving.get(key);
      return { key, name: key, labels: {}, ...(since === undefined ? {} : { leavingSince: since }) };
    });
    step(this.state, { type: 'listed', injector, streams: listed }, this.now);
    for (const { key } of listed) {
      const number = [...this.state.streamsByNumber.values()].find((stream) => stream.key === key)?.number ?? 0;
      const stream = this.model.stream(key, number);
      stream.listed = true;
      stream.leavingSince = this.leaving.get(key);
      stream.injector = injector.spec.name;
    }
    this.model.excuseLeaving(injector.spec.name, keys, this.now);
  }

  private receipt(at: number, bias: string): void {
    const command = [...this.injects.values()][at];
    if (!command) return;
    this.injects.delete(command.injector.spec.name);
    const why = new ProbeError('told to fail', { reason: 'rejected' });
    const { injector, refs } = command;
    if (bias === 'error') {
      this.dispatch({ type: 'injected', injector, refs, error: why });
      return;
    }
    const emissions: Emission[] = [];
    const told = this.random() < 0.1 ? refs.slice(0, refs.length / 2) : refs;
    for (const { stream, seq } of told) {
      const canary = this.model.canary(stream.key, seq);
      if (!canary) continue;
      const drawn = bias === 'mixed' ? this.random() : 0;
      if (drawn < 0.7) {
        const nb = Math.min(this.now, canary.planned + Math.floor(this.random() * 400));
        const na = Math.min(this.now, nb + Math.floor(this.random() * 300));
        emissions.push({ state: 'emitted', nb, na: Math.max(nb, na) });
        this.model.receipt(canary, 'emitted', nb, Math.max(nb, na));
      } else if (drawn < 0.85) {
        emissions.push({ state: 'withheld', why });
        this.model.receipt(canary, 'withheld', this.now, this.now);
      } else emissions.push({ state: 'unconfirmed', why });
    }
    this.dispatch({ type: 'injected', injector, refs, emissions });
  }

  private look(each: Extract<Operation, { kind: 'look' }>): void {
    const command = this.looks.get(each.hop);
    if (!command) return;
    this.looks.delete(each.hop);
    const { hop, question } = command;
    if (each.byToken) for (const _ of question.tokens());
    const { ranges, count } = command.asked();
    const base = { type: 'looked' as const, hop, asOf: question.asOf, asked: ranges, askedCount: count, tookMs: 1 };
    if (each.coverage === 'failed' || each.coverage === 'blind') {
      this.model.looked(each.hop, [], false, each.coverage === 'blind', 0);
      const reason = each.coverage === 'blind' ? 'auth' : 'server_error';
      this.dispatch({ ...base, error: new ProbeError('told to fail', { reason }) });
      return;
    }
    const found = this.choose(each.hop, each.density);
    const complete = each.coverage === 'complete';
    const asOf = question.asOf - each.lowerMs;
    const since = each.sinceMs === 0 ? undefined : asOf - each.sinceMs;
    for (const canary of found) this.model.sight(canary, each.hop, this.now, hop.finds === 'unique');
    const covered = complete ? this.model.covered(hop.spec.name, ranges, since ?? 0) : [];
    this.model.looked(each.hop, covered, complete, false, asOf);
    const look = {
      coverage: each.coverage,
      finds: found.map((canary) => this.findOf(canary)),
      ...(each.lowerMs === 0 ? {} : { asOf }),
      ...(since === undefined ? {} : { since }),
      ...(complete ? {} : { why: new ProbeError('a page was cut', { reason: 'partial' }) }),
    };
    this.dispatch({ ...base, look: look as { coverage: 'complete'; finds: Find[] } });
  }

  private hook(share: number): void {
    const found = this.choose('alert', share);
    for (const canary of found) this.model.sight(canary, 'alert', this.now, false);
    this.dispatch({ type: 'hooked', hop: 'alert', finds: found.map((canary) => this.findOf(canary)) });
  }

  /** Canaries that may be seen at a hop now, in any order, some of them again. */
  private choose(hop: string, share: number): CanaryModel[] {
    const found: CanaryModel[] = [];
    for (const { canaries } of this.model.books.streams.values()) {
      for (const canary of canaries) {
        const place = canary.places.get(hop);
        // Not from the future, and nothing settled; what has been seen rarely comes again.
        if (this.now < canary.nb || !place || place.frozen || (this.sparing && canary.seq % 7 === 3)) continue;
        if (this.random() < (place.seen === 'direct' ? 0.01 : share)) found.push(canary);
      }
    }
    return found.sort(() => this.random() - 0.5);
  }

  private findOf({ stream, seq }: CanaryModel): Find {
    const real = [...this.state.streamsByNumber.values()].find((each) => each.key === stream);
    return { token: (real && tokenOf(this.state, real, seq)) ?? '', kind: 'line' };
  }

  private async commit(): Promise<void> {
    const changes = takeChanges(this.state);
    await this.ledger.commit(changes);
    const written = changes.flatMap((change) => (change.op === 'put' && change.table === 'track' ? [change.row] : []));
    const hopIds = new Map(this.state.pipelines[0]?.hops.map((hop) => [hop.spec.name, hop.id]));
    this.model.commit((stream, hop) => written.some((row) => row.stream === stream && row.hop === hopIds.get(hop)));
  }

  /** Commands that were not committed are never carried out: their canaries never existed. */
  private async crash(downMs: number, variant: number): Promise<void> {
    this.now += downMs;
    this.model.crash();
    this.variant = variant;
    this.openings += 1;
    this.ledger = createMemoryLedger(this.ledger.image());
    this.state = await this.restored();
    this.looks = new Map();
    this.injects = new Map();
    this.model.start(specOf(variant), this.now);
    this.model.judge(this.now);
    this.freeze();
  }

  private restored(): Promise<EngineState> {
    return restored(modes, configOf({ pipelines: [specOf(this.variant)] }), this.ledger, this.openings, this.now);
  }

  /** What a start would make of the ledger now is what is in memory. */
  private async reload(): Promise<void> {
    const before = bookkeepingOf(this.state);
    const after = bookkeepingOf(await this.restored());
    for (const [key, value] of Object.entries(before)) {
      // A start folds at once what is final; here it waits for its block's turn.
      const folded = key.includes(' block ') && !(key in after);
      if (!folded && after[key] !== value) this.faults.push(`after a restart ${key} is ${after[key]}, was ${value}`);
    }
  }

  private checkIdentity(after: string): void {
    for (const hop of this.state.pipelines[0]?.hops ?? []) {
      const { expected, sum } = sumsAt(hop);
      if (expected !== sum) this.faults.push(`after ${after}, at ${hop.spec.name}: expected ${expected}, sum ${sum}`);
    }
  }

  private freeze(): void {
    this.faults.push(...freezeSettled(this.state, this.model, this.now));
  }
}
