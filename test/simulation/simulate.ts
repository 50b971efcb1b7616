/** Runs one plan to its end and says what was broken. */
import type { Violation } from './auditor.ts';
import { type Detection, judge } from './expectation.ts';
import { endOf, type Plan } from './plan.ts';
import { paceOf } from './setting.ts';
import { type LedgerKind, openStorage } from './storage.ts';
import { Watchdog } from './watchdog.ts';

export interface Outcome {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly detections: readonly Detection[];
  readonly incidents: readonly string[];
  /** Of those, the ones that nobody was told of, because of maintenance. */
  readonly untold: number;
  /** How often channels were told of a beginning. */
  readonly beginnings: number;
  readonly canaries: number;
  readonly commits: number;
  readonly steps: number;
  readonly restarts: number;
  readonly latencies: { readonly measured: number; readonly wrong: number };
  readonly losses: { readonly lost: number; readonly trulyLost: number };
  /** Simulated until here, ms. */
  readonly endedAt: number;
}

export async function simulate(plan: Plan, ledger: LedgerKind = 'memory'): Promise<Outcome> {
  const storage = await openStorage(ledger);
  try {
    const watchdog = new Watchdog(plan, storage);
    const end = endOf(plan);
    await watchdog.run(end);
    // A crash may be the last thing in a plan.
    if (!watchdog.state) await watchdog.run(end + 30 * paceOf(plan).minute);
    const { auditor, gazette, state } = watchdog;
    const losses = state ? auditor.settled(state) : { lost: 0, trulyLost: 0 };
    const detections = judge(watchdog);
    return {
      plan,
      violations: auditor.violations,
      detections,
      incidents: [...gazette.said.values()].map((each) => each.place),
      untold: [...gazette.said.keys()].filter((id) => !gazette.deliveries.some(({ incident }) => incident === id))
        .length,
      beginnings: gazette.triggers.size,
      canaries: [...(state?.streamsByNumber.values() ?? [])].reduce((sum, stream) => sum + stream.nextSeq, 0),
      commits: auditor.commits,
      steps: watchdog.steps,
      restarts: watchdog.restarts - 1,
      latencies: auditor.latencies,
      losses,
      endedAt: watchdog.now,
    };
  } finally {
    await storage.close();
  }
}
