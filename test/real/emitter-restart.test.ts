/** The emitter when its container ends, when the clock is set, when nobody reads its log, when it holds all that it can hold. */
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { type Emitter, type EmitterOptions, emitterSecret as secret, startEmitter } from './servers/emitter.ts';
import { type Answer, bodyOf, canary, type Sending } from './servers/emitter-call.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';

const withBusybox = describe.skipIf(inject('missing').busybox !== undefined);
const soon = { timeout: 20_000, interval: 50 };
let scratch: Scratch;

beforeEach(async () => {
  scratch = await openScratch('emitter');
});
afterEach(() => scratch.end());

async function start(options: Omit<EmitterOptions, 'dir'> = {}): Promise<Emitter> {
  const emitter = await startEmitter({ dir: `${scratch.dir}/pod`, ...options });
  scratch.cleanup(() => emitter.kill());
  return emitter;
}

const linesAt = (delays: readonly number[]) => delays.map((delay) => ({ delay, text: canary() }));
const send = (emitter: Emitter, sending: Omit<Sending, 'secret'>) => emitter.call(bodyOf({ secret, ...sending }));
const settledOf = ({ batches }: Answer, batch: number) => batches.find((each) => each.batch === batch)?.settled ?? [];
const ask = (emitter: Emitter, instance: string) => send(emitter, { instance, batch: 0 });
const until = (emitter: Emitter, instance: string, enough: (answer: Answer) => boolean): Promise<Answer> =>
  vi.waitFor(async () => {
    const answer = await ask(emitter, instance);
    if (!enough(answer)) throw new Error(`not yet: ${answer.text}`);
    return answer;
  }, soon);

withBusybox('a restart', () => {
  test('given a container that dies in mid-schedule, when it is up again, then its records tell what was printed and nothing more is', async () => {
    const first = await start();
    const lines = linesAt(Array.from({ length: 40 }, (_, index) => index * 50));
    const { incarnation } = await send(first, { instance: 'i', batch: 1, lines });
    await until(first, 'i', (answer) => settledOf(answer, 1).length > 5);
    await first.kill();
    const second = await start();
    const answer = await until(second, 'i', ({ now, batches }) => now > (batches[0]?.received ?? now) + 3_000);
    expect(answer.incarnation).not.toBe(incarnation);
    expect(answer).toMatchObject({ lines: 0, bytes: 0, batches: [{ batch: 1, incarnation, count: 40 }] });
    const recorded = settledOf(answer, 1).map(({ index }) => index);
    expect(recorded.length).toBeLessThan(39);
    expect(recorded).toEqual(recorded.map((_, index) => index));
    const printed = lines.flatMap(({ text }, index) => (first.lines().includes(text) ? [index] : []));
    // of those without a record, the first may have been printed all the same, and no other
    expect([recorded.length, recorded.length + 1]).toContain(printed.length);
    expect(printed).toEqual(printed.map((_, index) => index));
    expect(second.lines()).toEqual([]);
    expect(second.log().length).toBeGreaterThan(1024);
  });

  test('given a batch that an ended incarnation took, when it comes again or is meant for that one, then it is not printed', async () => {
    const first = await start();
    const sent = { instance: 'i', batch: 5, lines: linesAt([0, 60_000]) };
    const { incarnation } = await send(first, sent);
    await until(first, 'i', (answer) => settledOf(answer, 5).length === 1);
    await first.kill();
    const second = await start();
    expect(await send(second, sent)).toMatchObject({ word: 'repeat', lines: 0 });
    const next = { instance: 'i', batch: 6, lines: linesAt([0]) };
    const refused = await send(second, { ...next, incarnation });
    expect(refused).toMatchObject({ word: 'restarted', lines: 0, batches: [{ batch: 5 }] });
    expect(await send(second, { ...next, incarnation: refused.incarnation })).toMatchObject({ word: 'ok' });
    await until(second, 'i', (answer) => settledOf(answer, 6).length === 1);
    expect(second.lines()).toEqual(next.lines.map(({ text }) => text));
    // what was of the ended one is finished: it can be forgotten
    expect((await send(second, { instance: 'i', batch: 0, done: 6 })).batches).toEqual([]);
  });

  test('given SIGTERM, then the container ends at once, with 0', async () => {
    const emitter = await start();
    await send(emitter, { instance: 'i', batch: 1, lines: linesAt([60_000]) });
    await emitter.stop();
    expect(await emitter.ended).toBe(0);
    expect(emitter.lines()).toEqual([]);
  });

  test('given the placeholder or a short secret, then it does not start and says what to do, not what it is', async () => {
    for (const wrong of ['replace-this-placeholder-see-readme', 'too-short', 'with blanks in the secret', '']) {
      await writeFile(`${scratch.dir}/wrong`, `${wrong}\n`);
      const told = await start({ env: { EMITTER_SECRET: `${scratch.dir}/wrong` } }).catch(String);
      expect(told).toMatch(/exit code 2.*secret/s);
      if (wrong !== '') expect(told).not.toContain(wrong);
    }
  });
});

