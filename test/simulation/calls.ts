/** What the engine asks for, done to the simulated world: each call takes its time, and may go wrong in its own way. */
import type { Command } from '../../src/engine/event.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import type { Emission } from '../../src/probe.ts';
import { about } from './dice.ts';
import { type HopName, timeoutMs } from './setting.ts';
import type { Watchdog } from './watchdog.ts';
import { refusal } from './world.ts';

const never = Number.POSITIVE_INFINITY;

export class Calls {
  private readonly host: Watchdog;
  private calls = 0;
  /** Hops whose last look went wrong alone. */
  private readonly flaked = new Set<HopName>();

  constructor(host: Watchdog) {
    this.host = host;
  }

  carryOut(command: Command): void {
    this.calls += 1;
    switch (command.type) {
      case 'list': {
        const { injector } = command;
        const { refilling, world, now } = this.host;
        const away = refilling?.controlPlane.isAway(now);
        const failing = away || this.host.weather.now('list-fails', now) !== undefined;
        const streams = failing ? [] : (refilling?.nodes.list() ?? world.list(now, this.host.toT));
        this.host.answer(away ? timeoutMs : 30, () =>
          failing
            ? { type: 'list-failed', injector, error: refusal('server_error') }
            : { type: 'listed', injector, streams },
        );
        return;
      }
      case 'refill':
        this.host.refilling?.carryOut(command);
        return;
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
    const { calls } = this;
    const { dice, now } = this.host;
    const tookMs = 20 + dice.delay(60, 5_000, about.call, calls);
    const stopped = this.host.weather.now('emitter-stopped', now);
    const deaf = this.host.weather.now('receipts-lost', now) !== undefined;
    const lostOnWay = deaf && dice.chance(0.5, about.receipt, calls);
    const crashing = this.host.armed?.kind === 'crash-after-effect' && dice.chance(0.3, about.receipt, calls, 1);
    const sent = !stopped && !lostOnWay;
    refs.forEach(({ stream, seq }, i) => {
      const text = lines[i]?.text ?? '';
      if (this.host.world.truthOf(stream.number, seq))
        this.host.auditor.complain('handed-out-twice', `${stream.key} #${seq}`);
      // A call that was on its way when we died may still get there, some time later.
      const at = sent ? now + 5 + Math.floor((tookMs - 10) / 2) + (crashing ? 30_000 : 0) : never;
      this.host.world.emit(stream.number, stream.key, seq, text.slice(10, 62), at);
    });
    for (const post of this.host.world.posts.splice(0)) this.host.alerter.post(post, post.at);
    const [nb, asked] = [this.host.toT(now), refs.length];
    this.host.answer(deaf ? timeoutMs : tookMs, () => {
      if (deaf || this.ranOut(now) || (stopped && stopped.index % 2 === 0 && lostOnWay))
        return { type: 'injected', injector, refs, error: refusal('timeout') };
      const emissions: Emission[] = stopped
        ? new Array(asked).fill({ state: 'withheld', why: refusal('refused') })
        : new Array(asked).fill({ state: 'emitted', nb, na: this.host.toT(this.host.now) });
      return { type: 'injected', injector, refs, emissions };
    });
  }

  private look(command: Extract<Command, { type: 'look' }>): void {
    const { hop, question, asked } = command;
    const { calls } = this;
    const { dice, now } = this.host;
    const name = hop.spec.name as HopName;
    const tokens = name === 'index' ? [...question.tokens()] : [];
    const trouble = this.host.weather.looks(name, now) ?? this.flake(name);
    if (trouble) this.host.troubledLooks.push({ hop: name, at: now });
    const late = this.host.weather.now('zombie-looks', now) && dice.chance(0.2, about.stray, calls);
    const usual = 20 + dice.delay(150, 4_000, about.read, calls);
    const tookMs =
      trouble === 'timeout' ? timeoutMs : late ? dice.between(15_000, 240_000, about.stray, calls, 1) : usual;
    this.host.answer(
      tookMs,
      () => {
        const { ranges, count } = asked();
        // What was asked before we were cut off is not answered while we are.
        const cut = this.ranOut(now) || this.host.weather.looks(name, now + tookMs) === 'timeout' ? 'timeout' : trouble;
        const answer = this.host.world.look(name, tokens, question.cursor, now + Math.floor(usual / 2), cut);
        const base = { type: 'looked' as const, hop, asOf: question.asOf, asked: ranges, askedCount: count, tookMs };
        if (answer instanceof Error) return { ...base, error: answer };
        const since = name === 'alert' ? { since: this.host.toT(this.host.startedAt) } : {};
        if (answer.coverage === 'complete') this.host.auditor.truth.completeAsOf.set(name, question.asOf);
        return { ...base, look: { ...answer, ...since } };
      },
      () => this.host.auditor.latency(hop),
    );
  }

  /** Asked then, it ran into its time-out while we were suspended. */
  private ranOut(asked: number): boolean {
    return asked <= this.host.suspension.from && this.host.now - asked > timeoutMs;
  }

  /** Now and then a single look goes wrong; never two in a row, which would be an outage. */
  private flake(hop: HopName): 'server_error' | 'partial' | undefined {
    const slot = Math.floor(this.host.now / this.host.pace.pollMs);
    const at = hop.length;
    if (this.flaked.delete(hop) || hop === 'alert' || !this.host.dice.chance(0.004, about.flake, slot, at))
      return undefined;
    this.flaked.add(hop);
    return this.host.dice.chance(0.5, about.flake, slot, at, 1) ? 'server_error' : 'partial';
  }

  private notify(command: Extract<Command, { type: 'notify' }>): void {
    const { row } = command;
    const { calls } = this;
    const { dice, now } = this.host;
    const down = this.host.weather.now('pager-down', now);
    const cut = this.host.weather.now('isolated', now) !== undefined;
    const others = { chat: 2, phone: 4 }[row.notifier] ?? 1;
    const refused = cut || (down !== undefined && down.index % others === 0);
    const doubtful = !refused && dice.chance(0.02, about.notify, calls);
    const tookMs = cut || doubtful ? timeoutMs : 50 + dice.delay(150, 3_000, about.notify, calls, 1);
    if (!refused) this.host.gazette.delivered(row);
    this.host.answer(tookMs, () => {
      if (!refused && !doubtful && !this.ranOut(now)) return { type: 'notified', id: row.id };
      const reason = cut || doubtful ? 'timeout' : 'rate_limited';
      return {
        type: 'notified',
        id: row.id,
        error: new NotifyError('Simulated: not now.', { reason, retryable: true }),
      };
    });
  }
}
