import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeLine } from '../../src/core/line.ts';
import { type Shape, shapes } from '../../src/core/pipeline.ts';
import { scan, scanRecord } from '../../src/core/scan.ts';
import { checkToken, differences, mintToken, readToken, type TokenFields, tokenPrefix } from '../../src/core/token.ts';
import { createSigner } from '../../src/lib/signer.ts';

const signer = createSigner([{ id: 'a1', secret: 'correct horse battery staple' }]);
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** Whole range, with both ends drawn often: where 32-bit arithmetic would break. */
const below = (limit: number) =>
  fc.oneof(
    fc.maxSafeInteger().map((n) => Math.abs(n) % limit),
    fc.constantFrom(0, limit - 1),
  );

const fields: fc.Arbitrary<TokenFields> = fc.record({
  key: fc.constant(signer.first),
  writer: below(2 ** 25),
  stream: below(2 ** 25),
  seq: below(2 ** 35),
  plannedAt: below(2 ** 45),
  shape: below(32),
  length: below(32),
});
const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,63}$/);

interface Sample {
  readonly token: string;
  readonly text: string;
  readonly shape: Shape | undefined;
}

/** A canary line; fillers are kept short so that every cut can be tried. */
const sampleOf = (shape: fc.Arbitrary<number>): fc.Arbitrary<Sample> =>
  fc.record({ fields, shape, length: fc.nat(8), pipeline: name, stream: name }).map((drawn) => {
    const token = mintToken({ ...drawn.fields, shape: drawn.shape, length: drawn.length }, signer);
    const text = composeLine({ token, pipeline: drawn.pipeline, stream: drawn.stream, seq: drawn.fields.seq });
    return { token, text, shape: shapes[drawn.shape] };
  });
const sample = sampleOf(fc.nat(shapes.length - 1));
const whole = ({ token }: Sample) => ({ token, kind: 'line' });

