/** One simulated history: how long, how wide, and every fault that befalls it. Made from a seed, or read from the corpus. */
import { about, Dice } from './dice.ts';
import { type FaultKind, faultOf, faults } from './fault.ts';
import { quietUntil } from './night.ts';
import { minute, type Pace, paceOf, usualEveryMs } from './setting.ts';

/** One stretch of trouble. Times in ms since the beginning. */
export interface Episode {
  readonly kind: FaultKind;
  readonly at: number;
  readonly forMs: number;
  /** Of lines, for faults that hit only some. */
  readonly share?: number;
  /** Which node, counted from 0, for faults of one. */
  readonly node?: number;
}

export interface Plan {
  readonly seed: number;
  readonly hours: number;
  readonly streams: number;
  /** From canary to canary of a stream: the pace of this world. 30 s when absent. */
  readonly everyMs?: number;
  /** Canaries are handed to emitters on the nodes of a cluster, ahead of their times. */
  readonly cluster?: true;
  /** The cluster is switched off at night, and the pipeline has its hours. */
  readonly sleeps?: true;
  readonly episodes: readonly Episode[];
}

/** From trouble to trouble, so that each is over, and told to be over, before the next begins: minutes of the world. */
const calm = { least: 100, more: 80 };
const firstTrouble = 30;
/** Share of the worlds at the usual pace that are clusters. */
const clusterShare = 0.3;

export interface PlanChoice {
  readonly seed: number;
  readonly hours: number;
  readonly streams: number;
  readonly everyMs?: number;
  /** By the dice when absent: some worlds at the usual pace. */
  readonly cluster?: boolean;
  readonly sleeps?: true;
  /** Faults to draw from. All when absent, none when empty. */
  readonly kinds?: readonly FaultKind[];
}

/** Episodes one after the other, with disturbances of the watchdog itself (crashes, lost receipts...) strewn over everything. */
export function planOf({ seed, hours, streams, kinds, everyMs = usualEveryMs, ...choice }: PlanChoice): Plan {
  const pace = paceOf({ everyMs });
  const dice = new Dice(seed);
  const drawn = everyMs === usualEveryMs && dice.chance(clusterShare, about.node, 0);
  const cluster = choice.cluster ?? drawn;
  const end = hours * 60 * minute;
  const usable = (kinds ?? (Object.keys(faults) as FaultKind[])).filter(
    (kind) =>
      // hours are those of the clock: where that is wrong, so are they
      !(choice.sleeps && kind === 'clock-stepped') &&
      streams >= (faultOf(kind).streams ?? 1) &&
      (faultOf(kind).world ?? worldOf(cluster)) === worldOf(cluster),
  );
  const main = usable.filter((kind) => faults[kind].group === 'pipeline');
  const episodes: Episode[] = [];
  let at = firstTrouble * pace.minute;
  for (let n = 0; main.length > 0; n++) {
    const kind = main[dice.between(0, main.length - 1, about.plan, n)] as FaultKind;
    const episode = episodeOf(dice, pace, kind, n, at, streams);
    at += episode.forMs + pace.scale * (calm.least * minute + dice.between(0, calm.more * minute, about.plan, n, 9));
    if (at > end) break;
    episodes.push(episode);
  }
  for (const [group, offset] of [
    ['watchdog', 1_000_000],
    ['channel', 2_000_000],
    ['cluster', 4_000_000],
    ['people', 5_000_000],
  ] as const)
    episodes.push(
      ...strewn(
        dice,
        pace,
        usable.filter((kind) => faults[kind].group === group),
        offset,
        end - calm.least * pace.minute,
        streams,
      ),
    );
  episodes.sort((a, b) => a.at - b.at);
  return {
    ...{ seed, hours, streams },
    ...(everyMs === usualEveryMs ? {} : { everyMs }),
    ...(cluster ? { cluster } : {}),
    ...(choice.sleeps ? { sleeps: choice.sleeps } : {}),
    episodes,
  };
}

function worldOf(cluster: boolean): 'cluster' | 'plain' {
  return cluster ? 'cluster' : 'plain';
}

/** Disturbances at any time, whatever else happens. */
function strewn(
  dice: Dice,
  pace: Pace,
  kinds: readonly FaultKind[],
  offset: number,
  end: number,
  streams: number,
): Episode[] {
  const episodes: Episode[] = [];
  let at = (firstTrouble * pace.minute) / 2;
  for (let n = offset; kinds.length > 0; n++) {
    at += pace.scale * dice.between(5 * minute, 150 * minute, about.plan, n, 1);
    if (at > end) break;
    const kind = kinds[dice.between(0, kinds.length - 1, about.plan, n)] as FaultKind;
    const episode = episodeOf(dice, pace, kind, n, at, streams);
    episodes.push(episode);
    at += episode.forMs;
  }
  return episodes;
}

function episodeOf(dice: Dice, { scale }: Pace, kind: FaultKind, n: number, at: number, streams: number): Episode {
  const { lasts, share, node, absolute } = faultOf(kind);
  const [least, most] = lasts;
  const spread = dice.roll(about.plan, n, 2) ** 2;
  const low = share?.[0] ?? 0;
  const high = share?.[1] ?? 0;
  return {
    kind,
    at,
    forMs: Math.round((absolute ? 1 : scale) * (least + spread * (most - least))),
    ...(share ? { share: Math.round((low + dice.roll(about.plan, n, 3) * (high - low)) * 100) / 100 } : {}),
    ...(node ? { node: dice.between(0, streams - 1, about.plan, n, 4) } : {}),
  };
}

/** When everything that the plan began must be over and told. */
export function endOf(plan: Plan): number {
  const last = Math.max(0, ...plan.episodes.map(({ at, forMs }) => at + forMs));
  const end = Math.max(plan.hours * 60 * minute, last + 2 * paceOf(plan).lostAfterMs);
  // What is open at night is told to be over by day.
  const day = quietUntil(plan, end);
  return day === end ? end : day + 2 * paceOf(plan).lostAfterMs;
}
