/** What an observer promises that can be asked again for what was seen long ago (`Rechecker`); part of the observers' suite. */
import { describe, expect, test } from 'vitest';
import type { Observer, Rechecker } from '../../src/probe.ts';
import { canaryLines } from '../fakes/canary-lines.ts';
import { abortedSignal, type Bench, type Suite } from './bench.ts';
import { describeHostility } from './hostility.ts';
import { ask, askAgain, deliveredOf, expectSoundLook, tokensOf } from './look.ts';
import { expectProbeError, rejectionOf } from './probe-error.ts';

export interface RecheckBench extends Bench {
  /** Makes the lines visible at the hop, and resolves when they are. Absent for observers of mode `push`. */
  put?(texts: readonly string[]): Promise<void>;
  /** Takes away all that was put. Present where it can be asked for again. */
  remove?(): Promise<void>;
}

export interface RecheckSuite extends Suite<RecheckBench> {
  /** It can be asked again. */
  readonly rechecks?: true;
}

export function describeRechecks(
  open: (config: unknown) => Promise<Observer>,
  bench: () => RecheckBench,
  { probe, secrets, rechecks, hostile }: RecheckSuite,
): void {
  test('given an open observer, then it can be asked again where that is said of it, and about no more than the time between', async () => {
    const observer = await open(bench().config);
    expect(observer.recheck !== undefined).toBe(rechecks === true);
    expect(probe.asksAgain?.startsWith('Not possible: ')).toBe(rechecks !== true);
    const { everyMs = 60_000, spanMs = 60_000 } = observer.recheck ?? {};
    expect(spanMs).toBeGreaterThanOrEqual(60_000);
    expect(everyMs).toBeGreaterThanOrEqual(spanMs);
    await observer.close();
  });
  if (rechecks !== true) return;
  const asking = async <T>(config: unknown, use: (again: Rechecker, observer: Observer) => Promise<T>): Promise<T> => {
    const observer = await open(config);
    if (observer.recheck === undefined) throw new Error('it cannot be asked again');
    return use(observer.recheck, observer).finally(() => observer.close());
  };
  test('given canaries at the hop, when asked for again, then a complete look finds each, and not one that never came', () =>
    asking(bench().config, async (again) => {
      const [lines, never] = [canaryLines(3), canaryLines(1)];
      await bench().put?.(lines.map((line) => line.text));
      const look = await askAgain(again, [...lines, ...never]);
      expectSoundLook(look, secrets);
      expect(look.cursor).toBeUndefined();
      expect([...new Set(deliveredOf(look, [...lines, ...never]))]).toEqual(tokensOf(lines));
    }));
  test('given canaries that were removed, when asked for again, then a complete look does not find them', () =>
    asking(bench().config, async (again, observer) => {
      const lines = canaryLines(2);
      await bench().put?.(lines.map((line) => line.text));
      expect(deliveredOf(await ask(observer, lines), lines)).toEqual(tokensOf(lines));
      await bench().remove?.();
      await bench().put?.(['some other line']);
      // What was known of the place may have to be learnt anew.
      const looks = [await askAgain(again, lines), await askAgain(again, lines)];
      expect(looks.at(-1)?.coverage).toBe('complete');
      expect(looks.flatMap((look) => deliveredOf(look, lines))).toEqual([]);
    }));
  test('given an already aborted signal, when asked again, then it rejects with aborted', () =>
    asking(bench().config, async (again) => {
      const error = await rejectionOf(askAgain(again, canaryLines(1), abortedSignal()));
      expectProbeError(error, ['aborted'], secrets);
    }));
  if (hostile === undefined) return;
  const call = (config: unknown, signal: AbortSignal) =>
    asking(config, async (again) => {
      const look = await askAgain(again, canaryLines(1), signal);
      const errors = look.why === undefined ? [] : [look.why];
      return { errors, claims: look.coverage === 'complete' || look.finds.length > 0 };
    });
  describe('asked again', () => describeHostility({ call, config: hostile, secrets: secrets ?? [] }));
}
