/** What people hear: who is told in maintenance or instead of another, how often of what comes and goes, and which label is blamed. */
import { clock } from './clock.ts';
import { faultOf } from './fault.ts';
import type { Said } from './gazette.ts';
import type { Episode } from './plan.ts';
import { fallbackAfterMs, minute } from './setting.ts';
import type { Watchdog } from './watchdog.ts';
import { zones } from './weather.ts';

/** What is told in the last moments before a window, or between two, may be told or not: ticks are so rare here, minutes of the world. */
const moment = 2;
/** Beginnings of one trouble within the time in which more than three of them are flapping: the four, and one after those were over. */
const beginnings = 5;
const flappingResolves = 12;
/** A try, and the longest wait between two, ms. */
const retryMs = 3 * minute;

/** Whoever is to hear of an incident heard of its begin; who heard of its begin heard of its end. `lostMs`: how long we were away. */
export function deliveredAll(watchdog: Watchdog, said: Said, lostMs: number): void {
  const { gazette, auditor } = watchdog;
  const heard = (notifier: string, action: string) =>
    gazette.deliveries.find(
      (each) => each.incident === said.id && each.notifier === notifier && each.action === action,
    );
  const complain = (rule: string, channel: string, what: string) =>
    auditor.complain(rule, `${channel}: ${what} of ${said.place} at ${clock(said.openedAt)}`);
  for (const channel of ['chat', 'pager', 'phone']) {
    if (heard(channel, 'trigger')) {
      if (said.resolvedAt !== undefined && !heard(channel, 'resolve')) complain('not-delivered', channel, 'the end');
    } else if (mustHear(watchdog, said, channel, lostMs) && !(channel === 'pager' && heard('phone', 'trigger')))
      complain('not-delivered', channel, 'the beginning');
  }
  standIn(watchdog, said, complain);
}

/** Outside of maintenance it was open, and as bad as the channel wants, for long enough that somebody would have noticed. */
function mustHear({ maintenance, toT, now, pace }: Watchdog, said: Said, channel: string, lostMs: number): boolean {
  const from = channel === 'chat' ? said.openedAt : said.criticalAt;
  if (from === undefined || channel === 'phone') return false;
  const place = { pipeline: 'sim', hop: said.place.split('@')[1] ?? '' };
  // What opens in the open is told at once.
  if (!maintenance.holds(place, toT(from))) return true;
  const open = maintenance.longestUncovered(place, toT(from), toT(said.resolvedAt ?? now));
  return open > moment * pace.minute + lostMs;
}

/** The phone is told when the pager did not take it for long enough, and not before. */
function standIn(
  { gazette }: Watchdog,
  said: Said,
  complain: (rule: string, channel: string, what: string) => void,
): void {
  const [pager, phone] = ['pager', 'phone'].map((channel) => gazette.triggers.get(`${said.id} ${channel}`));
  const taken = gazette.deliveries.find(
    (each) => each.incident === said.id && each.notifier === 'pager' && each.action === 'trigger',
  );
  if (phone && pager && phone.row.queuedAt - pager.row.queuedAt < fallbackAfterMs)
    complain('told-instead-too-soon', 'phone', 'the beginning');
  if (phone && taken && pager && taken.at - pager.at < fallbackAfterMs)
    complain('told-instead-in-vain', 'phone', 'the beginning');
  const waited = pager ? (taken?.at ?? Number.POSITIVE_INFINITY) - pager.at : 0;
  if (!phone && waited > fallbackAfterMs + retryMs) complain('not-told-instead', 'phone', 'the beginning');
}

/** What comes and goes is told so many times at most, and then once as that. */
export function rarelyTold({ gazette, pace, auditor }: Watchdog): void {
  const lanes = Map.groupBy(
    gazette.triggers.values(),
    ({ row }) => `${row.notifier} ${row.facts.kind}@${row.facts.hop}`,
  );
  for (const [lane, triggers] of lanes) {
    const times = triggers.map(({ row }) => row.queuedAt).sort((one, other) => one - other);
    const often = times.find(
      (at, n) => (times[n + beginnings] ?? Number.POSITIVE_INFINITY) - at < flappingResolves * pace.resolveAfterMs,
    );
    if (often !== undefined) auditor.complain('told-again-and-again', lane);
  }
}

/** A label is named only where it is the true one; and where a whole zone was hit for long enough, it is. */
export function rightlyBlamed({ auditor, world }: Watchdog, said: Said, cause: Episode, boundMs: number): void {
  if (!said.place.startsWith('stopped@')) return;
  const { zone } = faultOf(cause.kind);
  const truly = zone ? `zone=zone-${(cause.node ?? 0) % zones}` : undefined;
  const wrong = [...said.everNamed].filter((label) => label !== truly);
  const what = `${said.place} at ${clock(said.openedAt)}`;
  if (wrong.length > 0) auditor.complain('blamed-wrongly', `${wrong.join()} of ${what}, ${cause.kind}`);
  const stays = world.nodes.every(({ from, leavingAt }) => from <= cause.at && leavingAt > cause.at + cause.forMs);
  if (truly !== undefined && stays && cause.forMs > boundMs && !said.everNamed.has(truly))
    auditor.complain('nobody-blamed', `${what}: ${truly}`);
}
