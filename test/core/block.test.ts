import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  blockSize,
  codeCount,
  codeOf,
  decodeEmission,
  decodeVerdicts,
  emission,
  encodeEmission,
  encodeVerdicts,
  impliedBit,
  isSeen,
  newEmissionBlock,
  newVerdictBlock,
  verdictOfCode,
} from '../../src/core/block.ts';
import { verdicts } from '../../src/core/verdict-name.ts';

const implied = [codeOf.delivered + impliedBit, codeOf.delayed + impliedBit];
const codes = [0, ...Object.values(codeOf), ...implied];
const int32 = fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 });

test('given any verdicts, implied ones too, when a block is written and read, then they are the same', () => {
  const drawn = fc.array(fc.constantFrom(...codes), { maxLength: blockSize });
  fc.assert(
    fc.property(drawn, (values) => {
      const block = newVerdictBlock(7);
      block.codes.set(values);
      const back = decodeVerdicts(7, encodeVerdicts(block));
      expect(Array.from(back.codes)).toEqual(Array.from(block.codes));
      expect(back.index).toBe(7);
    }),
  );
});

test('given any emissions, when a block is written and read, then the states are the same, and the times of the proven ones', () => {
  const one = fc.record({ state: fc.constantFrom(...Object.values(emission)), a: int32, b: int32 });
  fc.assert(
    fc.property(fc.array(one, { maxLength: blockSize }), (values) => {
      const block = newEmissionBlock(3);
      values.forEach(({ state, a, b }, i) => {
        block.states[i] = state;
        block.nb[i] = Math.min(a, b);
        block.na[i] = Math.max(a, b);
      });
      const back = decodeEmission(3, encodeEmission(block));
      expect(Array.from(back.states)).toEqual(Array.from(block.states));
      values.forEach(({ state }, i) => {
        if (state !== emission.emitted) return;
        expect([back.nb[i], back.na[i]]).toEqual([block.nb[i], block.na[i]]);
      });
    }),
  );
});

test('given an empty block, when it is written, then it costs next to nothing', () => {
  expect(encodeVerdicts(newVerdictBlock(0)).length).toBe(0);
  expect(encodeEmission(newEmissionBlock(0)).length).toBe(1);
});

test('given every code there is, then each is below codeCount, names its verdict, and only delivered and delayed count as seen', () => {
  for (const verdict of verdicts) {
    expect(verdictOfCode(codeOf[verdict])).toBe(verdict);
    expect(isSeen(codeOf[verdict])).toBe(verdict === 'delivered' || verdict === 'delayed');
  }
  for (const code of implied) expect(isSeen(code)).toBe(true);
  expect(implied.map(verdictOfCode)).toEqual(['delivered', 'delayed']);
  expect(Math.max(...codes)).toBeLessThan(codeCount);
  expect(new Set(codes).size).toBe(codes.length);
  expect(verdictOfCode(0)).toBeUndefined();
  expect(isSeen(0)).toBe(false);
});
