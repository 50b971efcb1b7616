/** What receipts prove: every row of the protocol's table, and random histories against what really was printed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Answer, readAnswer } from '../../../probes/kubernetes/emitter-receipt.ts';
import { composeRequest } from '../../../probes/kubernetes/emitter-request.ts';
import { closesLower, type DatedReceipt, type SentBatch, settle } from '../../../probes/kubernetes/settlement.ts';
import { createFakeEmitter } from '../../fakes/kubernetes/fake-emitter.ts';

const secret = 'not-a-real-secret';
const origin = 1_795_160_000_000;

/**
 * What became of a call: it or its answer was lost, it is stuck on its way and comes `late`, or the emitter had no room, be it
 * that it said so (`full`) or had no receipt either (`broken`).
 */
const fates = ['nothing', 'call', 'answer', 'late', 'full', 'broken'] as const;
type Fate = (typeof fates)[number];

/** A caller and its emitter, and what can happen between them. */
function startScene() {
  let now = origin;
  const stuck: string[] = [];
  const emitter = createFakeEmitter(secret, () => now);
  const sent = new Map<number, SentBatch>();
  let [incarnation, highestAnswered, batch] = [emitter.incarnation, 0, 0];
  const pass = (ms: number) => {
    now += ms;
    emitter.run();
  };
  function bodyOf(number: number, delays: readonly number[]): string {
    const lines = delays.map((delayMs, index) => ({ delayMs, text: `logcanary ${number}#${index}` }));
    return composeRequest(secret, { instance: 'i', incarnation, batch: number, done: 0, lines }).toString();
  }
  /** What the caller hears of it. */
  function answerTo(body: string, fate: Fate): Answer | undefined {
    if (fate === 'broken') return { word: 'broken' };
    if (fate === 'full') return { ...readAnswer(emitter.call(bodyOf(0, []))), word: 'full' };
    if (fate === 'late') stuck.push(body);
    const answer = fate === 'call' || fate === 'late' ? undefined : readAnswer(emitter.call(body));
    return fate === 'nothing' ? answer : undefined;
  }
  /** Each way takes 20 ms. */
  function call(number: number, delays: readonly number[], fate: Fate = 'nothing'): DatedReceipt | undefined {
    const askedAt = now;
    const body = bodyOf(number, delays);
    pass(20);
    const answer = answerTo(body, fate);
    pass(20);
    const word = answer?.word ?? 'none';
    const known = sent.get(number);
    if (delays.length > 0 || known !== undefined)
      sent.set(number, {
        ...{ batch: number, incarnation: known?.incarnation ?? incarnation, delaysMs: known?.delaysMs ?? delays },
        ...{ firstSentAt: known?.firstSentAt ?? askedAt, words: [...(known?.words ?? []), word] },
      });
    if (answer?.receipt === undefined) return undefined;
    incarnation = answer.receipt.incarnation;
    if (closesLower(answer.word)) highestAnswered = Math.max(highestAnswered, number);
    return { receipt: answer.receipt, askedAt, answeredAt: now, highestAnswered };
  }
  return {
    emitter,
    sent,
    pass,
    send(delays: readonly number[], fate?: Fate) {
      batch += 1;
      return call(batch, delays, fate);
    },
    /** Closes all numbers so far and asks; again after an answer of another incarnation, which closed nothing. */
    ask() {
      batch += 1;
      const first = call(batch, []);
      const dated = highestAnswered === batch ? first : call(batch, []);
      if (dated === undefined) throw new Error('no answer');
      return dated;
    },
    /** The call that is stuck for the longest comes. */
    arrive() {
      const body = stuck.shift();
      if (body !== undefined) emitter.call(body);
      return body !== undefined;
    },
    states(dated: DatedReceipt, of = 1) {
      return settle([...sent.values()], dated)
        .get(of)
        ?.map(({ state }) => state);
    },
  };
}

