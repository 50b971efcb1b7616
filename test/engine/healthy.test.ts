import { expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf } from './sandbox-config.ts';
import { Scene } from './scene.ts';

test('given a pipeline that works, when an hour passes, then nothing is found wrong and every canary is accounted for', async () => {
  const bench = await Bench.open(new Scene(), configOf());
  bench.run(3_600_000);
  expect(bench.history()).toEqual([]);
  expectIdentity(bench.state);
  expect(bench.state.streamsByNumber.get(1)?.nextSeq).toBeGreaterThan(3_590);
});
