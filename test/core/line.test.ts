import { describe, expect, test } from 'vitest';
import { composeLine, fillerLength, fillerOf } from '../../src/core/line.ts';
import { shapes } from '../../src/core/pipeline.ts';
import { lineOf, tokenOf } from './samples.ts';

/** What alert rules, log levels and scrubbers look for. */
const alarming =
  /err|fail|warn|fatal|exception|crit|panic|kill|oom|dead|alert|abort|deny|denied|refus|timeout|lost|drop|null|debug|trace|emerg|severe|\d{2}/i;

describe('composeLine', () => {
  test('given a plain token, when a line is composed, then it has the documented form', () => {
    const { token, line } = lineOf('plain');
    expect(line).toBe(`logcanary ${token} prod/node-a #12 ${fillerOf(token)}`);
    expect(line).toMatch(/ end-[bcdfghjkmnpqstvwxz]{6}$/);
  });

  test.each(shapes)(
    'given shape %s, when a line is composed, then the whole token stands within the first 256 characters',
    (shape) => {
      const { token, line } = lineOf(shape);
      expect(line.slice(0, 256)).toContain(`logcanary ${token} `);
    },
  );

  test('given shape json, when a line is composed, then it is an object whose message is the canary line', () => {
    const { token, line } = lineOf('json');
    expect(JSON.parse(line)).toEqual({ message: `logcanary ${token} prod/node-a #12 ${fillerOf(token)}` });
  });

  test('given shape long, when a line is composed, then it is over 16 KiB on one line', () => {
    const { line } = lineOf('long');
    expect(line.length).toBeGreaterThan(17_000);
    expect(line).not.toContain('\n');
  });

  test('given shape unicode, when a line is composed, then it holds kana, emoji and marks that normalisation changes', () => {
    const { line } = lineOf('unicode');
    expect(line).toMatch(/[\u3040-\u30ff\u4e00-\u9fff\uff61-\uff9f]/);
    expect(line).toMatch(/\p{Extended_Pictographic}|\p{Regional_Indicator}/u);
    expect(line.normalize('NFC')).not.toBe(line);
  });

  test('given shape multiline, when a line is composed, then every continuation line is indented', () => {
    const [first, ...rest] = lineOf('multiline').line.split('\n');
    expect(first).toMatch(/^logcanary lcn1/);
    expect(rest.length).toBeGreaterThanOrEqual(2);
    for (const line of rest) expect(line).toMatch(/^ {4}\S/);
  });

  test('given another seq than the token has, when a line is composed, then it is refused', () => {
    expect(() => composeLine({ token: tokenOf({ seq: 5 }), pipeline: 'p', stream: 's', seq: 6 })).toThrow(RangeError);
    expect(() => composeLine({ token: 'lcn1', pipeline: 'p', stream: 's', seq: 6 })).toThrow(RangeError);
  });
});

describe('fillerOf', () => {
  test('given the same token twice, when fillers are made, then they are equal, and differ from those of another token', () => {
    expect(fillerOf(tokenOf())).toBe(fillerOf(tokenOf()));
    expect(fillerOf(tokenOf({ seq: 13 }))).not.toBe(fillerOf(tokenOf()));
  });

  test('given a fixed token, when its filler is made, then it is what every released version makes of it', () => {
    const token = tokenOf();
    expect(fillerOf(token)).toMatchInlineSnapshot(
      `"bridge meadow mint bridge beach river linen wool copper sand mint end-bbqcsp"`,
    );
  });

  test('given each length class, when fillers are made, then they are as long as documented and the last stays below 16 KiB', () => {
    const lengths = Array.from({ length: 32 }, (_, length) => fillerOf(tokenOf({ length })).length);
    for (const [length, chars] of lengths.entries()) {
      expect(chars).toBeGreaterThanOrEqual(fillerLength(length));
      expect(chars).toBeLessThan(fillerLength(length) + 24);
    }
    expect(lineOf('json', { length: 31 }).line.length).toBeLessThan(16_384);
  });

  test('given many tokens of all shapes, when fillers are made, then no word in them would raise an alarm elsewhere', () => {
    for (let seq = 0; seq < 60; seq += 1) {
      for (const shape of shapes.keys()) expect(fillerOf(tokenOf({ seq, shape, length: 8 }))).not.toMatch(alarming);
    }
  });
});
