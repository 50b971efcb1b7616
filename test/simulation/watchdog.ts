/**
 * Runs the real engine the way `src/engine/runtime.ts` does, on virtual time: step, commit, then carry out; with crashes,
 * refused and doubtful commits, lost receipts and late answers wherever they can happen.
 */
import type { Change } from '../../src/core/ledger.ts';
import type { Command, Event } from '../../src/engine/event.ts';
import { takeChanges } from '../../src/engine/rows.ts';
import type { EngineState } from '../../src/engine/state.ts';
import { nextWake, step } from '../../src/engine/step.ts';
import { Alerter } from './alerter.ts';
import { Auditor } from './auditor.ts';
import { Calls } from './calls.ts';
import { type Arming, CommitFate } from './commit-fate.ts';
import { Dice } from './dice.ts';
import { EventQueue } from './event-queue.ts';
import { Gazette } from './gazette.ts';
import { JoinedCommits } from './joined-commits.ts';
import { LedgerTime } from './ledger-time.ts';
import { MaintenanceBook } from './maintenance.ts';
import { withNights } from './night.ts';
import type { Plan } from './plan.ts';
import { prepare } from './prepare.ts';
import { Printing } from './printing.ts';
import { Refilling } from './refilling.ts';
import { modeOf, type Pace, paceOf, restored } from './setting.ts';
import type { Storage } from './storage.ts';
import { Suspension } from './suspension.ts';
import type { Times } from './truth-test.ts';
import { Weather } from './weather.ts';
import { World } from './world.ts';

const never = Number.POSITIVE_INFINITY;
/** The runtime looks around every 250 ms; where nothing is due in between, this says the same with less work. */
export const longestSleepMs = 15_000;
export class Watchdog implements Times {
  readonly plan: Plan;
  readonly pace: Pace;
  readonly world: World;
  readonly auditor: Auditor;
  readonly gazette: Gazette;
  readonly maintenance: MaintenanceBook;
  now = 0;
  /** Undefined while it is down. */
  state: EngineState | undefined;
  restarts = 0;
  steps = 0;
  /** Looks that failed or were cut short, by hop: when. */
  readonly troubledLooks: { readonly hop: string; readonly at: number }[] = [];
  /** Stretches in which the watchdog was down or could not commit. */
  readonly away: { readonly from: number; to: number }[] = [];
  readonly dice: Dice;
  private readonly calls: Calls;
  readonly alerter: Alerter;
  readonly weather: Weather;
  private readonly storage: Storage;
  readonly suspension: Suspension;
  readonly printing: Printing;
  /** In worlds with a cluster. */
  readonly refilling: Refilling | undefined;
  readonly queue = new EventQueue();
  epoch = 0;
  private commands: Command[] = [];
  flushing = false;
  private readonly joined: JoinedCommits;
  ledgerStuck = false;
  armed: { readonly kind: Arming; readonly downMs: number } | undefined;
  private pendingCommit: Promise<void> | undefined;
  private readonly time = new LedgerTime();
  private readonly fate = new CommitFate(this);
  committed: ReturnType<Auditor['snapshot']> | undefined;

  constructor(plan: Plan, storage: Storage) {
    this.plan = plan;
    this.pace = paceOf(plan);
    this.storage = storage;
    this.suspension = new Suspension(this);
    this.joined = new JoinedCommits(storage.kind === 'memory');
    this.dice = new Dice(plan.seed);
    this.weather = new Weather(withNights(plan), this.dice);
    this.world = new World(plan, this.weather, this.dice);
    this.auditor = new Auditor(this.world, this, this.pace);
    this.auditor.truth.isPolled = (hop) => modeOf(plan, hop) === 'poll';
    this.maintenance = new MaintenanceBook(this);
    this.gazette = new Gazette(this.auditor, this, this.maintenance);
    this.printing = new Printing(this);
    this.refilling = plan.cluster ? new Refilling(this) : undefined;
    if (this.refilling) this.auditor.printing = this.printing;
    this.calls = new Calls(this);
    this.alerter = new Alerter(this);
  }

  toT = (at: number): number => this.time.toT(at);

  fromT = (t: number): number => this.time.fromT(t);

  readings = (at: number): readonly number[] => this.time.readings(at);

  private wall(): number {
    const stepped = this.weather.now('clock-stepped', this.now);
    return this.time.wall(this.now, stepped ? stepped.share || 0.5 : 0);
  }

  async run(until: number): Promise<void> {
    this.refilling?.begin();
    for (const spell of this.weather.spells) prepare(this, spell);
    await this.start();
    await this.live(until);
    this.commitJoined();
  }

  private async live(until: number): Promise<void> {
    while (this.now < until) {
      this.advance(until);
      if (this.pendingCommit) {
        await this.pendingCommit;
        this.pendingCommit = undefined;
      }
      if (!this.state && this.queue.nextAt > this.downUntil) {
        this.now = Math.max(this.now, this.downUntil);
        await this.start();
      }
    }
  }

  private downUntil = 0;

  private advance(until: number): void {
    const { queue } = this;
    while (this.now < until && !this.pendingCommit) {
      const state = this.state;
      if (!state && queue.nextAt > this.downUntil) return;
      const tickAt = state && !this.ledgerStuck ? this.nextTick(state) : never;
      const at = Math.min(tickAt, queue.nextAt, until);
      this.now = Math.max(this.now, at);
      if (queue.nextAt <= this.now) queue.pop()?.fire();
      else if (at === tickAt) this.dispatch({ type: 'tick', wall: this.wall() });
    }
  }

