/** A pipeline in memory: emitters > stream > index > alert, stream > archive; with buffers, delays and faults by hand. */
import type { OutboxRow } from '../../src/core/ledger.ts';
import type { Event } from '../../src/engine/event.ts';
import type { CheckState, HopState, InjectorState } from '../../src/engine/state.ts';
import { type LogcanaryError, NotifyError, ProbeError, type Reason } from '../../src/lib/errors.ts';
import type { BatchLine, CheckResult, Emission, Find, ListedStream, Look, Question } from '../../src/probe.ts';
import type { World } from './harness.ts';

interface Line {
  readonly token: string;
  readonly at: number;
  readonly damage?: string;
}

/** A mover of lines from one place to the next, in order. */
export interface Stage {
  readonly from: string;
  readonly to: string;
  delayMs: number;
  stopped: boolean;
  /** Drops every so manieth line; 0 drops none. */
  dropEvery: number;
  duplicateEvery: number;
  damageEvery: number;
  waiting: Line[];
  count: number;
}

export interface Place {
  /** Everything that arrived, in order. */
  readonly lines: Line[];
  readonly tokens: Set<string>;
  /** Looks fail with this. */
  unreadable: Reason | undefined;
  /** Looks answer, but not completely. */
  partial: boolean;
}

const tokenPattern = /lcn1[a-z2-7]{47}0/;

export class Scene implements World {
  readonly stages: Stage[];
  readonly places = new Map<string, Place>();
  /** Node name → what is wrong with it. */
  readonly leaving = new Map<string, number>();
  readonly gone = new Set<string>();
  injection: 'works' | 'withheld' | 'unconfirmed' | 'throws' = 'works';
  listing: Reason | undefined;
  channels = new Map<string, LogcanaryError>();
  readings: () => CheckResult | LogcanaryError = () => ({ readings: [], problems: [] });
  /** Finds put into the next looks at a hop, besides the real ones. */
  readonly strange = new Map<string, Find[]>();
  private readonly modes: Readonly<Record<string, 'poll' | 'on-demand' | 'push'>>;

  constructor(modes: Readonly<Record<string, 'poll' | 'on-demand' | 'push'>> = { alert: 'push' }) {
    this.modes = modes;
    const stage = (from: string, to: string, delayMs: number): Stage => ({
      ...{ from, to, delayMs, stopped: false, dropEvery: 0, duplicateEvery: 0, damageEvery: 0, waiting: [], count: 0 },
    });
    this.stages = [
      stage('emitter', 'stream', 300),
      stage('stream', 'index', 500),
      stage('stream', 'archive', 1_500),
      stage('index', 'alert', 800),
    ];
    for (const name of ['stream', 'index', 'archive', 'alert']) {
      this.places.set(name, { lines: [], tokens: new Set(), unreadable: undefined, partial: false });
    }
  }

  stage(to: string): Stage {
    const found = this.stages.find((each) => each.to === to);
    if (!found) throw new Error(`no stage leads to ${to}`);
    return found;
  }

  place(name: string): Place {
    const found = this.places.get(name);
    if (!found) throw new Error(`no place ${name}`);
    return found;
  }

  observer(hop: string) {
    return { mode: this.modes[hop] ?? 'poll', finds: hop === 'stream' ? ('unique' as const) : ('repeats' as const) };
  }

  list(injector: InjectorState): readonly ListedStream[] | LogcanaryError {
    if (this.listing) return failure(this.listing);
    const { name } = injector.spec;
    if (this.gone.has(name)) return [];
    const leavingSince = this.leaving.get(name);
    return [{ key: name, name, labels: { node: name }, ...(leavingSince === undefined ? {} : { leavingSince }) }];
  }

  inject(injector: InjectorState, lines: readonly BatchLine[], now: number): readonly Emission[] | LogcanaryError {
    if (this.injection === 'throws') return failure('timeout');
    if (this.injection !== 'works') {
      const state = this.injection;
      return lines.map(() => ({ state, why: failure('rejected') }));
    }
    if (!this.leaving.has(injector.spec.name)) for (const { text } of lines) this.feed('emitter', text, now);
    return lines.map(() => ({ state: 'emitted', nb: now, na: now + 10 }));
  }

  protected feed(from: string, text: string, now: number, damage?: string): void {
    const token = tokenPattern.exec(text)?.[0];
    if (token === undefined) throw new Error('a line without a token was injected');
    this.pass(from, { token, at: now, ...(damage === undefined ? {} : { damage }) });
  }

  private pass(from: string, line: Line): void {
    for (const stage of this.stages) if (stage.from === from) stage.waiting.push(line);
  }

  advance(now: number): readonly Event[] {
    const events: Event[] = [];
    for (const stage of this.stages) {
      if (stage.stopped) continue;
      while (stage.waiting[0] && stage.waiting[0].at + stage.delayMs <= now) {
        const line = stage.waiting.shift() as Line;
        for (const arrived of treat(stage, line, now)) this.arrive(stage.to, arrived, events);
      }
    }
    return events;
  }

  private arrive(name: string, line: Line, events: Event[]): void {
    const place = this.place(name);
    place.lines.push(line);
    place.tokens.add(line.token);
    this.pass(name, line);
    if (this.modes[name] === 'push') events.push({ type: 'hooked', hop: name, finds: [findOf(line)] });
  }

  look(hop: HopState, question: Question, _now: number): Look | LogcanaryError {
    const { name } = hop.spec;
    const place = this.place(name);
    if (place.unreadable) return failure(place.unreadable);
    if (hop.mode === 'push') return { coverage: 'complete', finds: [] };
    const odd = this.strange.get(name)?.splice(0) ?? [];
    if (name === 'index') return this.search(place, question, odd);
    const from = Number(question.cursor ?? 0);
    const finds = [...place.lines.slice(from).map(findOf), ...odd];
    if (place.partial) return { coverage: 'partial', finds: [], why: failure('partial') };
    return { coverage: 'complete', finds, cursor: String(place.lines.length) };
  }

  private search(place: Place, question: Question, odd: readonly Find[]): Look {
    const found: Find[] = [...odd];
    for (const token of question.tokens()) if (place.tokens.has(token)) found.push({ token, kind: 'line' });
    return place.partial
      ? { coverage: 'partial', finds: found.slice(0, found.length / 2), why: failure('partial') }
      : { coverage: 'complete', finds: found };
  }

  check(_check: CheckState, _now: number): CheckResult | LogcanaryError {
    return this.readings();
  }

  notify(row: OutboxRow): LogcanaryError | undefined {
    return this.channels.get(row.notifier);
  }
}

function treat(stage: Stage, line: Line, now: number): Line[] {
  stage.count += 1;
  const every = (n: number) => n > 0 && stage.count % n === 0;
  if (every(stage.dropEvery)) return [];
  const arrived: Line = {
    ...line,
    at: now,
    ...(every(stage.damageEvery) ? { damage: 'cut after 34 characters' } : {}),
  };
  return every(stage.duplicateEvery) ? [arrived, arrived] : [arrived];
}

function findOf({ token, damage }: Line): Find {
  return { token, kind: 'line', ...(damage === undefined ? {} : { damage }) };
}

export function failure(reason: Reason, retryable = true): ProbeError {
  return new ProbeError(`told to fail: ${reason}`, { reason, retryable });
}

export function refusal(retryable: boolean): NotifyError {
  return new NotifyError('told to refuse', { reason: retryable ? 'server_error' : 'auth', retryable });
}
