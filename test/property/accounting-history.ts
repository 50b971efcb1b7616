/** A random history, told to the real engine and to the model alike. */
import fc from 'fast-check';
import { codeCount, emission, impliedBit, verdictOfCode } from '../../src/core/block.ts';
import type { PipelineSpec } from '../../src/core/pipeline.ts';
import { verdicts } from '../../src/core/verdict-name.ts';
import type { Command, Event } from '../../src/engine/event.ts';
import { tokenOf } from '../../src/engine/injecting.ts';
import { takeChanges } from '../../src/engine/rows.ts';
import type { EngineState, HopState, InjectorState } from '../../src/engine/state.ts';
import { step } from '../../src/engine/step.ts';
import { blockOf, codeAt, emissionAt, lingerMs, runOf } from '../../src/engine/track.ts';
import { emissionCounts, verdictCounts } from '../../src/engine/view.ts';
import { createMemoryLedger, type MemoryLedger } from '../../src/ledger/memory.ts';
import { ProbeError } from '../../src/lib/errors.ts';
import type { Emission, Find } from '../../src/probe.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';
import { restored, startOfTime } from '../engine/harness.ts';
import { sumsAt } from '../engine/identity.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from '../engine/sandbox-config.ts';
import { AccountingModel, type CanaryModel } from './accounting-model.ts';

const dt = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 4_900 }) },
  { weight: 3, arbitrary: fc.integer({ min: 5_000, max: 90_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(3_600_000, 80 * 3_600_000) },
);
const density = fc.constantFrom(0, 0.2, 0.9, 1, 1, 1);
const hops = ['stream', 'index', 'archive', 'alert'];

const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('pass' as const), dt }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('receipt' as const),
      dt: fc.integer({ min: 0, max: 2_000 }),
      injector: fc.nat(2),
      bias: fc.constantFrom('emitted', 'emitted', 'emitted', 'mixed', 'error'),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('look' as const),
      dt: fc.integer({ min: 0, max: 1_000 }),
      hop: fc.constantFrom(...hops),
      coverage: fc.constantFrom('complete', 'complete', 'complete', 'complete', 'partial', 'failed', 'blind'),
      density,
      byToken: fc.boolean(),
      lowerMs: fc.constantFrom(0, 0, 500, 20_000),
      sinceMs: fc.constantFrom(0, 0, 0, 3_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('hook' as const), dt: fc.nat(500), density }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), stream: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('return' as const), stream: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wall' as const), offset: fc.integer({ min: -1e7, max: 1e7 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('rounds' as const), count: fc.integer({ min: 3, max: 14 }), lossy: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), downMs: fc.constantFrom(0, 1, 30_000), variant: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('reload' as const) }) },
);
export const operations = fc.array(operation, { minLength: 20, maxLength: 60 });
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Streams a and b of one injector, c of another, d enters at the index. */
const streams = ['a', 'b', 'c', 'd'];
const injectorOf: Readonly<Record<string, string>> = { a: 'ab', b: 'ab', c: 'c', d: 'd' };

function specOf(variant: number): PipelineSpec {
  const sample = { take: 1, of: variant === 1 ? 3 : 20 };
  return sandboxPipeline({
    inject: [
      injectSpec({ name: 'ab', everyMs: 97, maxPerSecond: 1e6 }),
      injectSpec({ name: 'c', everyMs: 211, maxPerSecond: 1e6, shapes: ['plain', 'burst'] }),
      injectSpec({ name: 'd', everyMs: 150, maxPerSecond: 1e6, enters: 'index' }),
    ],
    hops: [
      hopSpec({ name: 'stream', withinMs: 3_000, pollMs: 500, timeoutMs: 1_000 }),
      hopSpec({ name: 'index', after: 'stream', withinMs: variant === 2 ? 9_000 : 5_000, pollMs: 500, timeoutMs: 1_000 }),
      hopSpec({ name: 'archive', after: 'stream', withinMs: 8_000, pollMs: 1_000, timeoutMs: 1_000, sample }),
      hopSpec({ name: 'alert', after: 'index', withinMs: 8_000, pollMs: 1_000, timeoutMs: 1_000, sample: { take: 2, of: 5 } }),
    ],
    lostAfterMs: variant === 2 ? 30_000 : 20_000,
  });
}

