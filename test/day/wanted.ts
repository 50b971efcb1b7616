/** What people on call want to be told, written down before anything is run: which channel, when, of what, about whom. */
import type { NotificationAction } from '../../src/core/notifier.ts';

export type Channel = 'pager' | 'chat' | 'phone' | 'manager';
type Severity = 'critical' | 'warning';
/** `00:41-00:43`, or with seconds: times of the day. */
export type Span = `${string}:${string}-${string}:${string}`;
/** `shop stopped@stream`: pipeline, kind and hop. `any`: one of them, whichever. */
export type Place = `${string} ${string}@${string}`;

/** One message. Times are ms since midnight. */
export interface Wanted {
  readonly channel: Channel;
  readonly action: NotificationAction;
  readonly severity: Severity;
  readonly place: Place;
  /** `12/36 zone=1c`, `1-12/36` where the first message may come before all are known; empty where there are none; `*`: whatever. */
  readonly scope: string;
  readonly from: number;
  readonly to: number;
}

/** How an incident is to be told, from its begin to its end. */
export interface Story {
  /** When chat hears of it. */
  readonly told: Span;
  /** When it becomes a page, if it does; the same as `told` where it is one from its beginning. */
  readonly paged?: Span;
  /** When all that were told hear that it is over. */
  readonly over: Span;
  readonly of?: string;
  /** What the first message may say instead, and the last. */
  readonly firstOf?: string;
  readonly lastOf?: string;
  /** When the manager hears of what is not over after an hour. */
  readonly escalated?: Span;
  /** Channels whose messages are listed one by one with `message`, because something befell them. */
  readonly apart?: readonly Channel[];
}

export function incident(place: Place, story: Story): Wanted[] {
  const { told, paged, over, escalated, of = '', firstOf = of, lastOf = of, apart = [] } = story;
  const atOnce = paged === told;
  const last = paged === undefined ? 'warning' : 'critical';
  const wanted = [message('chat', 'trigger', atOnce ? 'critical' : 'warning', place, told, firstOf)];
  if (paged !== undefined) {
    if (!atOnce) wanted.push(message('chat', 'update', 'critical', place, paged, of));
    wanted.push(message('pager', 'trigger', 'critical', place, paged, atOnce ? firstOf : of));
    wanted.push(message('pager', 'resolve', 'critical', place, over, lastOf));
  }
  if (escalated !== undefined) {
    wanted.push(message('manager', 'trigger', 'critical', place, escalated, of));
    wanted.push(message('manager', 'resolve', 'critical', place, over, lastOf));
  }
  wanted.push(message('chat', 'resolve', last, place, over, lastOf));
  return wanted.filter(({ channel }) => !apart.includes(channel));
}

export function message(
  channel: Channel,
  action: NotificationAction,
  severity: Severity,
  place: Place,
  span: Span,
  scope = '',
): Wanted {
  const [from, to] = span.split('-').map(timeOf);
  if (from === undefined || to === undefined || to < from) throw new Error(`${span} is no stretch of time`);
  return { channel, action, severity, place, scope, from, to };
}

/** `02:13` or `02:13:30` as ms since midnight. */
export function timeOf(text: string): number {
  const [hours, minutes, seconds = 0] = text.split(':').map(Number);
  const ms = ((hours ?? Number.NaN) * 3_600 + (minutes ?? Number.NaN) * 60 + seconds) * 1_000;
  if (!Number.isFinite(ms)) throw new Error(`${text} is no time of the day`);
  return ms;
}

/** `02:13:30` */
export function clockOf(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Whether a scope is one that was wanted: `1-12/36 zone=1c` stands for every number of streams from 1 to 12. */
export function isScope(wanted: string, said: string): boolean {
  if (wanted === '*') return true;
  const range = /^(\d+)-(\d+)\/(.*)$/.exec(wanted);
  const count = /^(\d+)\/(.*)$/.exec(said);
  if (!range || !count) return wanted === said;
  const [, least, most, rest] = range;
  return (
    Number(count[1]) >= Number(least) && Number(count[1]) <= Number(most) && (count[2] ?? '').startsWith(rest ?? '')
  );
}
