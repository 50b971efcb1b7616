/** Where exactly a proof ends: readings cut to 10 ms, drift, and what a restart, a late call or an old receipt leaves open. */
import { describe, expect, test } from 'vitest';
import { type LineRecord, type Receipt, readAnswer } from '../../../probes/kubernetes/emitter-receipt.ts';
import { composeRequest } from '../../../probes/kubernetes/emitter-request.ts';
import { closesLower, type DatedReceipt, type SentBatch, settle } from '../../../probes/kubernetes/settlement.ts';
import { createFakeEmitter } from '../../fakes/kubernetes/fake-emitter.ts';

const secret = 'not-a-real-secret';
const origin = 1_795_160_000_000;
const [ended, current] = ['00000000000000a1', '00000000000000a2'];
const emitted: LineRecord = { what: 'emitted', nb: 2000, took: 0 };

/** Asked at `origin`, answered 40 ms later, by an emitter that started at 5000. */
function receiptOf(given: Partial<Receipt> = {}, highestAnswered = 9): DatedReceipt {
  const receipt: Receipt = {
    ...{ incarnation: current, started: 5000, now: 5000, queuedLines: 0, queuedBytes: 0, batches: new Map() },
    ...{ whole: true, ...given },
  };
  return { receipt, askedAt: origin, answeredAt: origin + 40, highestAnswered };
}

/** Listed batches of `incarnation`, received at 2000. */
function listed(counts: readonly number[], records: readonly LineRecord[] = [], incarnation = ended) {
  return new Map(
    counts.map((count, at) => [
      at + 1,
      { ...{ batch: at + 1, incarnation, received: 2000, count }, records: new Map(records.entries()) },
    ]),
  );
}

/** Sent to the ended incarnation 3 s before the receipt, and taken. */
function sentBatch(delaysMs: readonly number[], given: Partial<SentBatch> = {}): SentBatch {
  return { batch: 1, incarnation: ended, delaysMs, firstSentAt: origin - 3000, words: ['ok'], ...given };
}

function statesOf(sent: SentBatch, dated: DatedReceipt) {
  return settle([sent], dated)
    .get(sent.batch)
    ?.map(({ state }) => state);
}

describe('an ended incarnation', () => {
  test('given several batches, when one line of each may have been half-way, then it is unconfirmed in each', () => {
    const dated = receiptOf({ batches: listed([3, 3], [emitted]) });
    const settled = settle([sentBatch([0, 10, 20]), sentBatch([0, 15, 30], { batch: 2 })], dated);
    for (const batch of [1, 2])
      expect(settled.get(batch)?.map(({ state }) => state)).toEqual(['emitted', 'unconfirmed', 'withheld']);
  });

  test.each([
    [3009, 'unconfirmed'],
    [3010, 'withheld'],
  ])(
    'given a first line planned %d ms after a reading that is 3 s before the start, when settled, then %s',
    (delay, state) => {
      expect(statesOf(sentBatch([delay]), receiptOf({ batches: listed([1]) }))).toEqual([state]);
    },
  );

  // 10 ms for what the delay counts from, 10 ms for both readings of the receipt, 40 ms for the call, 3.0x ms of drift
  test.each([
    [3063, 'unconfirmed'],
    [3064, 'withheld'],
  ])(
    'given a batch that is not listed, when planned %d ms after a call that began 3 s before, then %s',
    (delay, state) => {
      expect(statesOf(sentBatch([delay]), receiptOf())).toEqual([state]);
    },
  );

  test('given a delay of half an hour, when two clocks may drift by 0.1 %, then 1.8 s more are open', () => {
    const sent = { firstSentAt: origin - 1_800_000 };
    expect(statesOf(sentBatch([1_801_800, 1_802_000], sent), receiptOf())).toEqual(['unconfirmed', 'withheld']);
  });
});

describe('a record', () => {
  const records: readonly LineRecord[] = [{ what: 'emitted', nb: 5000, took: 20 }];
  const dated = receiptOf({ batches: listed([1], records) });

  test('given a line of the same reading, when settled, then it is known to 10 ms on both sides of the call', () => {
    expect(settle([sentBatch([0], { firstSentAt: origin - 2990 })], dated).get(1)).toEqual([
      { state: 'emitted', nb: origin - 10, na: origin + 40 + 20 + 10 },
    ]);
  });

  test('given that T jumped ahead since it was sent, when settled, then it may have gone out by the time of before', () => {
    expect(settle([sentBatch([0], { firstSentAt: origin - 1_800_000 })], dated).get(1)).toEqual([
      { state: 'emitted', nb: origin - 1_800_000 + 2997 - 10, na: origin + 40 + 20 + 10 },
    ]);
  });

  test('given that T fell behind since it was sent, when settled, then it may have gone out later than the answer', () => {
    const [settled] = settle([sentBatch([0], { firstSentAt: origin - 1000 })], dated).get(1) ?? [];
    expect(settled).toMatchObject({ state: 'emitted', nb: origin - 10 });
    expect(settled?.state === 'emitted' && settled.na).toBeGreaterThan(origin + 60_000);
  });
});