const modes = {
  observer: (hop: string) => ({
    mode: hop === 'alert' ? ('push' as const) : hop === 'archive' ? ('on-demand' as const) : ('poll' as const),
    finds: hop === 'stream' ? ('unique' as const) : ('repeats' as const),
  }),
};

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
    const fine = { kind: 'look', dt: 0, density: 1, byToken: false, lowerMs: 0, sinceMs: 0, coverage: 'complete' } as const;
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
    const lists = commands.filter((command) => command.type === 'list');
    // The tick that calls for a list has judged before it is answered.
    if (lists.length > 0) {
      this.model.judge(this.now);
      this.freeze();
    }
    for (const { injector } of lists) this.list(injector);
  }

  /** A tick that judges, on both sides. */
  private tick(): void {
    this.state.nextJudgeAt = 0;
    this.dispatch({ type: 'tick', wall: this.now + this.wallOffset });
    this.model.judge(this.now);
    this.freeze();
    // Again, for what listing has opened.
    this.state.nextJudgeAt = 0;
    this.dispatch({ type: 'tick', wall: this.now + this.wallOffset });
    this.model.judge(this.now);
    this.freeze();
  }

  private granted(command: Inject): void {
    this.injects.set(command.injector.spec.name, command);
    for (const { stream, seq } of command.refs) {
      const run = runOf(stream, seq);
      if (run) this.model.grant(stream.key, stream.number, seq, run, command.injector.spec.enters);
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
    }
    const all = [...this.model.books.streams.values()].filter((stream) => stream.listed);
    const going = all.filter((stream) => stream.leavingSince !== undefined);
    if (all.length > 1 && going.length * 2 > all.length) return;
    for (const { key } of listed) {
      const since = this.leaving.get(key);
      if (since !== undefined) this.model.excuse(key, since);
    }
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
    const covered = complete ? this.covered(hop, ranges, since ?? 0) : [];
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

  private covered(hop: HopState, ranges: readonly { stream: { key: string }; from: number; to: number }[], since: number) {
    const covered: CanaryModel[] = [];
    for (const { stream, from, to } of ranges) {
      let seq = from;
      while (seq <= to && since > 0 && (this.model.canary(stream.key, seq)?.nb ?? 0) < since) seq += 1;
      for (; seq <= to; seq++) {
        const canary = this.model.canary(stream.key, seq);
        if (canary?.places.has(hop.spec.name)) covered.push(canary);
      }
    }
    return covered;
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
    this.model.commit(
      (stream, hop) => written.some((row) => row.stream === stream && row.hop === hopIds.get(hop)),
    );
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

  /** Whatever the engine has folded away must be final; from then on the model leaves it alone, too. */
  private freeze(): void {
    for (const stream of this.state.streamsByNumber.values()) {
      const canaries = this.model.books.streams.get(stream.key)?.canaries ?? [];
      for (const track of stream.tracks) {
        for (const canary of canaries) {
          const place = canary.places.get(track.hop.spec.name);
          if (!place || place.frozen || codeAt(track, canary.seq) !== undefined) continue;
          place.frozen = true;
          const over = this.now >= canary.planned + place.lostAfterMs + lingerMs;
          if (place.seen === 'no' && !over) {
            this.faults.push(`${canary.stream} #${canary.seq} was settled at ${place.hop} as ${place.verdict}`);
          }
          if (canaries.length < (blockOf(canary.seq) + 1) * 256) {
            this.faults.push(`${canary.stream} #${canary.seq} was settled at ${place.hop} in a block that is not full`);
          }
        }
      }
    }
  }
}

/** Everything that must survive a restart, by name. */
function bookkeepingOf(state: EngineState): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const hop of state.pipelines[0]?.hops ?? []) {
    all[`counters at ${hop.spec.name}`] = JSON.stringify(hop.counters);
    all[`first sighting at ${hop.spec.name}`] = hop.firstSightedAt;
    all[`absorbed at ${hop.spec.name}`] = hop.absorbBefore;
    all[`sums at ${hop.spec.name}`] = JSON.stringify([sumsAt(hop), verdictCounts(hop.tracks)]);
  }
  for (const stream of state.streamsByNumber.values()) {
    all[`${stream.key} stream`] = JSON.stringify([stream.nextSeq, stream.leavingSince, stream.openedAt, stream.runs]);
    all[`${stream.key} emissions`] = JSON.stringify(emissionCounts([stream]));
    for (const track of stream.tracks) {
      const at = `${stream.key} at ${track.hop.spec.name}`;
      const codes = Array.from({ length: codeCount }, (_, code) => (track.folded[code] ?? 0) + (track.live[code] ?? 0));
      all[`${at} codes`] = codes.slice(1).join();
      all[`${at} seen`] = JSON.stringify([track.lastSeenAt, track.newestSeenSeq]);
      for (const block of track.blocks.values()) {
        all[`${at} block ${block.index}`] = block.codes.join();
      }
    }
    for (const block of stream.emission.values()) {
      const proven = Array.from(block.states, (code, i) => (code === emission.emitted ? [block.nb[i], block.na[i]] : []));
      all[`${stream.key} emission block ${block.index}`] = JSON.stringify([Array.from(block.states), proven]);
    }
  }
  all.incidents = JSON.stringify([...state.open.values()].map(({ number, notified }) => [number, notified]));
  all.resolved = JSON.stringify(state.resolved.map(({ number, notified }) => [number, notified]));
  all.outbox = JSON.stringify([...state.outbox.values()].map(({ row }) => row));
  return all;
}