withBusybox('the clock', () => {
  test('given the clock is set back and forth, then lines are neither held up nor printed in a burst', async () => {
    const emitter = await start({ build: 'linked' });
    const dateOf = async () =>
      Date.parse((await fetch(`http://127.0.0.1:${emitter.port}/none`)).headers.get('date') ?? '');
    const before = await dateOf();
    const lines = linesAt(Array.from({ length: 40 }, (_, index) => 500 + index * 100));
    const { batches } = await send(emitter, { instance: 'i', batch: 1, lines });
    const received = batches[0]?.received ?? 0;
    for (const [shift, days] of [
      ['-2d', -2],
      ['+3d', 3],
      ['-400d', -400],
      ['+0', 0],
    ] as const) {
      const so_far = settledOf(await ask(emitter, 'i'), 1).length;
      await writeFile(emitter.pretend, shift);
      // proof that the emitter's processes see the other clock
      await vi.waitFor(async () => expect(Math.round(((await dateOf()) - before) / 86_400_000)).toBe(days), soon);
      await until(emitter, 'i', (answer) => settledOf(answer, 1).length >= Math.min(40, so_far + 5));
    }
    const settled = settledOf(await until(emitter, 'i', (answer) => settledOf(answer, 1).length === 40), 1);
    const late = settled.map(({ index, nb }) => nb - received - (lines[index]?.delay ?? 0));
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(3_000);
    expect(settled.map(({ state }) => state)).toEqual(lines.map(() => 'e'));
    expect(emitter.lines()).toEqual(lines.map(({ text }) => text));
  });
});

withBusybox('a log that nobody reads', () => {
  test('given it is read again after more than 10 s, then receipts were served meanwhile and missed lines are dropped, not made up for', async () => {
    const emitter = await start();
    emitter.pauseLog();
    const long = Array.from({ length: 16 }, () => ({ delay: 0, text: canary('long', 29) }));
    await send(emitter, { instance: 'i', batch: 1, lines: long });
    await send(emitter, { instance: 'i', batch: 2, lines: linesAt([500, 1_000, 1_500]) });
    const stuck = await until(emitter, 'i', ({ now, batches }) => now > (batches[0]?.received ?? now) + 12_500);
    const done = settledOf(stuck, 1).length;
    expect(done).toBeLessThan(16);
    emitter.resumeLog();
    const last = await until(emitter, 'i', (answer) => settledOf(answer, 2).length === 3);
    // the one that it was stuck in came out whole
    const all = [...settledOf(last, 1), ...settledOf(last, 2)].map(({ state }) => state);
    expect(all).toEqual([...Array(done + 1).fill('e'), ...Array(18 - done).fill('d')]);
    expect(emitter.lines()).toEqual(long.slice(0, done + 1).map(({ text }) => text));
    expect(last).toMatchObject({ lines: 0, bytes: 0 });
  });
});

withBusybox('bounds', () => {
  const many = (count: number) => Array.from({ length: count }, () => ({ delay: 1_000_000, text: canary() }));

  test('given more lines than it holds, then it says full, keeps the rest and takes the batch when there is room', async () => {
    const emitter = await start();
    await send(emitter, { instance: 'a', batch: 1, lines: many(2_000) });
    await send(emitter, { instance: 'b', batch: 1, lines: linesAt(Array(100).fill(1_500)) });
    const rest = { instance: 'c', batch: 1, lines: many(1_950) };
    expect(await send(emitter, rest)).toMatchObject({ word: 'full', lines: 2_100, batches: [] });
    await until(emitter, 'b', ({ lines }) => lines === 2_000);
    expect(await send(emitter, rest)).toMatchObject({ word: 'ok', lines: 3_950 });
    expect(emitter.lines()).toHaveLength(100);
  });

  test('given more bytes, batches or instances than it holds, then it says full', async () => {
    const emitter = await start();
    const heavy = (instance: string) => {
      const lines = Array.from({ length: 16 }, () => ({ delay: 900_000, text: canary('long', 31) }));
      return send(emitter, { instance, batch: 1, lines });
    };
    const words = [await heavy('h1'), await heavy('h2'), await heavy('h3')].map(({ word }) => word);
    expect(words).toEqual(['ok', 'ok', 'full']);
    const small = (batch: number) => send(emitter, { instance: 'x', batch, lines: linesAt([0]) });
    // sooner than the first ones are merged it may say full as well
    for (let batch = 1; batch <= 254; batch += 1)
      await vi.waitFor(async () => expect((await small(batch)).word).toMatch(/^(ok|repeat)$/), soon);
    // only the two heavy ones are left to be printed: 256 with them
    await until(emitter, 'x', ({ lines }) => lines === 32);
    expect((await small(255)).word).toBe('full');
    expect((await ask(emitter, 'x')).batches).toHaveLength(254);
    expect((await send(emitter, { instance: 'x', batch: 0, done: 300 })).batches).toEqual([]);
    const instances = [];
    for (let index = 0; index < 64; index += 1)
      instances.push((await send(emitter, { instance: `n${index}`, batch: 1 })).word);
    // h1, h2 and x are three of the 64
    expect(instances).toEqual([...Array(61).fill('ok'), ...Array(3).fill('full')]);
  });

  test('given the folder of the state is full, then a batch is refused whole, what was taken is printed, and it goes on when there is room', async () => {
    const emitter = await start({ stateBytes: 700 * 1024 });
    const text = () => canary('long', 31);
    const first = Array.from({ length: 8 }, () => ({ delay: 4_000, text: text() }));
    expect((await send(emitter, { instance: 'i', batch: 1, lines: first })).word).toBe('ok');
    const big = { instance: 'i', batch: 2, lines: Array.from({ length: 16 }, () => ({ delay: 0, text: text() })) };
    expect(await emitter.call(bodyOf({ secret, ...big }))).toMatchObject({ text: 'lcne1 broken\n' });
    const after = await until(emitter, 'i', (answer) => settledOf(answer, 1).length === 8);
    expect(after.batches.map(({ batch }) => batch)).toEqual([1]);
    expect((await send(emitter, { instance: 'i', batch: 2, lines: linesAt([0]) })).word).toBe('ok');
    await until(emitter, 'i', (answer) => settledOf(answer, 2).length === 1);
    expect(emitter.lines().slice(0, 8)).toEqual(first.map((line) => line.text));
  });
});
