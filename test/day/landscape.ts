/** Everything outside logcanary: the tenants' clusters, figures that are read, who pings us, and channels that people are told through. */
import type { OutboxRow } from '../../src/core/ledger.ts';
import type { Event } from '../../src/engine/event.ts';
import type { ObserverInfo } from '../../src/engine/restore.ts';
import type { CheckState, HopState, InjectorState, StreamState } from '../../src/engine/state.ts';
import type { LogcanaryError, NotifyError, Reason } from '../../src/lib/errors.ts';
import type { CheckResult, ListedStream, Look, Question, Reading, Refill, RefillAnswer } from '../../src/probe.ts';
import { scheduleLimits } from '../engine/cluster-scene.ts';
import type { World } from '../engine/harness.ts';
import { failure, refusal } from '../engine/scene.ts';
import { Estate, type Mend } from './estate.ts';

const gib = 2 ** 30;
/** Pings that others are to send us come so often, ms. */
const pingEveryMs = 60_000;
const zones = ['1a', '1b', '1c'] as const;
/** Figures of `audit` that come from one server of its own. */
export const quotas = Array.from({ length: 12 }, (_, at) => `quota-${String(at + 1).padStart(2, '0')}`);

/** A figure that something is done to: its value is asked for at each reading. */
type Figure = (now: number) => number;

export class Landscape implements World {
  readonly limits = scheduleLimits;
  readonly estates: ReadonlyMap<string, Estate>;
  /** What each channel answers while it does not take messages. */
  readonly channels = new Map<string, NotifyError>();
  /** Share of the disks of `shop`'s index that is used, and age of the oldest line its consumer has not read, s. */
  disk: Figure = () => 0.62;
  iteratorAge: Figure = () => 4;
  /** What is wrong with the index in itself. */
  readonly problems = new Set<string>();
  readonly buffers = new Map<string, Figure>();
  /** What the server of `quotas` answers while it does not work. */
  quotasFail: Reason | undefined;
  /** Called when a channel takes a message, before anybody of ours hears of it. */
  onNotified: (row: OutboxRow) => void = () => undefined;
  private cutOff = 0;
  private pings = true;
  private nextPingAt = 0;
  now = 0;

  constructor() {
    const shop = new Estate('shop');
    for (let at = 0; at < 36; at++)
      shop.add(`shop-${String(at + 1).padStart(2, '0')}`, {
        zone: zones[at % 3] as string,
        pool: at % 4 === 0 ? 'spot' : 'steady',
        agent: at < 30 ? 'r41' : 'r42',
      });
    const audit = new Estate('audit');
    for (let at = 0; at < 9; at++) audit.add(`audit-${at + 1}`, { zone: zones[at % 3] as string, tenant: 'audit' });
    const edge = new Estate('edge');
    edge.mirror();
    const tiny = new Estate('tiny');
    tiny.add('tiny-1', { zone: '1a', tenant: 'tiny' });
    this.estates = new Map([shop, audit, edge, tiny].map((estate) => [estate.name, estate]));
  }

  estate(name: string): Estate {
    const found = this.estates.get(name);
    if (!found) throw new Error(`no estate ${name}`);
    return found;
  }

  /** Its nodes come. */
  wakeEdge(): void {
    for (let at = 1; at <= 6; at++)
      this.estate('edge').add(`edge-${at}`, { zone: at % 2 === 0 ? '1a' : '1b', tenant: 'edge' });
  }

  // ----------------------------------------------------------------------------------------------- what may break

  /** Nothing answers us at all, nor takes what we send; all else goes on. */
  cutUsOff(): Mend {
    this.cutOff += 1;
    return () => {
      this.cutOff -= 1;
    };
  }

  refuse(channel: string, retryable = true): Mend {
    this.channels.set(channel, refusal(retryable));
    return () => void this.channels.delete(channel);
  }

  stopPings(): Mend {
    this.pings = false;
    return () => {
      this.pings = true;
    };
  }

  // ----------------------------------------------------------------------------------------------- what we ask

  observer(hop: string): Pick<ObserverInfo, 'mode' | 'finds'> {
    return this.estate('shop').observer(hop);
  }

  list(injector: InjectorState): readonly ListedStream[] | LogcanaryError {
    return this.cut() ?? this.estate(injector.pipeline.spec.name).list();
  }

  inject(): LogcanaryError {
    return failure('internal');
  }

  refill(stream: StreamState, refill: Refill, now: number): RefillAnswer | LogcanaryError {
    return this.cut() ?? this.estate(stream.injector.pipeline.spec.name).refill(stream, refill, now);
  }

  look(hop: HopState, question: Question, now: number): Look | LogcanaryError {
    const pushed = hop.mode === 'push';
    return (pushed ? undefined : this.cut()) ?? this.estate(hop.pipeline.spec.name).look(hop, question, now);
  }

  check({ spec }: CheckState, now: number): CheckResult | LogcanaryError {
    const cut = this.cut();
    if (cut) return cut;
    if (quotas.includes(spec.name)) return this.quotasFail ? failure(this.quotasFail) : { readings: [], problems: [] };
    const readings = { index: () => [this.diskReading(now)], 'iterator-age': () => [this.ageReading(now)] }[spec.name];
    return {
      readings: readings?.() ?? this.bufferReadings(now),
      problems: spec.name === 'index' ? [...this.problems] : [],
    };
  }

  notify(row: OutboxRow): LogcanaryError | undefined {
    const refused = this.cutOff > 0 ? refusal(true) : this.channels.get(row.notifier);
    if (!refused) this.onNotified(row);
    return refused;
  }

  advance(now: number): readonly Event[] {
    this.now = now;
    const events = [...this.estates.values()].flatMap((estate) => estate.advance(now));
    if (now < this.nextPingAt) return events;
    this.nextPingAt = now + pingEveryMs;
    return this.pings ? [...events, { type: 'pinged', name: 'alertmanager' }] : events;
  }

  /** We are there, and take what is posted to us. */
  listens(now: number): void {
    for (const estate of this.estates.values()) estate.heardSince = now;
  }

  /** Lives on while nobody watches. */
  passAlone(from: number, ms: number): void {
    for (let at = from; at < from + ms; at += 1_000) this.advance(at);
  }

  private cut(reason: Reason = 'network'): LogcanaryError | undefined {
    return this.cutOff > 0 ? failure(reason) : undefined;
  }

  private diskReading(now: number): Reading {
    const size = 1_000 * gib;
    const of = { subject: 'es-1', unit: 'bytes', limitName: 'flood stage 95%', capacity: size } as const;
    return { measure: 'disk', ...of, value: this.disk(now) * size, limit: 0.95 * size, warnAt: 0.85 * size };
  }

  private ageReading(now: number): Reading {
    const of = { subject: 'logs', unit: 'seconds', limitName: 'retention 24h' } as const;
    return { measure: 'iterator-age', ...of, value: this.iteratorAge(now), limit: 86_400, warnAt: 21_600 };
  }

  private bufferReadings(now: number): Reading[] {
    return this.estate('shop')
      .nodesWhere({})
      .map((node) => ({
        measure: 'buffer',
        ...{ subject: node, unit: 'ratio', limit: 1, warnAt: 0.8, limitName: 'full', lastingMs: 60_000 },
        agent: { kind: 'fluent-bit', node, name: node },
        value: this.buffers.get(node)?.(now) ?? 0.05,
      }));
  }
}