describe('one receipt', () => {
  test('given lines that went out and lines that wait, when settled, then each is what it is', () => {
    const scene = startScene();
    scene.send([0, 100, 5000]);
    scene.pass(200);
    const dated = scene.ask();
    expect(scene.states(dated)).toEqual(['emitted', 'emitted', 'pending']);
    const settled = settle([...scene.sent.values()], dated).get(1) ?? [];
    for (const [index, each] of settled.entries()) {
      if (each.state !== 'emitted') continue;
      const at = scene.emitter.printed[index]?.at ?? Number.NaN;
      expect(each.nb).toBeLessThanOrEqual(at);
      expect(each.na).toBeGreaterThanOrEqual(at);
      expect(each.na - each.nb).toBeLessThan(80);
    }
  });

  test('given an emitter that slept, when it wakes, then the line it dropped is withheld', () => {
    const scene = startScene();
    scene.send([1000]);
    const { run } = scene.emitter;
    Object.assign(scene.emitter, { run: () => {} });
    scene.pass(20_000);
    Object.assign(scene.emitter, { run });
    expect(scene.states(scene.ask())).toEqual(['withheld']);
  });

  test('given a restart, when settled, then only a line that may have been half-way is unconfirmed', () => {
    const scene = startScene();
    scene.send([10, 20, 2000]);
    scene.pass(500);
    scene.emitter.restart(true);
    expect(scene.states(scene.ask())).toEqual(['emitted', 'unconfirmed', 'withheld']);
    const other = startScene();
    other.send([10, 1000]);
    other.pass(500);
    other.emitter.restart(false);
    expect(other.states(other.ask())).toEqual(['emitted', 'withheld']);
  });

  test.each(['refused', 'broken', 'full', 'malformed', 'closed'] as const)(
    'given a batch that got "%s", when settled, then it is withheld, but not after a call without an answer',
    (word) => {
      const scene = startScene();
      const dated = scene.ask();
      const batch = { batch: 9, incarnation: scene.emitter.incarnation, delaysMs: [10], firstSentAt: origin };
      const stateAfter = (words: SentBatch['words']) =>
        settle([{ ...batch, words }], dated)
          .get(9)
          ?.map(({ state }) => state);
      expect(stateAfter([word])).toEqual(['withheld']);
      expect(stateAfter(['none', word])).toEqual(['unknown']);
    },
  );

  test('given a batch of long ago, when it is not listed, then it is unconfirmed', () => {
    const scene = startScene();
    scene.send([10], 'call');
    scene.pass(9_100_000);
    expect(scene.states(scene.ask())).toEqual(['unconfirmed']);
  });

  test('given a call without an answer, when nothing later was answered, then it is unknown, and pending once it shows', () => {
    const scene = startScene();
    const before = scene.ask();
    scene.send([60_000], 'answer');
    expect(scene.states(before, 2)).toEqual(['unknown']);
    expect(scene.states(scene.ask(), 2)).toEqual(['pending']);
  });

  test('given a call that was lost, when a later number was answered, then it is withheld', () => {
    const scene = startScene();
    scene.ask();
    scene.send([60_000], 'call');
    expect(scene.states(scene.ask(), 2)).toEqual(['withheld']);
  });

  test('given a call that is stuck, when the next one found no room, then nothing is known until a number was closed', () => {
    const scene = startScene();
    scene.ask();
    scene.send([60_000], 'late');
    const full = scene.send([70_000], 'full');
    if (full === undefined) throw new Error('no answer');
    expect(scene.states(full, 2)).toEqual(['unknown']);
    expect(scene.states(full, 3)).toEqual(['withheld']);
    scene.arrive();
    expect(scene.states(scene.ask(), 2)).toEqual(['pending']);
  });

  test('given a reboot, when settled, then what was due before is unconfirmed and the rest withheld', () => {
    const scene = startScene();
    scene.ask();
    scene.send([10, 60_000]);
    scene.pass(5000);
    scene.emitter.reboot();
    expect(scene.states(scene.ask(), 2)).toEqual(['unconfirmed', 'withheld']);
  });

  test('given a batch that was taken and forgotten, when settled, then it is unconfirmed', () => {
    const scene = startScene();
    const dated = scene.send([10]);
    if (dated === undefined) throw new Error('no answer');
    const forgotten = { ...scene.ask().receipt, batches: new Map() };
    expect(scene.states({ ...dated, highestAnswered: 9, receipt: forgotten })).toEqual(['unconfirmed']);
  });

  test('given an answer that was cut, when settled, then an absence proves nothing', () => {
    const scene = startScene();
    scene.send([10, 20]);
    scene.pass(100);
    const dated = scene.ask();
    const [batch] = dated.receipt.batches.values();
    if (batch === undefined) throw new Error('no batch');
    const half = { ...batch, records: new Map([...batch.records].slice(0, 1)) };
    const cut = { ...dated.receipt, whole: false, batches: new Map([[1, half]]) };
    expect(scene.states({ ...dated, receipt: cut })).toEqual(['emitted', 'unknown']);
  });

  test('given a batch of another size under the number, when settled, then nothing is believed', () => {
    const scene = startScene();
    scene.send([10, 20]);
    const dated = scene.ask();
    const stranger = { batch: 1, incarnation: '-', delaysMs: [10], firstSentAt: 0, words: ['none' as const] };
    expect(
      settle([stranger], dated)
        .get(1)
        ?.map(({ state }) => state),
    ).toEqual(['unconfirmed']);
  });
});

describe('random histories', () => {
  const delays = fc
    .array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 5 })
    .map((list) => list.toSorted((a, b) => a - b));
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        delays,
        fate: fc.constantFrom(...fates),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 2500 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('ask' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('arrive' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), halfWay: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reboot' as const) }) },
  );

  test('given any history, when settled at any time, then emitted was printed within its bounds and withheld never is', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const scene = startScene();
        const receipts: DatedReceipt[] = [];
        for (const each of steps) {
          if (each.do === 'pass') scene.pass(each.ms);
          if (each.do === 'restart') scene.emitter.restart(each.halfWay);
          if (each.do === 'reboot') scene.emitter.reboot();
          if (each.do === 'arrive') scene.arrive();
          const dated =
            each.do === 'send' ? scene.send(each.delays, each.fate) : each.do === 'ask' ? scene.ask() : undefined;
          if (dated !== undefined) receipts.push(dated);
        }
        const verdicts = receipts.map((dated) => settle([...scene.sent.values()], dated));
        scene.pass(30_000);
        verdicts.push(settle([...scene.sent.values()], scene.ask()));
        while (scene.arrive()) scene.pass(5000);
        for (const settled of verdicts)
          for (const [batch, lines] of settled)
            for (const [index, line] of lines.entries()) {
              const printed = scene.emitter.printed.filter((one) => one.batch === batch && one.index === index);
              expect(printed.length).toBeLessThanOrEqual(1);
              if (line.state === 'withheld') expect(printed).toEqual([]);
              if (line.state !== 'emitted') continue;
              expect(printed).toHaveLength(1);
              expect(printed[0]?.at).toBeGreaterThanOrEqual(line.nb);
              expect(printed[0]?.at).toBeLessThanOrEqual(line.na);
            }
        const left = [...(verdicts.at(-1) ?? new Map())].flatMap(([, lines]) => lines).map(({ state }) => state);
        expect(left.filter((state) => state === 'pending' || state === 'unknown')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
