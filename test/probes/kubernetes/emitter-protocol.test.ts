/** Requests and receipts as `deploy/kubernetes/PROTOCOL.md` has them, taken strictly. */
import { describe, expect, test } from 'vitest';
import { readAnswer } from '../../../probes/kubernetes/emitter-receipt.ts';
import { composeRequest, fitting, MAX_LINES } from '../../../probes/kubernetes/emitter-request.ts';
import { expectProbeError } from '../../contract/probe-error.ts';

const secret = 'not-a-real-secret';
const incarnation = '00000000000000a1';
const request = { instance: 'ledger_7', incarnation, batch: 3, done: 2, lines: [] };
const line = (text: string, delayMs = 0) => ({ delayMs, text });

describe('a request', () => {
  test('given lines, when composed, then the header counts them and inner line feeds are written', () => {
    const lines = [line('logcanary a', 0), line('logcanary b\n    more', 1500)];
    expect(composeRequest(secret, { ...request, lines }).toString()).toBe(
      `lcne1 ${secret} ledger_7 ${incarnation} 3 2 2 41\n0 logcanary a\n1500 logcanary b\\n    more\n`,
    );
  });

  test('given letters of several bytes, when composed, then bytes are counted', () => {
    const body = composeRequest(secret, { ...request, lines: [line('logcanary 🐤')] }).toString();
    expect(body).toContain(' 1 17\n');
  });

  const faulty: readonly (readonly [string, object])[] = [
    ['an instance with a space', { instance: 'a b' }],
    ['lines for no incarnation', { incarnation: '-', lines: [line('logcanary a')] }],
    ['an incarnation that is none', { incarnation: 'x' }],
    ['a batch below zero', { batch: -1 }],
    ['a question with lines', { batch: 0, lines: [line('logcanary a')] }],
    ['delays that fall', { lines: [line('logcanary a', 2), line('logcanary b', 1)] }],
    ['a delay over 35 minutes', { lines: [line('logcanary a', 2_100_001)] }],
    ['a backslash', { lines: [line('logcanary \\n')] }],
    ['a line feed without indentation', { lines: [line('logcanary a\nb')] }],
    ['a control character', { lines: [line('logcanary \u0007')] }],
    ['a line over 40 KB', { lines: [line('l'.repeat(40_001))] }],
    ['too many lines', { lines: Array.from({ length: MAX_LINES + 1 }, () => line('logcanary a')) }],
    ['too many bytes', { lines: Array.from({ length: 20 }, () => line('l'.repeat(39_000))) }],
  ];
  test.each(faulty)('given %s, when composed, then it is our bug and the secret is not told', (_, fault) => {
    expect(() => composeRequest(secret, { ...request, ...fault })).toThrow(
      expect.toSatisfy((error: unknown) => {
        expectProbeError(error, ['internal'], [secret]);
        return true;
      }),
    );
  });

  test('given more lines than a batch takes, when fitted, then as many as it takes', () => {
    expect(fitting(Array.from({ length: MAX_LINES + 5 }, () => line('logcanary a')))).toBe(MAX_LINES);
    expect(fitting(Array.from({ length: 20 }, () => line('l'.repeat(39_000))))).toBe(13);
    expect(fitting([line('logcanary a'), line('logcanary b', 2_100_001)])).toBe(1);
    expect(fitting([])).toBe(0);
  });
});

describe('an answer', () => {
  const head = 'lcne1 ok 00000000000000a1 1000 61230 2 210';
  const batch = 'batch 3 00000000000000a1 2000 3';

  test('given a whole answer, when read, then every record is there', () => {
    const answer = readAnswer(`${head}\n${batch}\ne 0 2000 10  \nd 2 61000 0\nend\n`);
    expect(answer?.word).toBe('ok');
    expect(answer?.receipt).toMatchObject({
      incarnation: '00000000000000a1',
      started: 1000,
      now: 61230,
      queuedLines: 2,
      whole: true,
    });
    expect([...(answer?.receipt?.batches.get(3)?.records ?? [])]).toEqual([
      [0, { what: 'emitted', nb: 2000, took: 10 }],
      [2, { what: 'dropped', at: 61000 }],
    ]);
  });

  test('given every place where an answer can be cut, when read, then it never is whole and holds no half record', () => {
    const text = `${head}\n${batch}\ne 0 2000 10\ne 1 2010 10\nend\n`;
    for (let length = 0; length < text.length; length += 1) {
      const receipt = readAnswer(text.slice(0, length))?.receipt;
      if (receipt === undefined) continue;
      expect(receipt.whole).toBe(false);
      for (const [index, record] of receipt.batches.get(3)?.records ?? [])
        expect(record).toEqual({ what: 'emitted', nb: 2000 + 10 * index, took: 10 });
    }
  });

  test('given refused, broken and malformed, when read, then they are told apart', () => {
    expect(readAnswer('lcne1 refused\n')).toEqual({ word: 'refused' });
    expect(readAnswer('lcne1 broken\n')).toEqual({ word: 'broken' });
    expect(readAnswer(`${head.replace('ok', 'malformed')} late\nend\n`)).toMatchObject({
      word: 'malformed',
      fault: 'late',
    });
  });

  test.each([
    ['nothing', ''],
    ['a page', '<html>Sign in</html>\n'],
    ['a first line without its end', head],
    ['an unknown word', `${head.replace('ok', 'fine')}\nend\n`],
    ['an incarnation of another length', `${head.replace('a1', 'a')}\nend\n`],
    ['a start after now', 'lcne1 ok 00000000000000a1 9000 8000 0 0\nend\n'],
    ['a record before any batch', `${head}\ne 0 2000 10\nend\n`],
    ['a record of a line that is not there', `${head}\n${batch}\ne 3 2000 10\nend\n`],
    ['two records of one line', `${head}\n${batch}\ne 1 2000 10\nd 1 2000 0\nend\n`],
    ['a batch twice', `${head}\n${batch}\n${batch}\nend\n`],
    ['a record of no kind', `${head}\n${batch}\nx 1 2000 10\nend\n`],
    ['a negative time', `${head}\n${batch}\ne 1 -5 10\nend\n`],
    ['something behind the end', `${head}\nend\n${batch}\n`],
  ])('given %s, when read, then it is no answer', (_, text) => {
    expect(readAnswer(text)).toBeUndefined();
  });
});
