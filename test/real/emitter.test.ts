/** The emitter of deploy/kubernetes under real busybox: what it is sent comes out, once, whole and on time, and it can prove it. */
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { shapes } from '../../src/core/pipeline.ts';
import { scan } from '../../src/core/scan.ts';
import { createClock } from '../../src/lib/clock.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';
import { type Emitter, emitterSecret as secret, startEmitter } from './servers/emitter.ts';
import { type Answer, bodyOf, canary, type KnownBatch } from './servers/emitter-call.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';

const soon = { timeout: 20_000, interval: 50 };
const clock = createClock();

describe.skipIf(inject('missing').busybox !== undefined).each(['POST', 'exec'] as const)(
  'an emitter that is called by %s',
  (way) => {
    let scratch: Scratch;
    let emitter: Emitter;
    const call = (body: string): Promise<Answer> => (way === 'POST' ? emitter.call(body) : emitter.exec(body));
    const receiptOf = async (instance: string) => call(bodyOf({ secret, instance, batch: 0 }));
    /** The batch once all of its lines have a record. */
    const finished = (instance: string, batch: number): Promise<KnownBatch> =>
      vi.waitFor(async () => {
        const found = (await receiptOf(instance)).batches.find((each) => each.batch === batch);
        if (!found || found.settled.length < found.count)
          throw new Error(`batch ${batch} has ${found?.settled.length}`);
        return found;
      }, soon);
    const printed = () => emitter.log().toString('utf8');

    beforeAll(async () => {
      scratch = await openScratch(`emitter-${way}`);
      emitter = await startEmitter({ dir: `${scratch.dir}/pod` });
      scratch.cleanup(() => emitter.kill());
    });
    afterAll(() => scratch.end());

    test('given it has started, then its log is longer than 1024 bytes, holds no canary and begins unlike any other', async () => {
      const { incarnation } = await receiptOf('a');
      expect(emitter.log().length).toBeGreaterThan(1024);
      expect(scan(emitter.log()).finds).toEqual([]);
      expect(printed().slice(0, 1024)).toContain(incarnation);
      expect(incarnation).toMatch(/^[0-9a-f]{16}$/);
    });

    test('given a schedule, when its times come, then each line is printed at its time and not before', async () => {
      const lines = [0, 300, 300, 700, 1500].map((delay) => ({ delay, text: canary() }));
      const body = bodyOf({ secret, instance: 'schedule', batch: 1, lines });
      const answer = await call(body);
      expect(answer).toMatchObject({ word: 'ok', lines: 5, whole: true, batches: [{ batch: 1, count: 5 }] });
      expect(answer.batches[0]?.settled.length).toBeLessThan(5);
      expect(printed()).not.toContain(lines[4]?.text);
      const { received, settled } = await finished('schedule', 1);
      expect(settled.map(({ state, index }) => [state, index])).toEqual(lines.map((_, index) => ['e', index]));
      for (const { index, nb, na } of settled) {
        expect(nb).toBeGreaterThanOrEqual(received + (lines[index]?.delay ?? 0));
        expect(na).toBeGreaterThanOrEqual(nb);
      }
      expect(emitter.lines()).toEqual(lines.map(({ text }) => text));
      expect(await receiptOf('schedule')).toMatchObject({ lines: 0, bytes: 0 });
    });

    test('given a batch that is known, when it comes again, then nothing is printed and the receipt is the same', async () => {
      const body = bodyOf({ secret, instance: 'again', batch: 7, lines: [{ delay: 0, text: canary() }] });
      expect((await call(body)).word).toBe('ok');
      const before = await finished('again', 7);
      const length = emitter.log().length;
      const repeated = await call(body);
      expect(repeated).toMatchObject({ word: 'repeat', lines: 0 });
      expect(repeated.batches).toEqual([before]);
      expect(emitter.log().length).toBe(length);
    });

    test.each([...shapes, 'longest'] as const)(
      'given a line of shape %s, then it comes out byte for byte',
      async (shape) => {
        const lines = [0, 10, 19, 31].map((length) => ({
          delay: 0,
          text: shape === 'longest' ? canary('long', 31) : canary(shape, length),
        }));
        expect((await call(bodyOf({ secret, instance: `shape-${shape}`, batch: 1, lines }))).word).toBe('ok');
        await finished(`shape-${shape}`, 1);
        expect(printed()).toContain(`\n${lines.map(({ text }) => text).join('\n')}\n`);
      },
    );

    test('given a later batch with an earlier line, then that is printed between the others', async () => {
      const [first, second, third] = [canary(), canary('multiline', 9), canary()];
      const one = {
        secret,
        instance: 'between',
        batch: 1,
        lines: [
          { delay: 0, text: first },
          { delay: 900, text: third },
        ],
      };
      await call(bodyOf(one));
      await call(bodyOf({ secret, instance: 'between', batch: 2, lines: [{ delay: 300, text: second }] }));
      await finished('between', 1);
      expect(printed()).toContain(`${first}\n${second}\n${third}\n`);
    });

    test('given 20 calls of 20 callers at once, some with lines over the size of a pipe, then no line cuts into another', async () => {
      const sent = Array.from({ length: 20 }, (_, index) => [
        { delay: 0, text: canary(index % 4 === 0 ? 'long' : 'json', index % 4 === 0 ? 27 : 5) },
        { delay: 50, text: canary('unicode', 12) },
      ]);
      const answers = await Promise.all(
        sent.map((lines, index) => call(bodyOf({ secret, instance: `many-${index}`, batch: 1, lines }))),
      );
      expect(answers.map(({ word }) => word)).toEqual(sent.map(() => 'ok'));
      for (const index of sent.keys()) await finished(`many-${index}`, 1);
      const out = new Set(printed().split('\n'));
      expect(sent.flat().filter(({ text }) => !out.has(text))).toEqual([]);
    });

    test('given the same call 20 times at once, then one is taken and each line is printed once', async () => {
      const expected = ['ok', ...Array.from({ length: 19 }, () => 'repeat')];
      // whoever is not kept out by the lock gets through only now and then
      for (let batch = 1; batch <= 12; batch += 1) {
        const text = canary();
        const body = bodyOf({ secret, instance: 'same', batch, lines: [{ delay: 0, text }] });
        const answers = await Promise.all(Array.from({ length: 20 }, () => call(body)));
        expect(answers.map(({ word }) => word).toSorted()).toEqual(expected);
        await finished('same', batch);
        expect(printed().split(text)).toHaveLength(2);
      }
    });

    test('given an answer that was read, when receipts are said to have arrived, then they are forgotten and the number stays known', async () => {
      const instance = 'forget';
      const soonDone = bodyOf({ secret, instance, batch: 1, lines: [{ delay: 0, text: canary() }] });
      await call(soonDone);
      await finished(instance, 1);
      await call(bodyOf({ secret, instance, batch: 2, lines: [{ delay: 60_000, text: canary() }] }));
      const { batches } = await call(bodyOf({ secret, instance, batch: 0, done: 2 }));
      // the second is not finished: it stays, whatever the caller says
      expect(batches.map(({ batch }) => batch)).toEqual([2]);
      expect(await call(soonDone)).toMatchObject({ word: 'closed' });
    });

    test('given a number that was left out, when it comes after a higher one, then it is closed', async () => {
      const send = (batch: number, count: number) => {
        const lines = Array.from({ length: count }, () => ({ delay: 0, text: canary() }));
        return call(bodyOf({ secret, instance: 'closing', batch, lines }));
      };
      expect((await send(5, 0)).word).toBe('ok');
      expect(await send(4, 1)).toMatchObject({ word: 'closed', lines: expect.any(Number), batches: [] });
      expect((await send(6, 1)).word).toBe('ok');
    });

    test.each([1, 2, 3])(
      'given random batches (seed %i), then receipts and log say the same, on our clock too',
      async (seed) => {
        const random = seededRandom(seed);
        const instance = `random-${seed}`;
        const sent = new Map<number, readonly { delay: number; text: string }[]>();
        const spans: { batch: number; before: number; after: number; now: number }[] = [];
        for (let batch = 1; batch <= 6; batch += 1) {
          const lines = Array.from({ length: Math.floor(random() * 12) + 1 }, () => ({
            delay: Math.floor(random() * 1_000),
            text: canary(shapes[Math.floor(random() * shapes.length)], Math.floor(random() * 24)),
          })).toSorted((a, b) => a.delay - b.delay);
          const before = clock.now();
          const { word, now } = await call(
            bodyOf({ secret, instance, batch, lines, done: random() < 0.3 ? batch - 1 : 0 }),
          );
          expect(word).toBe('ok');
          spans.push({ batch, before, after: clock.now(), now });
          sent.set(batch, lines);
        }
        const left = (await receiptOf(instance)).batches.map(({ batch }) => batch);
        for (const batch of left) {
          const lines = sent.get(batch) ?? [];
          const { settled, received } = await finished(instance, batch);
          expect(settled.map(({ index }) => index)).toEqual(lines.map((_, index) => index));
          const span = spans.find((each) => each.batch === batch);
          if (!span) throw new Error('no such call');
          // the moment of receipt lies within the call, on both clocks
          expect(span.before + received - span.now - 10).toBeLessThanOrEqual(span.after);
          expect(span.after - span.now + received + 10).toBeGreaterThanOrEqual(span.before);
          for (const { index, nb } of settled) expect(nb).toBeGreaterThanOrEqual(received + (lines[index]?.delay ?? 0));
        }
        await vi.waitFor(async () => expect(await receiptOf(instance)).toMatchObject({ word: 'ok' }), soon);
        for (const { text } of [...sent.values()].flat())
          await vi.waitFor(() => expect(printed().split(`${text}\n`)).toHaveLength(2), soon);
      },
    );
  },
);
