/** A short run of every fuzz target, each time the same cases; `npm run fuzz -- --minutes N --seed S` draws others, for longer. */
import { expect, test } from 'vitest';
import { targets } from './targets.ts';

const seed = 1;

test.each(targets)('given hostile input of the kind "$name", when it is taken, then nothing breaks', async (target) => {
  const opened = await target.open();
  try {
    expect((await opened.check({ seed, numRuns: target.runs }))?.report).toBeUndefined();
  } finally {
    await opened.close();
  }
});
