/** What had to be said about each fault, and what had no cause: held against what was said. */

import { clock } from './clock.ts';
import { type Fault, faultOf } from './fault.ts';
import type { Said } from './gazette.ts';
import { deliveredAll, rarelyTold, rightlyBlamed } from './hearing.ts';
import { isQuiet, nightsOf, warmUpMs } from './night.ts';
import type { Episode } from './plan.ts';
import { type HopName, limits, minute, modeOf, sampleOf } from './setting.ts';
import { longestSleepMs, type Watchdog } from './watchdog.ts';

/** Jitter of the schedule, time that calls take. */
const slackMs = 10_000;
/** After the end of a fault what it left behind may still be noticed so many minutes of the world later than its own bound. */
const afterwards = 4;
/** From the end of a fault until all of it must be told to be over, minutes of the world. */
const resolvedWithin = 75;

export interface Detection {
  readonly kind: string;
  readonly place: string;
  readonly tookMs: number;
  readonly boundMs: number;
  /**
   * For a total stop: until the second canary in a row of some stream was past its deadline, and one look interval more. Before the
   * deadline nobody can know, whatever he reads; the interval is what tells a stop from lines that are late.
   */
  readonly leastMs?: number;
  /** And from the first canary's deadline until it was told: the goal is three look intervals. */
  readonly afterDueMs?: number;
}

export function judge(watchdog: Watchdog): readonly Detection[] {
  const { auditor, gazette, pace, plan } = watchdog;
  const said = [...gazette.said.values()];
  for (const at of watchdog.world.nightly) auditor.complain('sent-while-off', `a line was planned for ${clock(at)}`);
  for (const each of said) {
    if (each.place !== 'clock@logcanary' && isQuiet(plan, each.raisedAt, slackMs + longestSleepMs))
      auditor.complain('told-while-off', `${each.place} at ${clock(each.raisedAt)}`);
    const cause = causeOf(watchdog, each);
    if (!cause) auditor.complain('cried-wolf', `${each.place} at ${clock(each.openedAt)} without a cause`);
    else if (
      each.resolvedAt === undefined ||
      each.resolvedAt >
        Math.max(cause.at + cause.forMs, each.openedAt) +
          resolvedWithin * pace.minute * sampledAt(watchdog, each.place) +
          awayIn(watchdog, cause.at, each.resolvedAt)
    )
      auditor.complain(
        'not-resolved',
        `${each.place} at ${clock(each.openedAt)} after ${cause.kind} ended at ${clock(cause.at + cause.forMs)}`,
      );
    deliveredAll(watchdog, each, awayIn(watchdog, each.openedAt, each.resolvedAt ?? watchdog.now));
    if (cause) rightlyBlamed(watchdog, each, cause, boundOf(watchdog, cause, faultOf(cause.kind)) + 2 * pace.minute);
  }
  rarelyTold(watchdog);
  const detections = plan.episodes.flatMap((episode) => told(watchdog, episode, said));
  const left = watchdog.state?.outbox.size ?? 0;
  if (left > 0) auditor.complain('outbox-not-empty', `${left} notifications wait though all channels work`);
  return detections;
}

/** The latest that could be it: an earlier one of the same kind is over. */
function causeOf(watchdog: Watchdog, said: Said): Episode | undefined {
  return watchdog.plan.episodes.findLast((episode) => explains(watchdog, episode, said));
}

function explains(watchdog: Watchdog, episode: Episode, { place, openedAt }: Said): boolean {
  const fault = faultOf(episode.kind);
  const unread = modeOf(watchdog.plan, 'stream') === 'on-demand' && fault.unread?.some((each) => each === place);
  if (unread && openedAt >= episode.at) return true;
  if (fault.must !== place && !fault.may?.some((each) => each === place)) return false;
  const [early, afterMs = 0] = fault.notBefore ?? [];
  if (early === place && openedAt < episode.at + afterMs) return false;
  const late = boundOf(watchdog, episode, fault) + afterwards * watchdog.pace.minute;
  return openedAt >= episode.at && openedAt <= episode.at + episode.forMs + late;
}

/** From its begin until it must be told, given what befell the watchdog meanwhile. */
function boundOf(watchdog: Watchdog, episode: Episode, fault: Fault): number {
  const { pace, plan } = watchdog;
  const streams = fault.node ? 1 : plan.streams;
  const hop = fault.must?.split('@')[1] as HopName;
  const sampled = pace.withinMs[hop] === undefined ? 1 : sampleOf(plan, hop);
  // What befell a schedule is known with the next receipt.
  const least = fault.world === 'cluster' ? limits.refillMs : 0;
  const own = fault.withinMs?.(pace, episode.share ?? 1, streams) ?? least;
  // Each look of an on-demand hop begins with noticing that one is due.
  const onDemand = hop === 'stream' && modeOf(plan, hop) === 'on-demand' ? 4 * pace.pollMs : 0;
  const bound = own + (sampled - 1) * (fault.drops ? own : 2 * pace.everyMs) + slackMs + onDemand;
  const until = episode.at + bound;
  const failed = watchdog.troubledLooks.filter(
    (look) => look.at >= episode.at && look.at <= until && !fault.looks && lineageOf(hop).includes(look.hop),
  );
  return bound + failed.length * pace.pollMs + awayIn(watchdog, episode.at - pace.minute, until, hop === 'alert');
}

