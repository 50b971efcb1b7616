/**
 * What every probe promises (`src/probe.ts`), as suites that a probe's own test calls with a bench: a live target on
 * loopback and how to put lines there. The test then adds only what is peculiar to its system.
 */
import { describe, expect, test } from 'vitest';
import type { BatchLine, Emission, Observer, ProbeError } from '../../src/probe.ts';
import { type CanaryLine, canaryLines } from '../fakes/canary-lines.ts';
import {
  abortedSignal,
  type Bench,
  benchOf,
  context,
  describeConfig,
  directly,
  forever,
  roleOf,
  type Suite,
} from './bench.ts';
import { describeHostility } from './hostility.ts';
import { ask, deliveredBy, deliveredOf, expectSoundLook, tokensOf } from './look.ts';
import { expectProbeError, rejectionOf } from './probe-error.ts';
import { describeRechecks, type RecheckBench, type RecheckSuite } from './recheck.ts';

export type ObserverBench = RecheckBench;

export interface InjectorBench extends Bench {
  /** All bytes that arrived where the injector writes, as one string. */
  arrived(): Promise<string>;
}

// ------------------------------------------------------------------------------------------------ observers

export function describeObserver(name: string, suite: RecheckSuite): void {
  describe(`${name}: observer contract`, () => {
    const role = roleOf(suite.probe.observe);
    const open = (config: unknown): Promise<Observer> => role.open(role.config.parse(config), context);
    const bench = benchOf(suite);

    describeConfig(role, bench);
    test('given an already aborted signal, when observed, then it rejects with aborted', async () => {
      const observer = await open(bench().config);
      const error = await rejectionOf(ask(observer, canaryLines(1), undefined, abortedSignal()));
      expectProbeError(error, ['aborted'], suite.secrets);
      await observer.close();
    });
    test('given an open observer, when closed twice, then nothing happens', async () => {
      const observer = await open(bench().config);
      await observer.close();
      await observer.close();
    });
    describeLooks(open, bench, suite.secrets);
    describeRechecks(open, bench, suite);
    if (suite.hostile !== undefined) {
      const call = async (config: unknown, signal: AbortSignal) => {
        const observer = await open(config);
        try {
          const look = await ask(observer, canaryLines(1), undefined, signal);
          return {
            errors: look.why === undefined ? [] : [look.why],
            claims: look.coverage === 'complete' || look.finds.length > 0,
          };
        } finally {
          await observer.close();
        }
      };
      describeHostility({ call, config: suite.hostile, secrets: suite.secrets ?? [] });
    }
  });
}

function describeLooks(
  open: (config: unknown) => Promise<Observer>,
  bench: () => ObserverBench,
  secrets?: readonly string[],
): void {
  const put = async (lines: readonly CanaryLine[]) => bench().put?.(lines.map((line) => line.text));
  const seen = async (observer: Observer, lines: readonly CanaryLine[], cursor?: string) => {
    const look = await ask(observer, lines, cursor);
    expectSoundLook(look, secrets);
    return look;
  };

  test('given no canary, when observed, then the look is sound and delivers nothing', async () => {
    const observer = await open(bench().config);
    const lines = canaryLines(2);
    const look = await seen(observer, lines);
    expect(deliveredBy(look).filter((token) => tokensOf(lines).includes(token))).toEqual([]);
    await observer.close();
  });
  test('given canaries at the hop, when observed, then a complete look finds each once', async (test) => {
    const observer = await open(bench().config);
    if (observer.mode === 'push') return test.skip();
    const first = await seen(observer, []);
    const lines = canaryLines(3);
    await put(lines);
    const look = await seen(observer, lines, first.cursor);
    expect(look.coverage).toBe('complete');
    expect(deliveredOf(look, lines)).toEqual(tokensOf(lines));
    await observer.close();
  });
  test('given a committed cursor, when another process goes on from it, then nothing is reported twice or skipped', async (test) => {
    const before = await open(bench().config);
    if (before.mode === 'push') return test.skip();
    const [old, young] = [canaryLines(2), canaryLines(2)];
    await put(old);
    const look = await seen(before, old);
    expect(deliveredOf(look, old)).toEqual(tokensOf(old));
    await before.close();
    await put(young);
    const after = await open(bench().config);
    const next = await seen(after, [...old, ...young], look.cursor);
    expect(deliveredOf(next, young)).toEqual(tokensOf(young));
    if (after.finds === 'unique') expect(deliveredOf(next, old)).toEqual([]);
    await after.close();
  });
  test('given a look that was not committed, when asked again with the older cursor, then its finds come again', async (test) => {
    const observer = await open(bench().config);
    if (observer.mode === 'push') return test.skip();
    const { cursor } = await seen(observer, []);
    const lines = canaryLines(2);
    await put(lines);
    expect(deliveredOf(await seen(observer, lines, cursor), lines)).toEqual(tokensOf(lines));
    expect(deliveredOf(await seen(observer, lines, cursor), lines)).toEqual(tokensOf(lines));
    await observer.close();
  });
  test('given a cursor that is not its own, when observed, then it starts anew or rejects with a ProbeError', async () => {
    for (const cursor of ['', 'null', '{"shards":7}', '[]', 'q'.repeat(1000)]) {
      const observer = await open(bench().config);
      const look = await ask(observer, canaryLines(1), cursor).catch((error: unknown) =>
        expectProbeError(error, undefined, secrets),
      );
      if (look !== undefined) expectSoundLook(look, secrets);
      await observer.close();
    }
  });
}

// ------------------------------------------------------------------------------------------------ injectors

