/** One simulated history: how long, how wide, and every fault that befalls it. Made from a seed, or read from the corpus. */
import { about, Dice } from './dice.ts';
import { type FaultKind, faultOf, faults } from './fault.ts';
import { minute, timing } from './setting.ts';

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
  readonly episodes: readonly Episode[];
}

/** From trouble to trouble, so that each is over, and told to be over, before the next begins: ms. */
const calm = { least: 100 * minute, more: 80 * minute };
const firstTrouble = 30 * minute;

export interface PlanChoice {
  readonly seed: number;
  readonly hours: number;
  readonly streams: number;
  /** Faults to draw from. All when absent, none when empty. */
  readonly kinds?: readonly FaultKind[];
}

/** Episodes one after the other, with disturbances of the watchdog itself (crashes, lost receipts...) strewn over everything. */
export function planOf({ seed, hours, streams, kinds }: PlanChoice): Plan {
  const dice = new Dice(seed);
  const end = hours * 60 * minute;
  const usable = (kinds ?? (Object.keys(faults) as FaultKind[])).filter(
    (kind) => streams >= (faultOf(kind).streams ?? 1),
  );
  const main = usable.filter((kind) => faults[kind].group === 'pipeline');
  const episodes: Episode[] = [];
  let at = firstTrouble;
  for (let n = 0; main.length > 0; n++) {
    const kind = main[dice.between(0, main.length - 1, about.plan, n)] as FaultKind;
    const episode = drawn(dice, kind, n, at, streams);
    at += episode.forMs + calm.least + dice.between(0, calm.more, about.plan, n, 9);
    if (at > end) break;
    episodes.push(episode);
  }
  for (const [group, offset] of [
    ['watchdog', 1_000_000],
    ['channel', 2_000_000],
  ] as const)
    episodes.push(
      ...strewn(
        dice,
        usable.filter((kind) => faults[kind].group === group),
        offset,
        end - calm.least,
        streams,
      ),
    );
  episodes.sort((a, b) => a.at - b.at);
  return { seed, hours, streams, episodes };
}

/** Disturbances at any time, whatever else happens. */
function strewn(dice: Dice, kinds: readonly FaultKind[], offset: number, end: number, streams: number): Episode[] {
  const episodes: Episode[] = [];
  let at = firstTrouble / 2;
  for (let n = offset; kinds.length > 0; n++) {
    at += dice.between(5 * minute, 150 * minute, about.plan, n, 1);
    if (at > end) break;
    const kind = kinds[dice.between(0, kinds.length - 1, about.plan, n)] as FaultKind;
    const episode = drawn(dice, kind, n, at, streams);
    episodes.push(episode);
    at += episode.forMs;
  }
  return episodes;
}

function drawn(dice: Dice, kind: FaultKind, n: number, at: number, streams: number): Episode {
  const { lasts, share, node } = faultOf(kind);
  const [least, most] = lasts;
  const spread = dice.roll(about.plan, n, 2) ** 2;
  const low = share?.[0] ?? 0;
  const high = share?.[1] ?? 0;
  return {
    kind,
    at,
    forMs: Math.round(least + spread * (most - least)),
    ...(share ? { share: Math.round((low + dice.roll(about.plan, n, 3) * (high - low)) * 100) / 100 } : {}),
    ...(node ? { node: dice.between(0, streams - 1, about.plan, n, 4) } : {}),
  };
}

/** When everything that the plan began must be over and told. */
export function endOf(plan: Plan): number {
  const last = Math.max(0, ...plan.episodes.map(({ at, forMs }) => at + forMs));
  return Math.max(plan.hours * 60 * minute, last + 2 * timing.lostAfterMs);
}
