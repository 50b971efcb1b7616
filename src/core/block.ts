/**
 * Canaries are kept in blocks of 256 consecutive sequence numbers: no row and no object per canary. An emission block
 * belongs to a stream, a verdict block to a stream at a hop.
 */
import { ByteReader, ByteWriter } from '../lib/varint.ts';
import { type Verdict, verdicts } from './verdict-name.ts';

export const blockSize = 256;

/** 0: not applicable here, or not granted yet. Else the verdict's position in `verdicts` plus one. */
export type VerdictCode = number;
export const codeOf = Object.fromEntries(verdicts.map((verdict, at) => [verdict, at + 1])) as Readonly<
  Record<Verdict, VerdictCode>
>;

/** Added to `delivered` and `delayed` while a canary was seen only further down, which proves that it passed here. */
export const impliedBit = 8;

export function verdictOfCode(code: VerdictCode): Verdict | undefined {
  return verdicts[(code > impliedBit ? code - impliedBit : code) - 1];
}

/** Codes are below this: four bits. */
export const codeCount = 16;

/** Seen here, or further down. */
export function isSeen(code: VerdictCode): boolean {
  const plain = code > impliedBit ? code - impliedBit : code;
  return plain === codeOf.delivered || plain === codeOf.delayed;
}

export const emission = { unconfirmed: 0, emitted: 1, withheld: 2 } as const;

export interface EmissionBlock {
  readonly index: number;
  /** One of `emission` per canary as far as one is known; beyond its length, and for canaries not granted yet, `unconfirmed`. */
  states: Uint8Array;
  /** Not before and not after, ms from the planned time; only for emitted ones. As long as `states`. */
  nb: Int32Array;
  na: Int32Array;
}

export interface VerdictBlock {
  readonly index: number;
  readonly codes: Uint8Array;
  /** Below this position every canary was seen, here or further down, or does not apply: where a search for missing ones begins. */
  openFrom: number;
  /** Judging again changes nothing before T passes this, */
  wakeAt: number;
  /** or a complete look newer than this covers the block, */
  wakeAbsent: number;
  /** or one that proves loss. */
  wakeLost: number;
}

export function newEmissionBlock(index: number): EmissionBlock {
  return { index, ...emissionRoom(firstRoom) };
}

/** Most streams are slow: room for a few canaries first, doubled as they come. */
const firstRoom = 32;

/** Makes sure that the canary at `i` of the block can be written. */
export function makeRoom(block: EmissionBlock, i: number): void {
  let room = block.states.length;
  if (i < room) return;
  while (room <= i) room *= 2;
  const { states, nb, na } = emissionRoom(room);
  states.set(block.states);
  nb.set(block.nb);
  na.set(block.na);
  Object.assign(block, { states, nb, na });
}

/** One piece of memory: there is a block for each stream, and each piece costs some 300 bytes besides what it holds. */
function emissionRoom(room: number): Pick<EmissionBlock, 'states' | 'nb' | 'na'> {
  const buffer = new ArrayBuffer(room * 9);
  return {
    nb: new Int32Array(buffer, 0, room),
    na: new Int32Array(buffer, room * 4, room),
    states: new Uint8Array(buffer, room * 8, room),
  };
}

export function newVerdictBlock(index: number): VerdictBlock {
  return { index, codes: new Uint8Array(blockSize), openFrom: 0, wakeAt: 0, wakeAbsent: 0, wakeLost: 0 };
}

/** The first position at which something is missing still; `blockSize` when there is none. Remembered in the block. */
export function firstOpenIn(block: VerdictBlock): number {
  const { codes } = block;
  let at = block.openFrom;
  while (at < blockSize && !isMissing(codes[at] as number)) at += 1;
  block.openFrom = at;
  return at;
}

/** Expected here, and not seen. */
export function isMissing(code: VerdictCode): boolean {
  return code !== 0 && !isSeen(code);
}

/** Two bits a state up to the last known one, then two varints (start, width) per emitted canary: about 2.3 bytes each. */
export function encodeEmission(block: EmissionBlock): Uint8Array {
  const used = lengthOf(block.states);
  const writer = new ByteWriter();
  writer.unsigned(used);
  for (let i = 0; i < used; i += 4) {
    let packed = 0;
    for (let j = 0; j < 4; j++) packed |= (block.states[i + j] ?? 0) << (j * 2);
    writer.byte(packed);
  }
  for (let i = 0; i < used; i++) {
    if (block.states[i] !== emission.emitted) continue;
    const nb = block.nb[i] ?? 0;
    writer.signed(nb);
    writer.unsigned(Math.max(0, (block.na[i] ?? 0) - nb));
  }
  return writer.finish();
}

export function decodeEmission(index: number, data: Uint8Array): EmissionBlock {
  const block = newEmissionBlock(index);
  const reader = new ByteReader(data);
  const used = Math.min(reader.unsigned(), blockSize);
  if (used > 0) makeRoom(block, used - 1);
  for (let i = 0; i < used; i += 4) {
    const packed = reader.byte();
    for (let j = 0; j < 4 && i + j < block.states.length; j++) block.states[i + j] = (packed >> (j * 2)) & 3;
  }
  for (let i = 0; i < used; i++) {
    if (block.states[i] !== emission.emitted) continue;
    const nb = reader.signed();
    block.nb[i] = nb;
    block.na[i] = nb + reader.unsigned();
  }
  return block;
}

/** Four bits a verdict, up to the last one there is. */
export function encodeVerdicts(block: VerdictBlock): Uint8Array {
  const used = lengthOf(block.codes);
  const bytes = new Uint8Array(Math.ceil(used / 2));
  for (let i = 0; i < used; i++) {
    bytes[i >> 1] = (bytes[i >> 1] ?? 0) | ((block.codes[i] ?? 0) << ((i & 1) * 4));
  }
  return bytes;
}

export function decodeVerdicts(index: number, data: Uint8Array): VerdictBlock {
  const block = newVerdictBlock(index);
  for (let i = 0; i < data.length * 2 && i < blockSize; i++) {
    block.codes[i] = ((data[i >> 1] ?? 0) >> ((i & 1) * 4)) & 15;
  }
  return block;
}

function lengthOf(values: Uint8Array): number {
  let used = values.length;
  while (used > 0 && values[used - 1] === 0) used -= 1;
  return used;
}
