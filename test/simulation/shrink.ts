/** Makes a failing plan small: fewer faults, shorter ones, fewer streams, less time; as long as it breaks the same promise. */
import type { Plan } from './plan.ts';
import { minute, paceOf } from './setting.ts';

/** Tries at most; each runs a whole plan. */
const tryLimit = 200;

export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let best = plan;
  let tries = 0;
  const attempt = async (smaller: Plan): Promise<boolean> => {
    tries += 1;
    if (tries > tryLimit || !(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  for (let part = Math.ceil(best.episodes.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let at = 0; at < best.episodes.length; ) {
      const episodes = best.episodes.filter((_, i) => i < at || i >= at + part);
      if (!(await attempt({ ...best, episodes }))) at += part;
    }
  }
  while (best.streams > 1 && (await attempt({ ...best, streams: Math.floor(best.streams / 2) }))) {}
  await attempt({ ...best, hours: hoursOf(best) });
  for (let i = 0; i < best.episodes.length; i++) {
    while ((best.episodes[i]?.forMs ?? 0) > 2 * paceOf(best).minute && (await attempt(halved(best, i)))) {}
  }
  return best;
}

function halved(plan: Plan, index: number): Plan {
  const episodes = plan.episodes.map((each, i) =>
    i === index ? { ...each, forMs: Math.round(each.forMs / 2) } : each,
  );
  return { ...plan, episodes };
}

function hoursOf(plan: Plan): number {
  const last = Math.max(0, ...plan.episodes.map(({ at, forMs }) => at + forMs));
  return Math.ceil(last / (60 * minute)) + Math.ceil(2 * paceOf(plan).scale);
}