describe('token', () => {
  test('given any fields in range, when a token is minted, then it is 52 characters, valid, and reads back', () => {
    const property = fc.property(fields, (drawn) => {
      const token = mintToken(drawn, signer);
      expect(token).toMatch(/^lcn1[a-z2-7]{47}0$/);
      expect(checkToken(token, signer)).toEqual({ state: 'valid', fields: drawn });
      expect(token.startsWith(tokenPrefix(drawn.key, drawn.writer))).toBe(true);
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  test('given any 10-bit key number, when a token is minted by a signer of it, then it reads back', () => {
    const anyKey = { mac: () => 'a'.repeat(17) };
    const property = fc.property(fc.nat(1023), fields, (key, drawn) => {
      expect(readToken(mintToken({ ...drawn, key }, anyKey))).toEqual({ ...drawn, key });
    });
    fc.assert(property);
  });

  test('given a token, when up to four characters are changed, then it is never valid and its distance is their number', () => {
    const changes = fc.uniqueArray(fc.tuple(fc.nat(51), fc.nat(31)), {
      minLength: 1,
      maxLength: 4,
      selector: ([at]) => at,
    });
    const property = fc.property(fields, changes, (drawn, list) => {
      const token = mintToken(drawn, signer);
      const changed = [...token];
      for (const [at, draw] of list) {
        const other = alphabet[draw] ?? 'a';
        changed[at] = other === changed[at] ? '8' : other;
      }
      expect(checkToken(changed.join(''), signer).state).not.toBe('valid');
      expect(differences(changed.join(''), token)).toBe(list.length);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

describe('scan', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });

  test('given a line between any bytes, when they are scanned, then the token is found once and undamaged', () => {
    const property = fc.property(sample, bytes, bytes, (drawn, before, after) => {
      const finds = scan(Buffer.concat([before, Buffer.from(`\n${drawn.text}\n`), after])).finds;
      expect(finds.filter((find) => find.token === drawn.token)).toEqual([whole(drawn)]);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('given lines of a batch, when they come as JSON escaped any number of times, gzipped, joined or as KPL, then all are found', () => {
    const batch = fc.uniqueArray(sample, { minLength: 1, maxLength: 5, selector: ({ token }) => token });
    const property = fc.property(batch, fc.nat(3), fc.boolean(), (list, depth, kpl) => {
      const documents = list.map(({ text }) => {
        let document = JSON.stringify({ '@timestamp': 'now', message: text, offset: 1 });
        for (let level = 0; level < depth; level += 1) document = JSON.stringify({ log: document, stream: 'stdout' });
        return Buffer.from(document);
      });
      const record = kpl
        ? kplOf(documents)
        : Buffer.concat(documents.flatMap((document) => [document, Buffer.from('\n')]));
      const wanted = { finds: list.map(whole) };
      expect(scan(record)).toEqual(wanted);
      expect(scanRecord(record)).toEqual(wanted);
      expect(scanRecord(gzipSync(record))).toEqual(wanted);
    });
    fc.assert(property, { numRuns: 100 });
  });

  test('given a line of one record, when it is cut anywhere, then it is never an undamaged line', () => {
    const shape = fc.constantFrom(
      ...shapes.flatMap((one, index) => (one === 'multiline' || one === 'long' ? [] : [index])),
    );
    const property = fc.property(sampleOf(shape), (drawn) => {
      for (let length = 0; length < drawn.text.length; length += 1) {
        const cut = drawn.text.slice(0, length);
        for (const text of [cut, JSON.stringify({ log: cut, offset: 1 })])
          expect(scan(text).finds).not.toContainEqual(whole(drawn));
      }
    });
    fc.assert(property, { numRuns: 20 });
  });

  test('given a long line, when it is cut anywhere, then it is never an undamaged line', () => {
    const property = fc.property(
      sampleOf(fc.constant(shapes.indexOf('long'))),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (drawn, share) => {
        const length = Math.min(drawn.text.length - 1, Math.floor(drawn.text.length * share));
        expect(scan(Buffer.from(drawn.text.slice(0, length))).finds).not.toContainEqual(whole(drawn));
      },
    );
    fc.assert(property, { numRuns: 100 });
  });

  test('given a multiline, when it is cut anywhere but right behind its first line, then it is never an undamaged line', () => {
    const property = fc.property(sampleOf(fc.constant(shapes.indexOf('multiline'))), (drawn) => {
      const firstEnd = drawn.text.indexOf('\n');
      for (let length = 0; length < drawn.text.length; length += 1) {
        // The documented tolerance: the first line is whole, and of the second there is nothing but indentation.
        const tolerated = length >= firstEnd && length <= firstEnd + 5;
        const finds = scan(drawn.text.slice(0, length)).finds;
        if (tolerated) expect(finds).toEqual([whole(drawn)]);
        else expect(finds).not.toContainEqual(whole(drawn));
      }
    });
    fc.assert(property, { numRuns: 20 });
  });

  test('given a line with one character of its filler changed, when it is scanned, then it is a damaged line', () => {
    const property = fc.property(sampleOf(fc.constant(0)), fc.nat(), (drawn, draw) => {
      const start = drawn.text.indexOf('#') + 1;
      const at = start + (draw % (drawn.text.length - start));
      const changed = `${drawn.text.slice(0, at)}~${drawn.text.slice(at + 1)}`;
      expect(scan(changed).finds).toEqual([{ ...whole(drawn), damage: expect.any(String) }]);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('given a token without our opening directly before it, when it is scanned, then it is an echo', () => {
    const before = fc.string({ maxLength: 40 }).filter((text) => !text.endsWith('logcanary '));
    const property = fc.property(sample, before, fc.string({ maxLength: 40 }), (drawn, front, back) => {
      expect(scan(`${front}${drawn.token}${back}`).finds).toEqual([{ token: drawn.token, kind: 'echo' }]);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('given any text or bytes, when they are scanned, then it neither throws nor finds what is not there', () => {
    const pieces = fc.constantFrom(
      'lcn1',
      'logcanary ',
      'a'.repeat(47),
      '0',
      '"',
      '\\',
      '\n',
      'x',
      '"rawData":"',
      '\u001f\u008b\b',
      '{',
      '":',
      '🐤',
    );
    const property = fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 30 }), (list) => {
      const text = list.join('');
      const tokens = scan(text)
        .finds.filter((find) => find.kind !== 'suspect')
        .map((find) => find.token);
      for (const token of tokens) expect(text).toContain(token);
      expect(tokens.length).toBeLessThanOrEqual(text.match(/lcn1[a-z2-7]{47}0/g)?.length ?? 0);
      expect(() => scanRecord(Buffer.from(text, 'latin1'))).not.toThrow();
    });
    fc.assert(property, { numRuns: 500 });
  });
});

/** A KPL aggregate: https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md */
function kplOf(documents: readonly Buffer[]): Buffer {
  const keys = field(1, Buffer.from('a'));
  const records = documents.map((document) => field(3, Buffer.concat([Buffer.from([0x08, 0]), field(3, document)])));
  const body = Buffer.concat([keys, ...records]);
  return Buffer.concat([Buffer.from('f3899ac2', 'hex'), body, createHash('md5').update(body).digest()]);
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([number * 8 + 2, ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