/** Where engine and model differ now; empty when they agree. */
export function describeFailure({ state, model, now, faults }: History): string[] {
  const found = [...faults];
  for (const hop of state.pipelines[0]?.hops ?? []) {
    const { name } = hop.spec;
    const counts = verdictCounts(hop.tracks);
    const wanted = model.counts(name);
    for (const verdict of verdicts) {
      if (counts[verdict] !== wanted[verdict]) {
        found.push(`${name}: ${counts[verdict]} ${verdict}, the model has ${wanted[verdict]}`);
      }
    }
    const entered: Readonly<Record<string, number>> = hop.counters.entered;
    for (const [what, count] of Object.entries(model.state(name).entered)) {
      if (entered[what] !== count) found.push(`${name}: entered ${what} ${entered[what]}, the model has ${count}`);
    }
  }
  for (const stream of state.streamsByNumber.values()) {
    for (const canary of model.books.streams.get(stream.key)?.canaries ?? []) {
      for (const track of stream.tracks) {
        const place = canary.places.get(track.hop.spec.name);
        const code = codeAt(track, canary.seq);
        if (code === undefined) continue;
        const shown = `${canary.stream} #${canary.seq} at ${track.hop.spec.name}`;
        if (verdictOfCode(code) !== place?.verdict) {
          found.push(`${shown} is ${verdictOfCode(code)}, the model has ${place?.verdict} at T ${now}`);
        }
        if (code > impliedBit !== (place?.seen === 'implied')) found.push(`${shown} is implied or not: ${code}`);
      }
      const sent = emissionAt(stream, canary.seq);
      const name = sent && ['unconfirmed', 'emitted', 'withheld'][sent.state];
      if (name !== undefined && name !== canary.emission) found.push(`${canary.stream} #${canary.seq} is ${name}`);
    }
  }
  return found.slice(0, 8);
}

