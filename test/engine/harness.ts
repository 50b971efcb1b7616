/** The real `step` under a virtual clock, with a ledger in memory and a world made by the test: hours in milliseconds. */
import type { IncidentFacts } from '../../src/core/incident.ts';
import type { OutboxRow, VerdictRow } from '../../src/core/ledger.ts';
import type { Config } from '../../src/core/pipeline.ts';
import type { Command, Event } from '../../src/engine/event.ts';
import { recalled, recheckQuestion } from '../../src/engine/rechecking.ts';
import { type ObserverInfo, restore } from '../../src/engine/restore.ts';
import { takeChanges } from '../../src/engine/rows.ts';
import type { CheckState, EngineState, HopState, InjectorState, StreamState } from '../../src/engine/state.ts';
import { nextWake, step } from '../../src/engine/step.ts';
import { createMemoryLedger, type MemoryLedger } from '../../src/ledger/memory.ts';
import { LogcanaryError, ProbeError } from '../../src/lib/errors.ts';
import { createSigner } from '../../src/lib/signer.ts';
import type {
  BatchLine,
  CheckResult,
  Emission,
  ListedStream,
  Look,
  Question,
  RecheckQuestion,
  Refill,
  RefillAnswer,
  ScheduleLimits,
} from '../../src/probe.ts';

export const signer = createSigner([{ id: 'a1', secret: 'correct horse battery staple' }]);
/** A round hour, far from any real one. */
export const startOfTime = 1_800_000_000_000;

/** What the engine's commands meet. An error returned is the call's failure. Times are virtual. */
export interface World {
  list(injector: InjectorState): readonly ListedStream[] | LogcanaryError;
  inject(injector: InjectorState, lines: readonly BatchLine[], now: number): readonly Emission[] | LogcanaryError;
  /** Of an injector that is handed schedules. */
  refill?(stream: StreamState, refill: Refill, now: number): RefillAnswer | LogcanaryError;
  limits?: ScheduleLimits;
  look(hop: HopState, question: Question, now: number): Look | LogcanaryError;
  /** Of an observer that can be asked again, as `observer` says. */
  recheck?(hop: HopState, question: RecheckQuestion, now: number): Look | LogcanaryError;
  check(check: CheckState, now: number): CheckResult | LogcanaryError;
  notify(row: OutboxRow): LogcanaryError | undefined;
  /** What a channel that took a message gives back for it. */
  receipt?(row: OutboxRow): string | undefined;
  /** Told before each step, so that lines move. May give back events of its own (hooks). */
  advance(now: number): readonly Event[];
  observer(hop: string): Pick<ObserverInfo, 'mode' | 'finds' | 'recheck'>;
}

export interface Sent {
  readonly at: number;
  readonly row: OutboxRow;
  readonly accepted: boolean;
  /** What it was given of an earlier one. */
  readonly receipt: string | undefined;
}

interface Due {
  readonly at: number;
  readonly event: () => Event;
}

const nobody = new ProbeError('There is nobody to take schedules.', { reason: 'internal' });
const longestSleepMs = 250;
const callMs = 20;

export class Bench {
  readonly world: World;
  config: Config;
  ledger: MemoryLedger = createMemoryLedger();
  state: EngineState;
  now = startOfTime;
  /** Wall clock minus T. */
  wallOffset = 0;
  /** Everything ever handed to a channel. */
  readonly sent: Sent[] = [];
  /** Commands are dropped after their commit, as by a crash. */
  deaf = false;
  /** It sleeps no longer; longer makes days cheap. */
  wakeEveryMs = longestSleepMs;
  /** Called after each commit. */
  onCommit: (bench: Bench) => void = () => {};
  private due: Due[] = [];
  private openings = 0;

  private constructor(world: World, config: Config, state: EngineState) {
    this.world = world;
    this.config = config;
    this.state = state;
  }

  /** `openings` before the first make it another logcanary than that of other benches of the same world. */
  static async open(world: World, config: Config, openings = 0): Promise<Bench> {
    const ledger = createMemoryLedger();
    const bench = new Bench(world, config, await restored(world, config, ledger, openings + 1, startOfTime));
    bench.ledger = ledger;
    bench.openings = openings + 1;
    return bench;
  }

