/** What the suites of all three roles share: the bench they run on and what every role's config promises. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { AnyProbe, DirectInjector, Injector } from '../../src/probe.ts';

export interface Suite<Bench> {
  readonly probe: AnyProbe;
  /** Starts the target; called once, before all tests of the suite. */
  bench(): Promise<Bench>;
  /** The config that points at this base URL. Absent only for probes that speak no HTTP. */
  hostile?(url: string): unknown;
  /** Dummy secrets that `bench` and `hostile` give the probe, in config or environment: none may show in an error. */
  readonly secrets?: readonly string[];
}

export interface Bench {
  /** As in YAML, before the probe's schema. */
  readonly config: object;
  stop(): Promise<void>;
}

/** What probes under test are opened with: the machine's clock, no log. */
export const context = { clock: createClock(), log: silentLog };
export const forever = { signal: new AbortController().signal };

export function abortedSignal(): AbortSignal {
  return AbortSignal.abort(new DOMException('shutting down', 'AbortError'));
}

/** An injector as one that lines are written to directly. */
export function directly(injector: Injector): DirectInjector {
  if (!('inject' in injector)) throw new Error('this injector is handed schedules');
  return injector;
}

export function roleOf<Found>(role: Found | undefined): Found {
  if (role === undefined) throw new Error('the definition lacks this role');
  return role;
}

export function benchOf<B extends Bench>(suite: Suite<B>): () => B {
  let bench: B | undefined;
  beforeAll(async () => {
    bench = await suite.bench();
  });
  afterAll(() => bench?.stop());
  return () => {
    if (bench === undefined) throw new Error('the bench did not start');
    return bench;
  };
}

interface Configurable {
  readonly config: { safeParse(raw: unknown): { success: boolean; data?: unknown } };
  target(config: never): string;
}

export function describeConfig(role: Configurable, bench: () => Bench): void {
  test('given an unknown key, when the config is parsed, then it is refused', () => {
    expect(role.config.safeParse(bench().config).success).toBe(true);
    expect(role.config.safeParse({ ...bench().config, no_such_key: 1 }).success).toBe(false);
    for (const config of [null, 'text', 42, []]) expect(role.config.safeParse(config).success).toBe(false);
  });
  test('given a config, when asked for the target, then it names a place without credentials', () => {
    const { data } = role.config.safeParse(bench().config);
    expect(role.target(data as never)).toMatch(/^[^@\s]+$/);
  });
}