  private nextTick(state: EngineState): number {
    // Lists and refills keep their own pace.
    let wake = nextWake(state, longestSleepMs * (this.plan.cluster ? 1 : this.pace.scale));
    // What is due already waits for another one before it.
    for (const { row, inFlight } of state.outbox.values())
      if (!inFlight && row.nextAt > state.now) wake = Math.min(wake, row.nextAt);
    return Math.max(this.now + 10, this.time.fromT(wake), this.suspension.until);
  }

  private async start(): Promise<void> {
    if (this.restarts > 0) await this.storage.reopen();
    this.refilling?.nodes.begin();
    this.restarts += 1;
    const contents = await this.storage.load();
    const wall = this.wall();
    const state = restored(this.plan, contents, this.dice, this.restarts, this.time.start(this.now, wall), wall);
    const down = this.away.at(-1);
    if (down && down.to === never) down.to = this.now;
    this.state = state;
    this.auditor.watch(state);
    this.startedAt = this.now;
    this.auditor.truth.hearsSince = this.now;
    if (this.restarts > 1) {
      // A look that was answered but not committed never was.
      this.auditor.truth.completeAsOf.clear();
      this.auditor.rebuilt(state, this.committed ?? this.auditor.snapshot());
      this.gazette.rebuilt(state);
    }
    this.committed = undefined;
    if (this.storage.kind === 'sqlite' && !(await this.storage.refusesSecondOwner()))
      this.auditor.complain('two-owners', 'a second owner could open the ledger');
  }

  startedAt = 0;

  /** What waits for a promise goes on before the simulation's time does. */
  letSettle(): void {
    const rest = () => new Promise<void>((resolve) => setImmediate(resolve));
    this.pendingCommit = this.pendingCommit?.then(rest) ?? rest();
  }

  crash(downMs: number): void {
    if (!this.state) return;
    if (!this.flushing) this.commitJoined();
    this.epoch += 1;
    this.suspension.end();
    this.state = undefined;
    this.commands = [];
    this.flushing = false;
    this.ledgerStuck = false;
    this.armed = undefined;
    this.alerter.forgotten();
    this.downUntil = this.now + downMs;
    this.away.push({ from: this.now, to: never });
    this.time.end(this.now);
  }

  // ------------------------------------------------------------------------------------------------- the runtime

  dispatch(event: Event): void {
    const { state } = this;
    if (!state) return;
    this.steps += 1;
    this.commands.push(...step(state, event, this.toT(this.now)));
    if (!this.flushing) this.flush(state);
  }

  flush(state: EngineState): void {
    for (;;) {
      const ready = this.commands;
      this.commands = [];
      const fate = this.fate.of(ready);
      if (fate !== 'works') this.committed ??= this.auditor.snapshot();
      this.auditor.audit();
      if (fate === 'works' && !this.armed && this.joined.take(state, this.now)) {
        this.alerter.committed();
        this.carryOutAll(ready);
        return;
      }
      const changes = takeChanges(state);
      if (changes.length === 0) {
        this.committed = undefined;
        this.carryOutAll(ready);
        return;
      }
      if (fate === 'crash-before-commit') {
        this.crash(this.armed?.downMs ?? 0);
        return;
      }
      if (fate !== 'works' && fate !== 'crash-after-commit' && fate !== 'crash-after-effect') {
        this.flushing = true;
        this.fate.commitLater(changes, ready, fate);
        return;
      }
      this.apply(changes);
      if (fate === 'crash-after-commit') this.crash(this.armed?.downMs ?? 0);
      if (!this.state) return;
      this.carryOutAll(ready);
      if (fate === 'crash-after-effect') this.crash(this.armed?.downMs ?? 0);
      if (!this.state) return;
      if (this.commands.length === 0) return;
    }
  }

  /** What waited is committed, as of when it would have been. */
  commitJoined(): void {
    if (this.joined.count === 0 || !this.state) return;
    this.apply(takeChanges(this.state), this.joined.at);
  }

  /** Nobody watched from then until now. */
  watchAgain(from: number): void {
    this.auditor.truth.hearsSince = this.now;
    this.dispatch({ type: 'unwatched', from: this.toT(from) });
  }

  apply(changes: readonly Change[], at = this.now): void {
    this.joined.count = 0;
    const promise = this.storage.commit(changes);
    if (this.storage.kind === 'sqlite') this.pendingCommit = this.pendingCommit?.then(() => promise) ?? promise;
    this.time.persist(at);
    this.alerter.committed();
    this.auditor.committed();
    this.maintenance.committed(changes);
    this.gazette.committed(changes);
  }

  carryOutAll(commands: readonly Command[]): void {
    for (const command of commands) this.calls.carryOut(command);
  }

  /** Brings an event about after a while, unless we die before. `then` comes after it was dealt with. */
  answer(tookMs: number, event: () => Event | undefined, then?: () => void): void {
    const { epoch } = this;
    const arrive = () => {
      if (epoch !== this.epoch || this.suspension.putsOff(arrive)) return;
      const happened = event();
      if (happened) this.dispatch(happened);
      then?.();
    };
    this.queue.push(this.now + tookMs, arrive);
  }
}
