import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeFailure } from './accounting-comparison.ts';
import { History } from './accounting-history.ts';
import { operations } from './accounting-operations.ts';

test('given any history of receipts, looks, hooks, crashes and config changes, when compared with books of one object per canary, then every verdict, total and counter is the same', async () => {
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 - 1 }), operations, async (seed, drawn) => {
    const history = await History.begin(seed);
    for (const operation of drawn) {
      await history.apply(operation);
      expect(describeFailure(history)).toEqual([]);
    }
  });
  await fc.assert(property, { numRuns: 10 });
});
