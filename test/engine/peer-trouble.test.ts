/** What is told, and shown, of a peer that is gone, was never there, or is not as we are. */
import { describe, expect, test } from 'vitest';
import type { PeerReport } from '../../src/core/peer.ts';
import { reportOf } from '../../src/engine/peering.ts';
import { viewOf } from '../../src/engine/view.ts';
import { Bench } from './harness.ts';
import { configOf, hopSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;
const peers = [{ name: 'b', url: 'http://b.test:9780' }];
const pipelines = [sandboxPipeline({ hops: [hopSpec({ name: 'stream' })] })];

async function opened() {
  const bench = await Bench.open(new Scene({}), configOf({ peers, pipelines }));
  const theirs = (changes: Partial<PeerReport> = {}): PeerReport => ({
    ...reportOf(bench.state, true),
    ...{ instance: 'zzz', hears: [bench.state.instance], open: [], taken: [] },
    ...changes,
  });
  /** For so long the peer answers like this; or not at all. */
  const run = (ms: number, answer?: PeerReport | string) => {
    for (let left = ms; left > 0; left -= 10_000) {
      bench.run(Math.min(left, 10_000));
      if (typeof answer === 'object') bench.dispatch({ type: 'peer-heard', name: 'b', report: answer });
      if (typeof answer === 'string') bench.dispatch({ type: 'peer-missed', name: 'b', why: answer });
    }
  };
  const peer = () => viewOf(bench.state, { ok: true, problems: [] }).peers?.[0];
  const told = () => bench.open().map(({ kind, hop, detail }) => `${kind}@${hop} ${detail}`);
  return { bench, run, theirs, peer, told };
}

describe('given a peer', () => {
  test('when it answers and is as we are, then nothing is told, and it shows who tells first', async () => {
    const { run, theirs, peer, told, bench } = await opened();
    run(20 * minute, theirs());
    expect(told()).toEqual([]);
    expect(peer()).toEqual({
      ...{ name: 'b', state: 'heard', heardAt: bench.now, goesFirst: false, differs: [], awaited: [] },
    });
  });

  test('when it falls silent, then that is shown within a minute and told after 15, until it is heard again', async () => {
    const { run, theirs, peer, told } = await opened();
    run(2 * minute, theirs());
    run(70_000, 'connection refused');
    expect(peer()).toMatchObject({ state: 'silent', trouble: 'connection refused' });
    run(13 * minute, 'connection refused');
    expect(told()).toEqual([]);
    run(2 * minute, 'connection refused');
    expect(told()).toEqual([expect.stringMatching(/^silent@b .*b, has not been heard for .*connection refused/)]);
    run(minute, theirs());
    expect(told()).toEqual([]);
  });

  test('when it never answers, then it is unproven after a quarter of an hour, not silent', async () => {
    const { run, peer, told } = await opened();
    run(14 * minute, 'no address');
    expect([peer()?.state, told()]).toEqual(['unheard', []]);
    run(2 * minute, 'no address');
    expect(told()).toEqual([expect.stringMatching(/^unproven@b .*never heard.*no address/)]);
  });

  test.each([
    ['it is ourselves', (instance: string) => ({ instance }), /leads to ourselves/],
    ['its deployment is another one', () => ({ deployment: 'osaka' }), /deployment is "osaka", ours is "test"/],
  ])('when %s, then it counts as never heard, and says so', async (_, changed, why) => {
    const { bench, run, theirs, peer, told } = await opened();
    run(16 * minute, theirs(changed(bench.state.instance)));
    expect(peer()).toMatchObject({ state: 'unheard', trouble: expect.stringMatching(why) });
    expect(told()).toEqual([expect.stringMatching(why)]);
  });

  test.each([
    ['its thresholds are others', { terms: { sandbox: '0' } }, 'pipelines: sandbox'],
    ['it lacks a channel', { channels: {} }, 'notify: pager'],
    ['it does not hear us', { hears: [] }, 'it does not hear us'],
  ])('when %s, then that is shown at once and told after 15 minutes', async (_, changes, shown) => {
    const { run, theirs, peer, told } = await opened();
    run(minute, theirs(changes));
    expect(peer()?.differs).toContain(shown);
    run(13 * minute, theirs(changes));
    expect(told()).toEqual([]);
    run(2 * minute, theirs(changes));
    expect(told()).toEqual([expect.stringMatching(/^unproven@b The other logcanary, b, /)]);
    run(minute, theirs());
    expect(told()).toEqual([]);
  });

  test('when a report of it was kept in the ledger, then it is known after a restart, and silent from when it was heard', async () => {
    const { bench, run, theirs, peer } = await opened();
    run(2 * minute, theirs());
    const heardAt = bench.now;
    await bench.restart(30 * minute);
    expect(peer()).toMatchObject({ state: 'unheard', heardAt });
    bench.run(2 * minute);
    expect(peer()).toMatchObject({ state: 'silent', heardAt });
  });

  test('when a ledger was written before there were peers, then it opens', async () => {
    const { bench } = await opened();
    bench.run(minute);
    const { meta } = await bench.ledger.load();
    expect(meta.map(({ key }) => key)).not.toContain('peers');
    await bench.restart();
    expect(bench.state.peers).toHaveLength(1);
  });
});