/** An emitter whose clock stands at `phase` ms of a reading, and calls that take no time: nothing hides a margin. */
function sceneAt(phase: number) {
  let now = origin;
  const emitter = createFakeEmitter(secret, () => now, 100_000 + phase);
  const call = (batch: number, delays: readonly number[]): DatedReceipt => {
    const lines = delays.map((delayMs) => ({ delayMs, text: 'logcanary a' }));
    const request = { instance: 'i', incarnation: emitter.incarnation, batch, done: 0, lines };
    const receipt = readAnswer(emitter.call(composeRequest(secret, request).toString()))?.receipt;
    if (receipt === undefined) throw new Error('no receipt');
    return { receipt, askedAt: now, answeredAt: now, highestAnswered: batch };
  };
  const printedAt = () => {
    while (emitter.printed.length === 0) pass(1);
    return now;
  };
  const pass = (ms: number) => {
    now += ms;
    emitter.run();
  };
  return { emitter, call, pass, printedAt };
}

/** Where a reading can be cut: at the call, at the line, at the receipt. */
const phases = Array.from({ length: 10 }, (_, phase) => phase);

describe.each(phases)('a clock that stands at %d ms of a reading', (phase) => {
  const cases = phases.flatMap((delay) => phases.map((later) => [40 + delay, later] as const));

  test('given a line that went out, when a receipt tells, then it lies within its bounds', () => {
    for (const [delay, later] of cases) {
      const { call, pass, printedAt, emitter } = sceneAt(phase);
      const sent = sentBatch([delay], { incarnation: emitter.incarnation, firstSentAt: origin });
      call(1, [delay]);
      const at = printedAt();
      pass(later);
      const [line] = settle([sent], call(2, [])).get(1) ?? [];
      if (line?.state !== 'emitted') throw new Error('no record');
      expect(line.nb).toBeLessThanOrEqual(at);
      expect(line.na).toBeGreaterThanOrEqual(at);
    }
  });

  test.each(['restart', 'reboot'] as const)(
    'given a line that went out just before a %s took its record, when settled, then it is not withheld',
    (what) => {
      for (const [delay, later] of cases) {
        const { call, pass, printedAt, emitter } = sceneAt(phase);
        const sent = sentBatch([delay], { incarnation: emitter.incarnation, firstSentAt: origin });
        call(1, [delay]);
        printedAt();
        if (what === 'restart') emitter.restart(true);
        else emitter.reboot();
        pass(later);
        expect(statesOf(sent, call(2, []))).toEqual(['unconfirmed']);
      }
    },
  );
});

describe('what proves no absence', () => {
  test('given lines that were sent for any incarnation, when settled, then none is ever withheld', () => {
    const dropped: LineRecord = { what: 'dropped', at: 4000 };
    const toAny = { incarnation: '-' };
    const restarted = receiptOf({ batches: listed([4], [emitted, dropped]) });
    expect(statesOf(sentBatch([0, 10, 2000, 9000], toAny), restarted)).toEqual([
      'emitted',
      'unconfirmed',
      'unconfirmed',
      'unconfirmed',
    ]);
    expect(statesOf(sentBatch([9000], toAny), receiptOf())).toEqual(['unconfirmed']);
    expect(statesOf(sentBatch([9000], { ...toAny, words: ['full'] }), receiptOf())).toEqual(['unconfirmed']);
    expect(statesOf(sentBatch([9000], toAny), receiptOf({ batches: listed([1], [], current) }))).toEqual(['pending']);
  });

  test('given a receipt that was asked for before the batch was sent, when it does not list it, then it is unknown', () => {
    const later = { incarnation: 'b'.repeat(16), firstSentAt: origin + 10, words: ['none' as const] };
    expect(statesOf(sentBatch([9000], later), receiptOf())).toEqual(['unknown']);
    expect(statesOf(sentBatch([9000], { ...later, incarnation: current }), receiptOf())).toEqual(['unknown']);
  });

  test('given each word, when it is asked what a call took, then lower numbers are closed by those that took theirs', () => {
    const words = ['ok', 'repeat', 'closed', 'restarted', 'full', 'malformed', 'refused', 'broken'] as const;
    expect(words.filter(closesLower)).toEqual(['ok', 'repeat', 'closed']);
  });
});
