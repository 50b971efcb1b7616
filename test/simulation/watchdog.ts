/**
 * Runs the real engine the way `src/engine/runtime.ts` does, on virtual time: step, commit, then carry out; with crashes,
 * refused and doubtful commits, lost receipts and late answers wherever they can happen.
 */
import type { Change } from '../../src/core/ledger.ts';
import type { Command, Event } from '../../src/engine/event.ts';
import { restore } from '../../src/engine/restore.ts';
import { takeChanges } from '../../src/engine/rows.ts';
import type { EngineState } from '../../src/engine/state.ts';
import { nextWake, step } from '../../src/engine/step.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import type { Emission } from '../../src/probe.ts';
import { Auditor, type Times } from './auditor.ts';
import { cheapSigner, signingKey } from './cheap-signer.ts';
import { about, Dice } from './dice.ts';
import { EventQueue } from './event-queue.ts';
import { Gazette } from './gazette.ts';
import type { Plan } from './plan.ts';
import { configOf, type HopName, modeOf, timing } from './setting.ts';
import type { Storage } from './storage.ts';
import { Weather } from './weather.ts';
import { type Post, refusal, World } from './world.ts';

/** A round hour, far from any real one. */
const startOfTime = 1_800_000_000_000;
const ledgerRetryMs = 5_000;
const postRetryMs = 20_000;
const never = Number.POSITIVE_INFINITY;
/** The runtime looks around every 250 ms; where nothing is due in between, this says the same with less work. */
const longestSleepMs = 15_000;
const ledgerFaults = ['commit-refused', 'commit-ambiguous', 'commit-slow'] as const;

type Arming = 'crash-before-commit' | 'crash-after-commit' | 'crash-after-effect';

export class Watchdog implements Times {
  readonly plan: Plan;
  readonly world: World;
  readonly auditor: Auditor;
  readonly gazette: Gazette;
  now = 0;
  /** Undefined while it is down. */
  state: EngineState | undefined;
  restarts = 0;
  steps = 0;
  /** Looks that failed or were cut short, by hop: when. */
  readonly troubledLooks: { readonly hop: string; readonly at: number }[] = [];
  /** Stretches in which the watchdog was down or could not commit. */
  readonly away: { readonly from: number; to: number }[] = [];
  private readonly dice: Dice;
  private readonly weather: Weather;
  private readonly storage: Storage;
  private readonly queue = new EventQueue();
  private epoch = 0;
  private commands: Command[] = [];
  private flushing = false;
  private ledgerStuck = false;
  private armed: { readonly kind: Arming; readonly downMs: number } | undefined;
  private pendingCommit: Promise<void> | undefined;
  private readonly offsets: { from: number; add: number }[] = [{ from: 0, add: startOfTime }];
  private persistedT = 0;
  private calls = 0;
  /** Posts that were taken but are not committed yet. */
  private taken: Post[] = [];
  private committed: ReturnType<Auditor['snapshot']> | undefined;

  constructor(plan: Plan, storage: Storage) {
    this.plan = plan;
    this.storage = storage;
    this.dice = new Dice(plan.seed);
    this.weather = new Weather(plan, this.dice);
    this.world = new World(plan, this.weather, this.dice);
    this.auditor = new Auditor(this.world, this);
    this.auditor.isPolled = (hop) => modeOf(plan, hop) === 'poll';
    this.gazette = new Gazette(this.auditor, this);
  }

  toT = (at: number): number => {
    for (let i = this.offsets.length - 1; i >= 0; i--) {
      const offset = this.offsets[i] as { from: number; add: number };
      if (at >= offset.from || i === 0) return at + offset.add;
    }
    return at;
  };

  private wall(): number {
    const stepped = this.weather.now('clock-stepped', this.now);
    const hour = 3_600_000;
    return startOfTime + this.now + (stepped ? Math.round(hour * ((stepped.share ?? 0) || 0.5)) : 0);
  }

