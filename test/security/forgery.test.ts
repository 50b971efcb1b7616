/** Somebody who can write into the pipeline, or post to us, tries to be believed. */
import { expect, test } from 'vitest';
import { mintToken } from '../../src/core/token.ts';
import { tokenOf } from '../../src/engine/injecting.ts';
import { verdictCounts } from '../../src/engine/sums.ts';
import type { Find } from '../../src/probe.ts';
import { Bench, signer } from '../engine/harness.ts';
import { expectIdentity } from '../engine/identity.ts';
import { configOf } from '../engine/sandbox-config.ts';
import { Scene } from '../engine/scene.ts';

/** A pipeline in which nothing comes to the alerter by itself. */
async function open() {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  scene.stage('alert').stopped = true;
  bench.run(30_000);
  const hop = bench.state.pipelines[0]?.hops.find((each) => each.spec.name === 'alert');
  if (hop === undefined) throw new Error('no hop alert');
  const post = (token: string, kind: Find['kind'] = 'line') =>
    bench.dispatch({ type: 'hooked', hop: 'alert', finds: [{ token, kind }] });
  const seen = () => {
    const counts = verdictCounts(hop.tracks);
    return counts.delivered + counts.delayed;
  };
  const genuine = (seq: number) => {
    const stream = bench.state.streamsByNumber.get(1);
    if (stream === undefined) throw new Error('no stream');
    return tokenOf(bench.state, stream, seq) ?? '';
  };
  return { bench, hop, post, seen, genuine };
}

test('given a genuine canary, when it is replayed a hundred times, then it delivers once', async () => {
  const { bench, post, seen, genuine } = await open();
  for (let count = 0; count < 100; count += 1) post(genuine(10));
  expect(seen()).toBe(1);
  expectIdentity(bench.state);
});

test('given a stolen signing key, when canaries that we never handed out arrive, then they are forged and deliver nothing', async () => {
  const { bench, hop, post, seen, genuine } = await open();
  post(genuine(9)); // a hop that never saw a canary is `unproven`, and says nothing else
  const base = { key: signer.first, writer: bench.state.writer, stream: 1, plannedAt: bench.now, shape: 0, length: 0 };
  post(mintToken({ ...base, seq: 1_000_000 }, signer));
  post(mintToken({ ...base, seq: 10 }, signer));
  expect(genuine(10)).not.toBe(mintToken({ ...base, seq: 10 }, signer));
  expect([seen(), hop.counters.entered.forged]).toEqual([1, 2]);
  bench.run(3_000);
  expect(bench.open('forged').map(({ hop: at }) => at)).toEqual(['alert']);
});

test('given a genuine token that is only quoted, when it is posted without our line, then it delivers nothing', async () => {
  const { post, seen, genuine } = await open();
  post(genuine(10), 'echo');
  post(genuine(11), 'suspect');
  expect(seen()).toBe(0);
});

test('given made-up tokens without end, when they are posted, then they are counted and nothing grows with them', async () => {
  const { bench, hop, post } = await open();
  const before = bench.state.streamsByNumber.size;
  for (let seq = 0; seq < 6_000; seq += 1)
    post(mintToken({ key: signer.first, writer: 5, stream: 7, seq, plannedAt: 1, shape: 0, length: 0 }, signer));
  expect(hop.counters.entered.foreign).toBe(6_000);
  expect(bench.state.foreignAtHooks.size).toBeLessThanOrEqual(512);
  expect(hop.strange.size).toBeLessThanOrEqual(5_000);
  expect(bench.state.streamsByNumber.size).toBe(before);
});
