/** Tokens and lines that somebody damaged or made up. */
import fc from 'fast-check';
import { composeLine, longestLine } from '../../src/core/line.ts';
import { scan } from '../../src/core/scan.ts';
import { checkToken, mintToken, readToken } from '../../src/core/token.ts';
import { createSigner } from '../../src/lib/signer.ts';
import { editText, textEdits } from './mutation.ts';
import { type FuzzTarget, pure, refuse } from './target.ts';

const signer = createSigner([{ id: 'a1', secret: 'correct horse battery staple' }]);
/** The attacker's: right form, another secret. */
const stranger = createSigner([{ id: 'a1', secret: 'wrong horse battery staple' }]);

const below = (limit: number) => fc.maxSafeInteger().map((n) => Math.abs(n) % limit);
const fields = fc.record({
  key: fc.constant(signer.first),
  writer: below(2 ** 25),
  stream: below(2 ** 25),
  seq: below(2 ** 35),
  plannedAt: below(2 ** 45),
  shape: fc.nat(31),
  length: fc.nat(10),
});

const forgeries = fc.property(fields, textEdits, fc.boolean(), (drawn, edits, otherSecret) => {
  const genuine = mintToken(drawn, signer);
  const token = editText(otherSecret ? mintToken(drawn, stranger) : genuine, edits);
  const { state } = checkToken(token, signer);
  if (state === 'valid' && token !== genuine) refuse('a token that we did not sign is valid');
  if ((readToken(token) === undefined) !== (state === 'malformed')) refuse('read and check differ');
  longestLine(token);
});

const lines = fc.property(fields, textEdits, fc.boolean(), (drawn, edits, asBytes) => {
  const token = mintToken(drawn, signer);
  const line = composeLine({ token, pipeline: 'p', stream: 's', seq: drawn.seq });
  const damaged = editText(line, edits);
  const { finds } = scan(asBytes ? Buffer.from(damaged) : damaged);
  for (const find of finds) {
    if (find.kind === 'line' && !damaged.includes(find.token)) refuse('a token that is not there');
    if ((find.damage?.length ?? 0) > 100) refuse('a description of damage that quotes the line');
  }
});

/** Pieces that make a scanner go back and forth; long, so that anything quadratic does not end. */
const pieces = fc.constantFrom(
  'logcanary ',
  'lcn1',
  `logcanary lcn1${'a'.repeat(47)}0 `,
  `logcanary lcn1${'a'.repeat(47)}0 p/s #0 `,
  '\\'.repeat(63),
  '\\u005c',
  '": "',
  '}   {',
  ' '.repeat(50),
  '"rawData":"',
  '\n    ',
  'x',
);
const longTexts = fc.property(fc.array(pieces, { minLength: 1, maxLength: 4 }), fc.boolean(), (some, asBytes) => {
  const unit = some.join('');
  const text = unit.repeat(Math.ceil(100_000 / unit.length));
  scan(asBytes ? Buffer.from(text) : text, { maxFinds: 5_000 });
});

export const tokenTargets: readonly FuzzTarget[] = [
  pure('tokens: nobody else can sign', 1_000, forgeries),
  pure('lines: damage', 500, lines),
  pure('lines: long repetitions', 40, longTexts),
];