  async run(until: number): Promise<void> {
    for (const spell of this.weather.spells) this.prepare(spell.kind, spell.at, spell.forMs);
    await this.start();
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
    const add = this.offsets.at(-1)?.add ?? 0;
    let wake = nextWake(state, longestSleepMs) - add;
    for (const { row, inFlight } of state.outbox.values()) if (!inFlight) wake = Math.min(wake, row.nextAt - add);
    return Math.max(this.now + 10, wake);
  }

  private prepare(kind: string, at: number, forMs: number): void {
    if (kind === 'crash') this.queue.push(at, () => this.crash(forMs));
    else if (kind.startsWith('crash-')) {
      this.queue.push(at, () => {
        this.armed = { kind: kind as Arming, downMs: forMs };
      });
    }
  }

  private async start(): Promise<void> {
    if (this.restarts > 0) await this.storage.reopen();
    this.restarts += 1;
    const contents = await this.storage.load();
    const wall = this.wall();
    const t = Math.max(wall, this.persistedT);
    const add = t - this.now;
    if (add !== this.offsets.at(-1)?.add) this.offsets.push({ from: this.now, add });
    const state = restore({
      config: configOf(this.plan),
      contents,
      signer: cheapSigner,
      signingKey,
      writer: this.dice.between(1, 33_000_000, about.plan, this.restarts, 77),
      seed: this.dice.between(1, 1_000_000_000, about.plan, this.restarts, 78),
      now: t,
      wall,
      observer: (_, hop) => ({
        mode: modeOf(this.plan, hop.name),
        finds: hop.name === 'stream' ? 'unique' : 'repeats',
        target: `${hop.name}:1`,
        runbook: {},
      }),
      injector: () => ({ target: 'nodes:1', runbook: {} }),
      check: () => ({ target: 'none:1', runbook: {} }),
    });
    const down = this.away.at(-1);
    if (down && down.to === never) down.to = this.now;
    this.state = state;
    this.startedAt = this.now;
    if (this.restarts > 1) {
      this.auditor.rebuilt(state, this.committed ?? this.auditor.snapshot());
      this.gazette.rebuilt(state);
    }
    this.committed = undefined;
    if (this.storage.kind === 'sqlite' && !(await this.storage.refusesSecondOwner()))
      this.auditor.complain('two-owners', 'a second owner could open the ledger');
  }

  private startedAt = 0;

  private crash(downMs: number): void {
    if (!this.state) return;
    this.epoch += 1;
    this.state = undefined;
    this.commands = [];
    this.flushing = false;
    this.ledgerStuck = false;
    this.armed = undefined;
    for (const post of this.taken) this.hear(post, never);
    this.retry(this.taken.splice(0));
    this.downUntil = this.now + downMs;
    this.away.push({ from: this.now, to: never });
  }

  // ------------------------------------------------------------------------------------------------- the runtime

  private dispatch(event: Event): void {
    const { state } = this;
    if (!state) return;
    this.steps += 1;
    this.commands.push(...step(state, event, this.toT(this.now)));
    if (!this.flushing) this.flush(state);
  }

  private flush(state: EngineState): void {
    for (;;) {
      const ready = this.commands;
      this.commands = [];
      const fate = this.commitFate(ready);
      if (fate !== 'works') this.committed ??= this.auditor.snapshot();
      this.auditor.audit(state);
      const changes = takeChanges(state);
      if (changes.length === 0) {
        this.carryOutAll(ready);
        return;
      }
      if (fate === 'crash-before-commit') return this.crash(this.armed?.downMs ?? 0);
      if (fate !== 'works' && fate !== 'crash-after-commit' && fate !== 'crash-after-effect') {
        this.flushing = true;
        this.commitLater(changes, ready, fate);
        return;
      }
      this.apply(changes);
      if (fate === 'crash-after-commit') return this.crash(this.armed?.downMs ?? 0);
      this.carryOutAll(ready);
      if (fate === 'crash-after-effect') return this.crash(this.armed?.downMs ?? 0);
      if (this.commands.length === 0) return;
    }
  }

  private commitFate(ready: readonly Command[]): 'works' | Arming | (typeof ledgerFaults)[number] {
    const effects = ready.some((command) => command.type === 'inject' || command.type === 'notify');
    if (this.armed && effects) return this.armed.kind;
    return ledgerFaults.find((kind) => this.weather.now(kind, this.now)) ?? 'works';
  }

