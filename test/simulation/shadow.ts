/** What the auditor last saw of a block of verdicts, and what of it is different now. */
import { blockSize } from '../../src/core/block.ts';

export interface Shadow {
  readonly codes: Uint8Array;
  /** The same bytes and those of the block, four at a time: nearly all are equal. */
  readonly words: Uint32Array;
  block: { readonly codes: Uint8Array };
  blockWords: Uint32Array;
}

export function shadowOf(block: Shadow['block'], codes = new Uint8Array(blockSize)): Shadow {
  return { codes, words: wordsOf(codes), block, blockWords: wordsOf(block.codes) };
}

export function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}