export function describeInjector(name: string, suite: Suite<InjectorBench>): void {
  describe(`${name}: injector contract`, () => {
    const role = roleOf(suite.probe.inject);
    const open = (config: unknown) => role.open(role.config.parse(config), context);
    const bench = benchOf(suite);

    describeConfig(role, bench);
    test('given a live target, when listed, then there are streams with unique keys and safe names', async () => {
      const injector = await open(bench().config);
      const streams = await injector.streams(forever);
      expect(streams.length).toBeGreaterThan(0);
      expect(new Set(streams.map((stream) => stream.key)).size).toBe(streams.length);
      for (const stream of streams) expect(stream.name).toMatch(/^[A-Za-z0-9._-]{1,63}$/);
      await injector.close();
      await injector.close();
    });
    test('given lines, when injected, then each is emitted within its bounds and arrives whole', async () => {
      const injector = await open(bench().config);
      const lines = await batchFor(injector, 3);
      const nb = context.clock.now();
      const emissions = await directly(injector).inject(lines, forever);
      const na = context.clock.now();
      expect(emissions.map((emission) => emission.state)).toEqual(['emitted', 'emitted', 'emitted']);
      for (const emission of emissions)
        if (emission.state === 'emitted') expectBetween([nb, emission.nb, emission.na, na]);
      const arrived = await bench().arrived();
      for (const line of lines) expect(arrived).toContain(line.text);
      await injector.close();
    });
    test('given no lines, when injected, then there are no emissions', async () => {
      const injector = await open(bench().config);
      expect(await directly(injector).inject([], forever)).toEqual([]);
      await injector.close();
    });
    test('given a line for a stream that is not listed, when injected with another, then it alone is withheld', async () => {
      const injector = await open(bench().config);
      const [line] = await batchFor(injector, 1);
      const [stray] = canaryLines(1);
      if (line === undefined || stray === undefined) throw new Error('the batch is empty');
      const emissions = await directly(injector).inject(
        [{ stream: 'no such stream', seq: 0, text: stray.text }, line],
        forever,
      );
      expect(emissions.map((emission) => emission.state)).toEqual(['withheld', 'emitted']);
      expect(await bench().arrived()).not.toContain(stray.token);
      await injector.close();
    });
    test('given an already aborted signal, when injected, then nothing is emitted', async () => {
      const injector = await open(bench().config);
      const lines = await batchFor(injector, 2);
      const { errors, claims } = await injected(directly(injector).inject(lines, { signal: abortedSignal() }));
      expect(claims).toBe(false);
      for (const error of errors) expectProbeError(error, ['aborted'], suite.secrets);
      expect(await bench().arrived()).not.toContain(lines[0]?.text);
      await injector.close();
    });
    if (suite.hostile !== undefined) {
      const stream = async () => (await (await open(bench().config)).streams(forever))[0]?.key ?? '';
      const call = async (config: unknown, signal: AbortSignal) => {
        const injector = await open(config);
        const [canary] = canaryLines(1);
        const line = { stream: await stream(), seq: 0, text: canary?.text ?? '' };
        return injected(directly(injector).inject([line], { signal })).finally(() => injector.close());
      };
      describeHostility({ call, config: suite.hostile, secrets: suite.secrets ?? [] });
    }
  });
}

async function injected(call: Promise<readonly Emission[]>): Promise<{ errors: ProbeError[]; claims: boolean }> {
  const emissions = await call;
  const errors = emissions.flatMap((emission) => (emission.state === 'emitted' ? [] : [emission.why]));
  return { errors, claims: emissions.some((emission) => emission.state === 'emitted') };
}

async function batchFor(
  injector: { streams: (options: typeof forever) => Promise<readonly { key: string }[]> },
  count: number,
): Promise<BatchLine[]> {
  const [stream] = await injector.streams(forever);
  if (stream === undefined) throw new Error('the injector lists no stream');
  return canaryLines(count).map((line, seq) => ({ stream: stream.key, seq, text: line.text }));
}

function expectBetween(ascending: readonly number[]): void {
  expect(ascending).toEqual([...ascending].sort((a, b) => a - b));
}

// ------------------------------------------------------------------------------------------------ checks

export function describeCheck(name: string, suite: Suite<Bench>): void {
  describe(`${name}: check contract`, () => {
    const role = roleOf(suite.probe.check);
    const open = (config: unknown) => role.open(role.config.parse(config), context);
    const bench = benchOf(suite);

    describeConfig(role, bench);
    test('given a live target, when checked, then every reading is a finite figure with a limit above zero', async () => {
      const check = await open(bench().config);
      const { readings, problems } = await check.check(forever);
      expect(readings.length + problems.length).toBeGreaterThan(0);
      for (const reading of readings) {
        expect(Number.isFinite(reading.value) && reading.value >= 0).toBe(true);
        expect(Number.isFinite(reading.limit) && reading.limit > 0).toBe(true);
        expect(reading.limitName).not.toBe('');
      }
      await check.close();
      await check.close();
    });
    test('given an already aborted signal, when checked, then it rejects with aborted', async () => {
      const check = await open(bench().config);
      expectProbeError(await rejectionOf(check.check({ signal: abortedSignal() })), ['aborted'], suite.secrets);
      await check.close();
    });
    if (suite.hostile !== undefined) {
      const call = async (config: unknown, signal: AbortSignal) => {
        const check = await open(config);
        const { readings, problems, why } = await check.check({ signal }).finally(() => check.close());
        return { errors: why === undefined ? [] : [why], claims: readings.length + problems.length > 0 };
      };
      describeHostility({ call, config: suite.hostile, secrets: suite.secrets ?? [] });
    }
  });
}