  /** A commit that takes its time, is refused for a while, or is in though its answer says that it is not. */
  private commitLater(
    changes: readonly Change[],
    ready: readonly Command[],
    fate: (typeof ledgerFaults)[number],
  ): void {
    const { epoch } = this;
    const done = () => {
      if (epoch !== this.epoch || !this.state) return;
      if (fate !== 'commit-slow' && this.weather.now(fate, this.now)) {
        this.queue.push(this.now + ledgerRetryMs, done);
        return;
      }
      this.apply(changes);
      this.committed = undefined;
      if (this.ledgerStuck) this.away.push({ from: stuckAt, to: this.now });
      this.ledgerStuck = false;
      this.flushing = false;
      this.carryOutAll(ready);
      this.flush(this.state);
    };
    const stuckAt = this.now;
    if (fate === 'commit-ambiguous') {
      this.apply(changes);
      this.committed = undefined;
    }
    this.ledgerStuck = fate !== 'commit-slow';
    this.calls += 1;
    const slow = this.dice.delay(400, 8_000, about.commit, this.calls);
    this.queue.push(this.now + (fate === 'commit-slow' ? slow : ledgerRetryMs), done);
  }

  private apply(changes: readonly Change[]): void {
    const promise = this.storage.commit(changes);
    if (this.storage.kind === 'sqlite') this.pendingCommit = this.pendingCommit?.then(() => promise) ?? promise;
    this.persistedT = Math.max(this.persistedT, this.toT(this.now));
    this.taken.length = 0;
    this.gazette.committed(changes);
  }

  private carryOutAll(commands: readonly Command[]): void {
    for (const command of commands) this.carryOut(command);
  }

  private answer(tookMs: number, event: () => Event | undefined, then?: () => void): void {
    const { epoch } = this;
    this.queue.push(this.now + tookMs, () => {
      if (epoch !== this.epoch) return;
      const happened = event();
      if (happened) this.dispatch(happened);
      then?.();
    });
  }

  private carryOut(command: Command): void {
    this.calls += 1;
    switch (command.type) {
      case 'list': {
        const { injector } = command;
        const failing = this.weather.now('list-fails', this.now) !== undefined;
        const streams = this.world.list(this.now, this.toT);
        this.answer(30, () =>
          failing
            ? { type: 'list-failed', injector, error: refusal('server_error') }
            : { type: 'listed', injector, streams },
        );
        return;
      }
      case 'inject':
        this.inject(command);
        return;
      case 'look':
        this.look(command);
        return;
      case 'notify':
        this.notify(command);
        return;
      case 'check':
        return;
    }
  }

  private inject(command: Extract<Command, { type: 'inject' }>): void {
    const { injector, refs, lines } = command;
    const { dice, now, calls } = this;
    const tookMs = 20 + dice.delay(60, 5_000, about.call, calls);
    const stopped = this.weather.now('emitter-stopped', now);
    const deaf = this.weather.now('receipts-lost', now) !== undefined;
    const lostOnWay = deaf && dice.chance(0.5, about.receipt, calls);
    const crashing = this.armed?.kind === 'crash-after-effect' && dice.chance(0.3, about.receipt, calls, 1);
    const sent = !stopped && !lostOnWay;
    refs.forEach(({ stream, seq }, i) => {
      const text = lines[i]?.text ?? '';
      if (this.world.truthOf(stream.number, seq)) this.auditor.complain('handed-out-twice', `${stream.key} #${seq}`);
      // A call that was on its way when we died may still get there, some time later.
      const at = sent ? now + 5 + Math.floor((tookMs - 10) / 2) + (crashing ? 30_000 : 0) : never;
      this.world.emit(stream.number, stream.key, seq, text.slice(10, 62), at);
    });
    for (const post of this.world.posts.splice(0)) this.post(post, post.at);
    const [nb, asked] = [this.toT(now), refs.length];
    this.answer(deaf ? timing.timeoutMs : tookMs, () => {
      if (deaf || (stopped && stopped.index % 2 === 0 && lostOnWay))
        return { type: 'injected', injector, refs, error: refusal('timeout') };
      const emissions: Emission[] = stopped
        ? new Array(asked).fill({ state: 'withheld', why: refusal('refused') })
        : new Array(asked).fill({ state: 'emitted', nb, na: this.toT(this.now) });
      return { type: 'injected', injector, refs, emissions };
    });
  }

