import type { EpochMs } from '../lib/clock.ts';
import type { ByteReader, ByteWriter } from '../lib/varint.ts';

const none: readonly number[] = [];

/**
 * For every sequence number the newest `asOf` of a complete look that covered it: a few disjoint spans, since looks
 * cover long contiguous scopes. 0 means never covered. Kept as one flat list of from, to, at, from, to, at...: there are
 * two of these for each stream at each hop.
 */
export class Spans {
  private flat: readonly number[] = none;

  /** The newest `asOf` over `seq`. */
  at(seq: number): EpochMs {
    for (let i = this.flat.length - 3; i >= 0; i -= 3) {
      if (seq > this.number(i + 1)) return 0;
      if (seq >= this.number(i)) return this.number(i + 2);
    }
    return 0;
  }

  /** The newest `asOf` over any of `from`..`to`. */
  newest(from: number, to: number): EpochMs {
    let newest = 0;
    for (let i = 0; i < this.flat.length; i += 3) {
      if (this.number(i) <= to && this.number(i + 1) >= from) newest = Math.max(newest, this.number(i + 2));
    }
    return newest;
  }

  /** A complete look as of `at` covered `from`..`to`, both included. An older look never lowers what a newer one said. */
  cover(from: number, to: number, at: EpochMs): void {
    if (to < from) return;
    const result: number[] = [];
    let next = from;
    for (let i = 0; i < this.flat.length; i += 3) {
      const [first, last, newest] = [this.number(i), this.number(i + 1), this.number(i + 2)];
      if (last < from || first > to) {
        if (first > to && next <= to) {
          push(result, next, to, at);
          next = to + 1;
        }
        push(result, first, last, newest);
        continue;
      }
      if (first < from) push(result, first, from - 1, newest);
      if (first > next) push(result, next, first - 1, at);
      push(result, Math.max(first, from), Math.min(last, to), Math.max(newest, at));
      if (last > to) push(result, to + 1, last, newest);
      next = Math.min(last, to) + 1;
    }
    if (next <= to) push(result, next, to, at);
    // A copy is as long as it must be; what was grown has room for many more.
    this.flat = result.slice();
  }

  /** Forgets everything below `seq`: those canaries are settled. */
  dropBelow(seq: number): void {
    let keep = 0;
    while (keep < this.flat.length && this.number(keep + 1) < seq) keep += 3;
    if (keep > 0) this.flat = keep === this.flat.length ? none : this.flat.slice(keep);
  }

  /** How many spans there are; bounded by the number of looks with different scopes. */
  get size(): number {
    return this.flat.length / 3;
  }

  encode(writer: ByteWriter): void {
    writer.unsigned(this.size);
    let last = 0;
    for (let i = 0; i < this.flat.length; i += 3) {
      const [from, to] = [this.number(i), this.number(i + 1)];
      writer.unsigned(from - last);
      writer.unsigned(to - from);
      writer.unsigned(this.number(i + 2));
      last = to;
    }
  }

  static decode(reader: ByteReader): Spans {
    const result = new Spans();
    const flat: number[] = [];
    let last = 0;
    for (let left = reader.unsigned(); left > 0; left--) {
      const from = last + reader.unsigned();
      const to = from + reader.unsigned();
      flat.push(from, to, reader.unsigned());
      last = to;
    }
    if (flat.length > 0) result.flat = flat.slice();
    return result;
  }

  private number(at: number): number {
    return this.flat[at] as number;
  }
}

/** Appends a span, or lengthens the last one where it goes on with the same `at`. */
function push(flat: number[], from: number, to: number, at: EpochMs): void {
  const end = flat.length;
  if (flat[end - 1] === at && flat[end - 2] === from - 1) flat[end - 2] = to;
  else flat.push(from, to, at);
}
