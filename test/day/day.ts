/** A day under the virtual clock: the real engine, its ledger, what befalls it, and every message that a channel took. */
import type { IncidentFacts } from '../../src/core/incident.ts';
import type { OutboxRow } from '../../src/core/ledger.ts';
import type { Maintenance } from '../../src/core/maintenance.ts';
import type { Silence } from '../../src/core/silence.ts';
import { Bench, type Sent, startOfTime } from '../engine/harness.ts';
import { expectIdentity } from '../engine/identity.ts';
import type { Estate, Mend } from './estate.ts';
import { Landscape } from './landscape.ts';
import { config } from './setting.ts';
import { timeOf, type Wanted } from './wanted.ts';

const hour = 3_600_000;
/** The bench begins on a Friday at 08:00 UTC: so long until Monday's midnight, ms. */
const untilMonday = 64 * hour;
/** So long before midnight logcanary is started, so that the day begins with all at work. */
const warmUpMs = hour / 2;

/** Something that befalls the pipelines or logcanary itself, and what people want to hear of it. */
export interface Trouble {
  readonly at: string;
  /** When it is mended; absent where it is over at once, or mends itself. */
  readonly until?: string;
  readonly what: string;
  readonly does: (day: Day) => Mend | void | Promise<void>;
  readonly wants?: readonly Wanted[];
}

/** What a channel took. `at` in ms since midnight. */
export interface Message {
  readonly at: number;
  readonly channel: string;
  readonly action: string;
  readonly row: number;
  readonly facts: IncidentFacts;
}

export class Day {
  readonly landscape: Landscape;
  readonly bench: Bench;
  readonly midnight = startOfTime + untilMonday;
  /** Hours at whose end every canary was accounted for. */
  accounted = 0;
  private readonly mends: { readonly at: number; readonly mend: Mend }[] = [];

  private constructor(landscape: Landscape, bench: Bench) {
    this.landscape = landscape;
    this.bench = bench;
  }

  /** All is at work; by default at midnight. */
  static async dawn(from = 0): Promise<Day> {
    const landscape = new Landscape();
    if (from > timeOf('08:40') && from < timeOf('20:00')) landscape.wakeEdge();
    const bench = await Bench.open(landscape, config);
    bench.wakeEveryMs = 5_000;
    await bench.restart(untilMonday + from - warmUpMs);
    bench.run(warmUpMs);
    const day = new Day(landscape, bench);
    day.accounted = Math.floor(from / hour);
    return day;
  }

  get shop(): Estate {
    return this.landscape.estate('shop');
  }

  get audit(): Estate {
    return this.landscape.estate('audit');
  }

  /** Its nodes are there from eight to eight. */
  get edge(): Estate {
    return this.landscape.estate('edge');
  }

  /** ms since midnight. */
  get now(): number {
    return this.bench.now - this.midnight;
  }

  /**
   * What channels took and made something of. A message that is sent again, because we died before its answer was written down,
   * changes nothing: PagerDuty knows its key, and an edit says the same. Only a new line in chat would be there twice.
   */
  get messages(): readonly Message[] {
    const taken = this.bench.sent.filter(({ accepted }) => accepted).map((sent) => messageOf(sent, this.midnight));
    return taken.filter((each, at) => {
      const isNew = each.channel === 'chat' && each.action === 'trigger';
      return isNew || taken.findIndex(({ row }) => row === each.row) === at;
    });
  }

  async live(script: readonly Trouble[], until: number): Promise<void> {
    for (const trouble of script.toSorted((one, other) => timeOf(one.at) - timeOf(other.at))) {
      if (timeOf(trouble.at) >= until) break;
      if (timeOf(trouble.at) < this.now) continue;
      this.passTo(timeOf(trouble.at));
      const mend = await trouble.does(this);
      if (mend && trouble.until !== undefined) this.mends.push({ at: timeOf(trouble.until), mend });
    }
    this.passTo(until);
  }

  /** Lets time pass, mends what is to be mended meanwhile, and looks at each full hour whether every canary is accounted for. */
  passTo(at: number): void {
    for (;;) {
      this.mends.sort((one, other) => one.at - other.at);
      const mendAt = this.mends[0]?.at ?? Number.POSITIVE_INFINITY;
      const fullHour = (this.accounted + 1) * hour;
      const next = Math.min(at, mendAt, fullHour);
      if (next > this.now) this.bench.run(next - this.now);
      if (mendAt <= next) this.mends.shift()?.mend();
      if (fullHour <= next) {
        expectIdentity(this.bench.state);
        this.accounted += 1;
      }
      if (mendAt > next && next >= at) return;
    }
  }

  /** It is asked to end, and begins again. */
  async restart(downMs: number): Promise<void> {
    this.landscape.passAlone(this.bench.now, downMs);
    await this.bench.restart(downMs);
    this.landscape.listens(this.bench.now);
  }

  /**
   * It is killed: what it last did, up to `lostMs` ago, was not committed, and nobody was told of it. What it had asked of others
   * happened all the same.
   */
  async kill(downMs: number, lostMs = 0): Promise<void> {
    if (lostMs > 0) {
      this.freeze();
      this.bench.run(lostMs);
    }
    await this.restart(downMs);
  }

  /** It is killed as soon as a message to a channel was written down, and before it is sent; or just when it was sent. */
  async killAround(channel: string, moment: 'queued' | 'sent', downMs: number, withinMs = 600_000): Promise<void> {
    let dead = false;
    const dieOver = (row: OutboxRow) => {
      dead ||= row.notifier === channel;
      if (dead) this.freeze();
    };
    if (moment === 'sent') this.landscape.onNotified = dieOver;
    else
      this.bench.onCommit = ({ state }) => {
        for (const { row } of state.outbox.values()) dieOver(row);
      };
    const came = this.bench.runUntil(withinMs, () => dead);
    this.bench.onCommit = () => undefined;
    this.landscape.onNotified = () => undefined;
    if (!came) throw new Error(`no message to ${channel} was ${moment}`);
    await this.restart(downMs);
  }

  /** The machine sleeps: neither ticks nor answers come. */
  suspend(ms: number): void {
    const from = this.bench.now;
    this.landscape.passAlone(from, ms);
    this.bench.now += ms;
    this.bench.dispatch({ type: 'unwatched', from });
  }

  /** Nothing that it does from now on is committed, or done. */
  private freeze(): void {
    this.bench.deaf = true;
    this.bench.ledger.commit = async () => undefined;
  }

  /** Somebody knows of it. */
  silence(what: Pick<Silence, 'pipeline' | 'hop' | 'kind' | 'reason'>, until: string): void {
    const wanted = { ...what, by: 'ops', from: this.bench.now, until: this.midnight + timeOf(until) };
    this.bench.dispatch({ type: 'silence', wanted, told: () => undefined });
  }

  maintain(window: Pick<Maintenance, 'pipeline' | 'hop' | 'reason'>, until: string): void {
    const wanted = { ...window, by: 'ops', from: this.bench.now, until: this.midnight + timeOf(until) };
    this.bench.dispatch({ type: 'maintain', wanted, told: () => undefined });
  }
}

function messageOf({ at, row }: Sent, midnight: number): Message {
  const { notifier, action, facts, id } = row;
  return { at: at - midnight, channel: notifier, action, row: id, facts };
}

/** `12/36 zone=1c` */
export function scopeOf({ streams }: IncidentFacts): string {
  if (streams.total === 0) return '';
  return [`${streams.affected}/${streams.total}`, ...(streams.labels ?? [])].join(' ');
}