  private look(command: Extract<Command, { type: 'look' }>): void {
    const { hop, question, asked } = command;
    const { dice, now, calls } = this;
    const name = hop.spec.name as HopName;
    const tokens = name === 'index' ? [...question.tokens()] : [];
    const trouble = this.weather.looks(name, now) ?? this.flake(name);
    if (trouble) this.troubledLooks.push({ hop: name, at: now });
    const late = this.weather.now('zombie-looks', now) && dice.chance(0.2, about.stray, calls);
    const usual = 20 + dice.delay(150, 4_000, about.read, calls);
    const tookMs =
      trouble === 'timeout' ? timing.timeoutMs : late ? dice.between(15_000, 240_000, about.stray, calls, 1) : usual;
    this.answer(
      tookMs,
      () => {
        const { ranges, count } = asked();
        const answer = this.world.look(name, tokens, question.cursor, now + Math.floor(usual / 2), trouble);
        const base = { type: 'looked' as const, hop, asOf: question.asOf, asked: ranges, askedCount: count, tookMs };
        if (answer instanceof Error) return { ...base, error: answer };
        const since = name === 'alert' ? { since: this.toT(this.startedAt) } : {};
        if (answer.coverage === 'complete') this.auditor.completeAsOf.set(name, question.asOf);
        return { ...base, look: { ...answer, ...since } };
      },
      () => this.auditor.latency(hop),
    );
  }

  /** Now and then a single look goes wrong; never two in a row, which would be an outage. */
  private flake(hop: HopName): 'server_error' | 'partial' | undefined {
    const slot = Math.floor(this.now / timing.pollMs);
    const at = hop.length;
    if (hop === 'alert' || !this.dice.chance(0.004, about.flake, slot, at)) return undefined;
    if (this.dice.chance(0.004, about.flake, slot - 1, at)) return undefined;
    return this.dice.chance(0.5, about.flake, slot, at, 1) ? 'server_error' : 'partial';
  }

  private notify(command: Extract<Command, { type: 'notify' }>): void {
    const { row } = command;
    const { dice, now, calls } = this;
    const down = this.weather.now('pager-down', now);
    const cut = this.weather.now('isolated', now) !== undefined;
    const refused = cut || (down !== undefined && (row.notifier === 'pager' || down.index % 2 === 0));
    const doubtful = !refused && dice.chance(0.02, about.notify, calls);
    const tookMs = cut || doubtful ? timing.timeoutMs : 50 + dice.delay(150, 3_000, about.notify, calls, 1);
    if (!refused) this.gazette.delivered(row);
    this.answer(tookMs, () => {
      if (!refused && !doubtful) return { type: 'notified', id: row.id };
      const reason = cut || doubtful ? 'timeout' : 'rate_limited';
      return {
        type: 'notified',
        id: row.id,
        error: new NotifyError('Simulated: not now.', { reason, retryable: true }),
      };
    });
  }

  // ------------------------------------------------------------------------------------------------- the alerter

  private post(post: Post, at: number): void {
    this.queue.push(at, () => {
      const { state } = this;
      if (!state || this.ledgerStuck) return this.post(post, this.now + postRetryMs);
      this.hear(post, this.now);
      this.taken.push(post);
      this.dispatch({ type: 'hooked', hop: 'alert', finds: [post.find] });
      const hop = state.pipelines[0]?.hops.find((each) => each.spec.name === 'alert');
      if (hop && this.state) this.auditor.latency(hop);
    });
  }

  private hear(post: Post, at: number): void {
    const truth = this.world.truthOf(post.stream, post.seq);
    if (truth) truth.visible[3] = at === never ? never : Math.min(at, truth.visible[3] ?? never);
  }

  private retry(posts: readonly Post[]): void {
    for (const post of posts) this.post(post, this.now + postRetryMs);
  }
}
