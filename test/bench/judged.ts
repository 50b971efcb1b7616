/** How fast a complete look is asked for, judged and committed at each of four hops. */
import { codeOf } from '../../src/core/block.ts';
import { takeChanges } from '../../src/engine/rows.ts';
import { step } from '../../src/engine/step.ts';
import type { EpochMs } from '../../src/lib/clock.ts';
import type { Find } from '../../src/probe.ts';
import { ledgerFolder, openRig, type Rig } from './engine-rig.ts';
import { virtualDrive } from './virtual-drive.ts';

const start = 1_795_163_811_000;
const spec = { streams: 3_000, everyMs: 1_000, pollMs: 60_000 };
/** Nobody looks while these are injected: one look at each hop judges them all, after the latest deadline. */
const spanMs = 60_000;
const allDueMs = 95_000;

/**
 * Verdicts (one canary at one hop) a second. `absent`: the look did not find them, so they become overdue. `found`: it
 * found them all; each token is verified first.
 */
export async function benchJudged(): Promise<Record<string, number>> {
  using folder = ledgerFolder();
  const rig = await openRig(spec, folder.path, start);
  for (const hop of hopsOf(rig)) hop.nextLookAt = Number.POSITIVE_INFINITY;
  const finds: Find[] = [];
  const drive = virtualDrive(rig, (sent) => void finds.push(...sent));
  await drive.run(start + spanMs);
  for (const stream of rig.state.streamsByNumber.values()) stream.listed = false;
  const verdicts = drive.injected * hopsOf(rig).length;
  const absentMs = await lookAtAll(rig, start + spanMs + allDueMs, []);
  refuseUnless(count(rig, ['overdue']) === verdicts);
  const foundMs = await lookAtAll(rig, start + spanMs + allDueMs + spec.pollMs, finds);
  refuseUnless(count(rig, ['delivered', 'delayed']) === verdicts);
  await rig.ledger.close();
  return { absentPerSecond: (verdicts / absentMs) * 1_000, foundPerSecond: (verdicts / foundMs) * 1_000, verdicts };
}

function hopsOf({ state }: Rig) {
  return state.pipelines.flatMap((pipeline) => pipeline.hops);
}

/** Asks, judges and commits at all hops; ms that took. */
async function lookAtAll(rig: Rig, now: EpochMs, finds: readonly Find[]): Promise<number> {
  const { state, ledger } = rig;
  for (const hop of hopsOf(rig)) hop.nextLookAt = now;
  const began = performance.now();
  for (const command of step(state, { type: 'tick', wall: now }, now)) {
    if (command.type !== 'look') continue;
    const { hop, question } = command;
    const { ranges, count: askedCount } = command.asked();
    const look = { coverage: 'complete' as const, finds };
    step(state, { type: 'looked', hop, asOf: question.asOf, asked: ranges, askedCount, tookMs: 5, look }, now);
    await ledger.commit(takeChanges(state));
  }
  return performance.now() - began;
}

function count({ state }: Rig, verdicts: readonly (keyof typeof codeOf)[]): number {
  let sum = 0;
  for (const { tracks } of state.streamsByNumber.values()) {
    // `+ 8`: seen only further down.
    for (const { live } of tracks)
      for (const verdict of verdicts) sum += (live[codeOf[verdict]] ?? 0) + (live[codeOf[verdict] + 8] ?? 0);
  }
  return sum;
}

function refuseUnless(right: boolean): void {
  if (!right) throw new Error('The engine judged something else than what was measured, so its time means nothing.');
}
