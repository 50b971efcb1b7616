/** Waiting for something to become true, with an end to it. */
import { messageOf } from '../../src/lib/errors.ts';
import type { Bench } from './ordeal.ts';

const pollMs = 50;

/**
 * Asks until `condition` gives something else than undefined or false; an error it throws counts as "not yet".
 * @throws when `ms` have passed, with `what` and the last error; or when the bench is told to stop
 */
export async function until<T>(
  { clock, signal }: Pick<Bench, 'clock' | 'signal'>,
  what: string,
  ms: number,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = clock.monotonicMs() + ms;
  let last = '';
  for (;;) {
    try {
      const found = await condition();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = `: ${messageOf(error)}`;
    }
    if (clock.monotonicMs() >= end) throw new Error(`${what}: not within ${Math.round(ms / 1_000)} s${last}`);
    await clock.sleep(pollMs, signal);
  }
}