  /** Lets time pass as the runtime does: wakes when something is due, commits, carries out. */
  run(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      const tickAt = Math.max(this.now + 10, nextWake(this.state, this.wakeEveryMs));
      const dueAt = Math.min(...this.due.map((due) => due.at));
      this.now = Math.max(this.now, Math.min(end, tickAt, dueAt));
      for (const event of this.world.advance(this.now)) this.dispatch(event);
      const ready = this.due.filter((due) => due.at <= this.now);
      this.due = this.due.filter((due) => due.at > this.now);
      for (const { event } of ready) this.dispatch(event());
      this.dispatch({ type: 'tick', wall: this.now + this.wallOffset });
    }
  }

  /** Runs until something is true; false when that did not come about within `ms`. */
  runUntil(ms: number, condition: () => boolean): boolean {
    const end = this.now + ms;
    while (this.now < end && !condition()) this.run(Math.min(100, end - this.now));
    return condition();
  }

  dispatch(event: Event): void {
    const commands = step(this.state, event, this.now);
    const changes = takeChanges(this.state);
    if (changes.length > 0) {
      // The memory ledger applies at once; only its answer is a promise.
      void this.ledger.commit(changes);
      this.onCommit(this);
    }
    if (this.deaf) return;
    for (const command of commands) this.carryOut(command);
  }

  /** Dies and comes back `downMs` later with what the ledger holds, perhaps with another configuration. */
  async restart(downMs = 0, config: Config = this.config): Promise<void> {
    this.now += downMs;
    this.config = config;
    this.due = [];
    this.deaf = false;
    this.openings += 1;
    this.ledger = createMemoryLedger(this.ledger.image());
    this.state = await restored(this.world, config, this.ledger, this.openings, this.now);
  }

  open(kind?: string): IncidentFacts[] {
    return [...this.state.open.values()].map(({ facts }) => facts).filter((facts) => !kind || facts.kind === kind);
  }

  /** `kind@hop` of every incident there ever was. */
  history(): string[] {
    const all = [...this.state.open.values(), ...this.state.resolved];
    return all.sort((a, b) => a.number - b.number).map(({ facts }) => `${facts.kind}@${facts.hop}`);
  }

  /** What a channel accepted, in order: `trigger stopped@index`. */
  told(notifier: string): string[] {
    const taken = this.sent.filter((sent) => sent.row.notifier === notifier && sent.accepted);
    return taken.map(({ row }) => `${row.action} ${row.facts.kind}@${row.facts.hop}`);
  }

  private carryOut(command: Command): void {
    this.due.push({ at: this.now + callMs, event: this.answer(command) });
  }

  private answer(command: Command): () => Event {
    switch (command.type) {
      case 'list': {
        const { injector } = command;
        const streams = this.world.list(injector);
        return () =>
          streams instanceof LogcanaryError
            ? { type: 'list-failed', injector, error: streams }
            : { type: 'listed', injector, streams };
      }
      case 'inject': {
        const { injector, refs } = command;
        const emissions = this.world.inject(injector, command.lines, this.now);
        return () => ({
          type: 'injected',
          injector,
          refs,
          ...(emissions instanceof LogcanaryError ? { error: emissions } : { emissions }),
        });
      }
      case 'refill': {
        const { stream, refill } = command;
        const answer = this.world.refill?.(stream, refill, this.now) ?? nobody;
        return () => ({
          type: 'refilled',
          stream,
          refill,
          ...(answer instanceof LogcanaryError ? { error: answer } : { answer }),
        });
      }
      case 'look':
        return this.lookAnswer(command);
      case 'recheck':
        return this.recheckAnswer(command);
      case 'check': {
        const { check } = command;
        const result = this.world.check(check, this.now);
        return () => ({
          type: 'checked',
          check,
          ...(result instanceof LogcanaryError ? { error: result } : { result }),
        });
      }
      case 'notify': {
        const { row, receipt } = command;
        const error = this.world.notify(row);
        this.sent.push({ at: this.now, row, accepted: error === undefined, receipt });
        return () => ({
          type: 'notified',
          id: row.id,
          ...(error ? { error } : { receipt: this.world.receipt?.(row) }),
        });
      }
    }
  }

  private recheckAnswer({ hop, picked, asOf }: Extract<Command, { type: 'recheck' }>): () => Event {
    const asked = recalled(hop, picked.refs, (where) => this.verdictRow(where));
    const question = recheckQuestion(this.state, asked, asOf, picked.at);
    const answer = this.world.recheck?.(hop, question, this.now) ?? nobody;
    const outcome = answer instanceof LogcanaryError ? { error: answer } : { look: answer };
    return () => ({ type: 'rechecked', hop, picked, asked, ...outcome });
  }

  private verdictRow({ stream, hop, block }: Pick<VerdictRow, 'stream' | 'hop' | 'block'>): VerdictRow | undefined {
    const { verdict } = this.ledger.image().rows;
    return verdict.find((row) => row.stream === stream && row.hop === hop && row.block === block);
  }

  private lookAnswer(command: Extract<Command, { type: 'look' }>): () => Event {
    const { hop, question } = command;
    const answer = this.world.look(hop, question, this.now);
    return () => {
      const { ranges, count } = command.asked();
      const outcome = answer instanceof LogcanaryError ? { error: answer } : { look: answer };
      return { type: 'looked', hop, asOf: question.asOf, asked: ranges, askedCount: count, tookMs: callMs, ...outcome };
    };
  }
}

/** A state as a start would build it from what the ledger holds. */
export async function restored(
  world: Pick<World, 'observer' | 'limits'>,
  config: Config,
  ledger: MemoryLedger,
  opening: number,
  now: number,
): Promise<EngineState> {
  return restore({
    config,
    contents: await ledger.load(),
    signer,
    signingKey: signer.first,
    writer: 1000 + opening,
    seed: 17 * opening,
    now,
    wall: now,
    observer: (_, hop) => ({ ...world.observer(hop.name), target: `${hop.name}:1`, runbook: {} }),
    injector: () => ({ target: 'here', runbook: {}, ...(world.limits === undefined ? {} : { limits: world.limits }) }),
    check: (_, name) => ({ target: `${name}:1`, runbook: {} }),
  });
}
