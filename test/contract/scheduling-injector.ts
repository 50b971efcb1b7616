/** What every injector promises that hands over schedules. */
import { describe, expect, test } from 'vitest';
import type { Injector, ProbeError, Refill, SchedulingInjector } from '../../src/probe.ts';
import { canaryLines } from '../fakes/canary-lines.ts';
import { abortedSignal, type Bench, benchOf, context, describeConfig, forever, roleOf, type Suite } from './bench.ts';
import { describeHostility } from './hostility.ts';
import { expectProbeError, rejectionOf } from './probe-error.ts';

export interface SchedulingBench extends Bench {
  /** Lets whoever holds the lines send what is due. All bytes that arrived where they go, as one string. */
  arrived(): Promise<string>;
}

/** An injector as one that is handed schedules. */
export function scheduling(injector: Injector): SchedulingInjector {
  if (!('refill' in injector)) throw new Error('lines are written directly to this injector');
  return injector;
}

export function describeSchedulingInjector(name: string, suite: Suite<SchedulingBench>): void {
  describe(`${name}: contract of injectors that hand over schedules`, () => {
    const role = roleOf(suite.probe.inject);
    const open = async (config: unknown) => scheduling(await role.open(role.config.parse(config), context));
    const bench = benchOf(suite);
    let number = 1;

    describeConfig(role, bench);

    async function placed(injector: SchedulingInjector): Promise<Refill> {
      const stream = (await injector.streams(forever))[0]?.key ?? '';
      const asked: Refill = { stream, instance: 'ledger-1', number: number++, open: [] };
      const { place, settled } = await injector.refill(asked, forever);
      expect(settled.size).toBe(0);
      return { ...asked, place };
    }

    test('given a live target, when listed, then there are streams with unique keys and safe names', async () => {
      const injector = await open(bench().config);
      const streams = await injector.streams(forever);
      expect(streams.length).toBeGreaterThan(0);
      expect(new Set(streams.map(({ key }) => key)).size).toBe(streams.length);
      for (const stream of streams) expect(stream.name).toMatch(/^[A-Za-z0-9._-]{1,63}$/);
      await injector.close();
      await injector.close();
    });

    test('given a place, when lines are brought, then they go out, and the next call proves when', async () => {
      const injector = await open(bench().config);
      const asked = await placed(injector);
      const texts = canaryLines(3).map(({ text }) => text);
      const handedAt = context.clock.now();
      const plannedAt = [handedAt, handedAt, handedAt + 60_000];
      const fresh = { handedAt, texts, plannedAt };
      const first = await injector.refill({ ...asked, number: number++, fresh }, forever);
      expect(first).toMatchObject({ place: asked.place });
      const arrived = await bench().arrived();
      expect(texts.map((text) => arrived.includes(text))).toEqual([true, true, false]);
      const batch = { number: number - 1, place: first.place, handedAt, plannedAt };
      const { settled } = await injector.refill({ ...asked, number: number++, open: [batch] }, forever);
      expect(settled.get(batch.number)?.map((each) => each?.state)).toEqual(['emitted', 'emitted', undefined]);
      for (const each of settled.get(batch.number) ?? [])
        if (each?.state === 'emitted')
          expect([each.nb <= context.clock.now(), each.na >= handedAt]).toEqual([true, true]);
      await injector.close();
    });

    test('given lines for another place, when brought, then they do not go out and that is known', async () => {
      const injector = await open(bench().config);
      const asked = await placed(injector);
      const [line] = canaryLines(1);
      const fresh = { handedAt: context.clock.now(), texts: [line?.text ?? ''], plannedAt: [context.clock.now()] };
      const answer = await injector.refill({ ...asked, place: 'somebody/else', number, fresh }, forever);
      expect(answer.settled.get(number++)).toMatchObject([{ state: 'withheld' }]);
      expect(await bench().arrived()).not.toContain(line?.text);
      await injector.close();
    });

    test('given a stream that is not listed, when called, then it is an error that names it', async () => {
      const injector = await open(bench().config);
      const asked = { ...(await placed(injector)), stream: 'no-such-stream' };
      const error = await rejectionOf(injector.refill(asked, forever));
      expectProbeError(error, ['not_found'], [...(suite.secrets ?? [])]);
      expect(String(error)).toContain('no-such-stream');
      await injector.close();
    });

    test('given an already aborted signal, when called, then it rejects, and nothing goes out', async () => {
      const injector = await open(bench().config);
      const asked = await placed(injector);
      const [line] = canaryLines(1);
      const fresh = { handedAt: context.clock.now(), texts: [line?.text ?? ''], plannedAt: [context.clock.now()] };
      const error = await rejectionOf(
        injector.refill({ ...asked, number: number++, fresh }, { signal: abortedSignal() }),
      );
      expectProbeError(error, ['aborted'], suite.secrets);
      expect(await bench().arrived()).not.toContain(line?.text);
      await injector.close();
    });

    if (suite.hostile !== undefined) {
      const call = async (config: unknown, signal: AbortSignal): Promise<{ errors: ProbeError[]; claims: boolean }> => {
        const injector = await open(config);
        try {
          return { errors: [], claims: (await injector.streams({ signal })).length > 0 };
        } finally {
          await injector.close();
        }
      };
      describeHostility({ call, config: suite.hostile, secrets: suite.secrets ?? [] });
    }
  });
}
