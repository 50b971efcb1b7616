/** Records as agents, Firehose and attackers write them: nested, compressed, cut, inflating to much. */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { scanRecord } from '../../src/core/scan.ts';
import { inflate } from '../../src/lib/inflate.ts';
import { canaryLines } from '../fakes/canary-lines.ts';
import { byteEdits, editBytes } from './mutation.ts';
import { type FuzzTarget, pure, refuse } from './target.ts';

const lines = canaryLines(3, 7);

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(
      fc.constantFrom(
        'lcn1',
        'logcanary ',
        'a'.repeat(47),
        '0',
        '"',
        '\\',
        '"rawData":"',
        '"rawData": ',
        'KLUv/Q==',
        '{',
        '}',
        '":',
        '\x1f\x8b\b',
        'x^',
        '(\xb5/\xfd',
        '\xff\x06\0\0sNaPpY',
      ),
      { maxLength: 20 },
    )
    .map((pieces) => Buffer.from(pieces.join(''), 'latin1')),
);

/** A document with some of our lines in it, on lines of their own. */
const documents = fc.tuple(noise, fc.subarray(lines, { minLength: 1 }), noise).map(([before, some, after]) => ({
  bytes: Buffer.concat([before, ...some.map(({ text }) => Buffer.from(`\n${text}\n`)), after]),
  tokens: some.map(({ token }) => token),
}));

const wraps = {
  gzip: (bytes: Buffer) => gzipSync(bytes),
  zlib: (bytes: Buffer) => deflateSync(bytes),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
  rawData: (bytes: Buffer) =>
    Buffer.from(JSON.stringify({ errorCode: 'x', rawData: bytes.toString('base64'), esIndexName: 'i' })),
  twice: (bytes: Buffer) => Buffer.concat([gzipSync(bytes), gzipSync(bytes)]),
} as const;
const wrapNames = fc.array(fc.constantFrom(...(Object.keys(wraps) as (keyof typeof wraps)[])), { maxLength: 5 });

function wrapped(bytes: Buffer, names: readonly (keyof typeof wraps)[]): Buffer {
  return names.reduce((inner, name) => wraps[name](inner), bytes);
}

/** What was put in is found, or the scan says why it may not have been: never a silent miss, which would read as a loss. */
const neverSilent = fc.property(documents, wrapNames, fc.boolean(), ({ bytes, tokens }, names, tight) => {
  const record = wrapped(bytes, names);
  const { finds, why } = scanRecord(record, tight ? { maxBytes: 2_000 } : {});
  const found = new Set(finds.filter(({ kind }) => kind === 'line').map(({ token }) => token));
  if (why === undefined && tokens.some((token) => !found.has(token))) refuse('a canary was missed without a word');
});

const bound = 64 * 1024;

/** Damaged records never throw, and nothing comes out that cannot be in them. */
const damaged = fc.property(documents, wrapNames, byteEdits, ({ bytes }, names, edits) => {
  const record = editBytes(wrapped(bytes, names), edits);
  const { finds } = scanRecord(record, { maxBytes: bound, maxFinds: 50 });
  if (finds.length > 50) refuse('more finds than asked for');
  for (const { token, kind } of finds) {
    const isToken = /^lcn1[a-z2-7]{47}0$/.test(token);
    if (kind === 'suspect' ? token.length > 64 : !isToken) refuse(`a ${kind} of ${token.length} characters`);
  }
});

/** However small the input and however large what it says it holds: never more than the bound. */
const bombs = fc.property(
  fc.constantFrom('gzip', 'zlib', 'zstd'),
  fc.nat(2_000_000),
  fc.option(byteEdits),
  (format, size, edits) => {
    const bomb = wraps[format](Buffer.alloc(size));
    const answer = inflate(edits === null ? bomb : editBytes(bomb, edits), { maxBytes: bound });
    if (answer.state === 'inflated' && answer.bytes.length > bound) refuse('more bytes than the bound');
    if (edits === null && answer.state !== (size > bound ? 'too-large' : 'inflated')) refuse(`it is ${answer.state}`);
  },
);

export const recordTargets: readonly FuzzTarget[] = [
  pure('records: nothing is missed without a word', 250, neverSilent),
  pure('records: damage', 400, damaged),
  pure('records: bombs', 40, bombs),
];
