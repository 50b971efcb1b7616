import { unitHash } from '../../src/core/schedule.ts';

/** Numbers in [0, 1), the same for the same seed. */
export function dice(seed: number): () => number {
  let rolled = 0;
  return () => unitHash(seed, rolled++);
}
