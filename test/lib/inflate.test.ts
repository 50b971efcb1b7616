import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { inflate } from '../../src/lib/inflate.ts';

const text = Buffer.from('the quick brown fox '.repeat(50));
const empty = Buffer.alloc(0);

describe('inflate', () => {
  test.each([
    ['gzip', gzipSync],
    ['zlib', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const)('given %s, when it is inflated, then bytes and what stands behind them come back', (_, pack) => {
    expect(inflate(pack(text))).toEqual({ state: 'inflated', bytes: text, rest: empty });
    expect(inflate(Buffer.concat([pack(text), Buffer.from('tail')]))).toEqual({
      state: 'inflated',
      bytes: text,
      rest: Buffer.from('tail'),
    });
    expect(inflate(pack(text), { maxBytes: text.length - 1 })).toMatchObject({ state: 'too-large' });
    expect(inflate(pack(text), { maxBytes: text.length })).toMatchObject({ state: 'inflated' });
    expect(inflate(pack(text), { maxBytes: 0 })).toMatchObject({ state: 'too-large' });
  });

  test('given a gzip header with name, comment, extra field and checksum, when it is inflated, then they are passed over', () => {
    const body = gzipSync(text).subarray(10);
    const header = Buffer.from([0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3]);
    const extra = Buffer.from([3, 0, 1, 2, 3]);
    const packed = Buffer.concat([header, extra, Buffer.from('name\0comment\0'), Buffer.from([0, 0]), body]);
    expect(inflate(packed)).toEqual({ state: 'inflated', bytes: text, rest: empty });
  });

  test('given gzip or zstd that is cut anywhere, when it is inflated, then it is undecodable and nothing is thrown', () => {
    for (const [format, packed] of [
      ['gzip', gzipSync(text)],
      ['zstd', zstdCompressSync(text)],
    ] as const) {
      for (let length = 6; length < packed.length; length += 1) {
        expect(inflate(packed.subarray(0, length))).toEqual({ state: 'undecodable', format });
      }
    }
  });

  test('given gzip with a wrong checksum, when it is inflated, then it is undecodable', () => {
    const packed = gzipSync(text);
    packed.writeUInt8((packed.at(-8) ?? 0) ^ 1, packed.length - 8);
    expect(inflate(packed)).toEqual({ state: 'undecodable', format: 'gzip' });
  });

  test('given a bomb, when it is inflated, then it stops at the ratio', () => {
    expect(inflate(zstdCompressSync(Buffer.alloc(50_000_000)))).toEqual({ state: 'too-large', format: 'zstd' });
  });

  test.each(['', 'x', 'x^', 'x^2 + y^2 = z^2', 'plain text', '\u001f\u008b'])(
    'given "%s", when it is inflated, then it is plain',
    (plain) => {
      expect(inflate(Buffer.from(plain, 'latin1'))).toEqual({ state: 'plain' });
    },
  );
});
