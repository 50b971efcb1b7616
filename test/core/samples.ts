import { composeLine } from '../../src/core/line.ts';
import { type Shape, shapes } from '../../src/core/pipeline.ts';
import { mintToken, type TokenFields } from '../../src/core/token.ts';
import { createSigner } from '../../src/lib/signer.ts';

export const signer = createSigner([{ id: 'a1', secret: 'correct horse battery staple' }]);

/** A token of ours; fields that do not matter to a test have values of their own. */
export function tokenOf(fields: Partial<TokenFields> = {}): string {
  const base = { key: signer.first, writer: 7, stream: 3, seq: 12, plannedAt: 1_795_163_811_000, shape: 0, length: 0 };
  return mintToken({ ...base, ...fields }, signer);
}

/** A token of this shape, and its line in `prod/node-a`. */
export function lineOf(shape: Shape, fields: Partial<TokenFields> = {}): { token: string; line: string } {
  const seq = fields.seq ?? 12;
  const token = tokenOf({ ...fields, seq, shape: shapes.indexOf(shape) });
  return { token, line: composeLine({ token, pipeline: 'prod', stream: 'node-a', seq }) };
}
