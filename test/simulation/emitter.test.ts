/** The simulated emitter says and does what the protocol promises (deploy/kubernetes/PROTOCOL.md), or all else proves nothing. */
import { beforeEach, expect, test } from 'vitest';
import { readAnswer } from '../../probes/kubernetes/emitter-receipt.ts';
import { Dice } from './dice.ts';
import { Emitter } from './emitter.ts';
import { EventQueue } from './event-queue.ts';
import { NodeClock } from './node-clock.ts';

const clock = new NodeClock(new Dice(3), 1, -1_000_000);
let now = 0;
let blockedUntil = 0;
let queue = new EventQueue();
let printed: string[] = [];
let emitter: Emitter;

beforeEach(() => {
  [now, blockedUntil, queue, printed] = [0, 0, new EventQueue(), []];
  emitter = new Emitter(1, clock, {
    dice: new Dice(3),
    now: () => now,
    at: (when, fire) => queue.push(when, fire),
    blockedUntil: () => blockedUntil,
    printed: (text) => printed.push(text),
  });
  emitter.start();
});

function until(at: number): void {
  while (queue.nextAt <= at) {
    now = Math.max(now, queue.nextAt);
    queue.pop()?.fire();
  }
  now = at;
}

function ask(batch: number, delays: readonly number[] = [], { incarnation = '-', done = 0 } = {}) {
  const lines = delays.map((delayMs, at) => ({ delayMs, text: `${batch}.${at}` }));
  const answer = readAnswer(emitter.answer({ instance: 'i', incarnation, batch, done, lines }, 100, false));
  const records = [...(answer?.receipt?.batches.values() ?? [])].map(
    (each) => `${each.batch}:${[...each.records].map(([index, { what }]) => `${index}${what[0]}`).join()}`,
  );
  return { word: answer?.word, receipt: answer?.receipt, records };
}

test('given batches, when numbers come again or too late, then each line is printed once, in the order of the times', () => {
  expect(ask(2, [2_000, 9_000]).word).toBe('ok');
  expect(ask(2, [1_000, 1_000]).word).toBe('repeat');
  expect(ask(1, [1_000]).word).toBe('closed');
  expect(ask(3, [5_000]).word).toBe('ok');
  until(20_000);
  expect(printed).toEqual(['2.0', '3.0', '2.1']);
  expect(ask(0).records).toEqual(['2:0e,1e', '3:0e']);
});

test('given a number without lines, when a lower one comes after it, then that is closed and never printed', () => {
  expect(ask(7).word).toBe('ok');
  expect(ask(6, [1_000]).word).toBe('closed');
  until(20_000);
  expect(printed).toEqual([]);
});

test('given lines that wait, when the container restarts, then records are kept, the queue is not, and the old incarnation is refused', () => {
  const before = ask(1, [1_000, 60_000]).receipt?.incarnation ?? '';
  until(30_000);
  emitter.stop();
  until(31_000);
  emitter.start();
  expect(ask(2, [1_000], { incarnation: before }).word).toBe('restarted');
  until(120_000);
  expect(printed).toEqual(['1.0']);
  const { records, receipt } = ask(0);
  expect(records).toEqual(['1:0e']);
  expect(receipt?.batches.get(1)?.incarnation).toBe(before);
  expect(receipt?.incarnation).not.toBe(before);
});

test('given a node that reboots, when its emitter is asked, then it knows of no batch', () => {
  ask(1, [1_000]);
  until(30_000);
  emitter.stop();
  emitter.reboot(new NodeClock(new Dice(3), 2, now - 10_000));
  emitter.start();
  expect(ask(0).records).toEqual([]);
});

test('given a log that takes nothing, when it takes lines again, then the one begun is out late and those over 10 s late are dropped', () => {
  ask(1, [1_000, 5_000, 38_000]);
  blockedUntil = 40_000;
  until(60_000);
  const { records, receipt } = ask(0);
  expect(records).toEqual(['1:0e,1d,2e']);
  expect(printed).toEqual(['1.0', '1.2']);
  expect(receipt?.batches.get(1)?.records.get(0)).toMatchObject({ took: expect.closeTo(39_000, -3) });
});

test('given receipts that are stored, when it is told so, then finished batches are forgotten and unfinished ones are not', () => {
  ask(1, [1_000]);
  ask(2, [1_000, 90_000]);
  until(30_000);
  expect(ask(3, [], { done: 2 }).records).toEqual(['2:0e']);
});

test('given any node, when it reads its clock, then it drifts by no more than the protocol allows', () => {
  for (let name = 0; name < 50; name++) {
    const drifting = new NodeClock(new Dice(9), name, 0);
    const read = drifting.reading(3_600_000);
    expect(Math.abs(read - 3_600_000)).toBeLessThanOrEqual(3_600 + 10);
    expect(drifting.reading(drifting.moment(read))).toBe(read);
  }
});