/** Where every so manieth canary is expected, good ones come as much more rarely. */
function sampledAt({ plan }: Watchdog, place: string): number {
  return sampleOf(plan, place.split('@')[1] as HopName);
}

function lineageOf(hop: string | undefined): readonly string[] {
  if (hop === 'alert') return ['alert', 'index', 'stream'];
  return hop === 'stream' ? ['stream'] : [hop ?? '', 'stream'];
}

/** Time lost to restarts, refused commits and looks without an answer: each costs its own length and a new beginning. */
function awayIn(watchdog: Watchdog, from: number, to: number, isPushed = false): number {
  const { pace } = watchdog;
  let lost = 0;
  // Of what was out when we came up nobody can say that it was not posted while we were away.
  const begin = 3 * pace.pollMs + 2 * pace.everyMs + (isPushed ? pace.withinMs.alert : 0);
  for (const away of watchdog.away) {
    if (away.from < to && away.to > from) lost += Math.min(away.to, to + 30 * pace.minute) - away.from + begin;
  }
  for (const night of nightsOf(watchdog.plan)) {
    const end = night.until + warmUpMs;
    if (night.from < to && end > from) lost += end - night.from + begin;
  }
  for (const { kind, at, forMs } of watchdog.plan.episodes) {
    const slows = kind === 'zombie-looks' || kind === 'receipts-lost' || kind === 'commit-slow';
    if (slows && at < to && at + forMs > from)
      lost += kind === 'zombie-looks' ? forMs + 10 * pace.minute : 2 * pace.minute;
    // What was handed over has run out: nothing that could be missed goes out.
    const dry = { from: at + limits.horizonMs - 2 * limits.refillMs, to: at + forMs + 2 * minute };
    const runsDry = kind === 'control-plane-away' || kind === 'pod-unreachable';
    if (runsDry && dry.from < Math.min(dry.to, to) && dry.to > from) lost += dry.to - dry.from;
  }
  return lost;
}

function told(watchdog: Watchdog, episode: Episode, said: readonly Said[]): Detection[] {
  const { auditor, pace, plan } = watchdog;
  const fault = faultOf(episode.kind);
  const { must } = fault;
  if (must === undefined || !isNoticeable(watchdog, fault, must)) return [];
  const bound = boundOf(watchdog, episode, fault);
  if (plan.cluster && fault.node && !staysThere(watchdog, episode, bound)) return [];
  const end = episode.at + episode.forMs;
  const here = said.filter(
    (each) =>
      each.place === must && each.openedAt >= episode.at && each.openedAt <= end + bound + afterwards * pace.minute,
  );
  const [first] = here;
  const name = `${episode.kind} from ${clock(episode.at)} to ${clock(end)}`;
  const lasts = fault.flaps ? fault.flaps.on * pace.scale : episode.forMs;
  if (lasts >= bound && end < plan.hours * 60 * minute) {
    if (!first) auditor.complain('missed', `${must}: ${name} was not told`);
    else if (first.openedAt > episode.at + bound)
      auditor.complain(
        'told-late',
        `${must}: ${name} was told at ${clock(first.openedAt)}, due at ${clock(episode.at + bound)}`,
      );
  }
  // A slowdown begins as a stop, whose end takes the evidence with it: it may be told again (docs/simulation.md).
  const times =
    fault.world === 'cluster' || plan.sleeps
      ? here.filter((each) => causeOf(watchdog, each) === episode).length
      : here.length;
  if (times > 1 && !fault.share && !fault.slows && !fault.flaps)
    auditor.complain('told-twice', `${must}: ${name} was told ${times} times`);
  if (!first) return [];
  const stop = fault.stalls && !fault.looks ? stopOf(watchdog, episode, fault.stalls) : undefined;
  const detection = { kind: episode.kind, place: must, tookMs: first.openedAt - episode.at, boundMs: bound };
  if (!stop) return [detection];
  return [
    { ...detection, leastMs: stop.second + watchdog.pace.pollMs - episode.at, afterDueMs: first.openedAt - stop.first },
  ];
}

/** When the first two canaries in a row of some stream were past their deadlines at a hop: before the second nobody can know of a stop. */
function stopOf(
  { pace, plan, world }: Watchdog,
  { at, forMs }: Episode,
  hop: HopName,
): { first: number; second: number } | undefined {
  const spacing = sampleOf(plan, hop);
  const firsts = new Map<string, number>();
  const end = at + forMs + pace.withinMs[hop];
  for (const { stream, seq, due } of world.lates[hop]) {
    if (due < at || due > end) continue;
    const first = firsts.get(`${stream} ${seq - spacing}`);
    if (first !== undefined) return { first, second: due };
    firsts.set(`${stream} ${seq}`, due);
  }
  return undefined;
}

/** The node that it befalls is there, and stays until it must be told. */
function staysThere({ world }: Watchdog, { node, at }: Episode, bound: number): boolean {
  const begin = at - limits.refillMs;
  return (
    node === undefined ||
    world.nodes.some(
      ({ index, from, leavingAt, deadAt }) =>
        index === node && from <= begin && Math.min(leavingAt, deadAt) > at + bound + minute,
    )
  );
}

/** Nobody reads an on-demand hop while all is well below it. */
function isNoticeable({ plan }: Watchdog, fault: Fault, must: string): boolean {
  if (must === 'isolated@logcanary') return modeOf(plan, 'stream') === 'poll';
  return !(must.endsWith('@stream') && modeOf(plan, 'stream') === 'on-demand' && !fault.stalls && !fault.drops);
}
