import type { EpochMs } from '../lib/clock.ts';
import type { ByteReader, ByteWriter } from '../lib/varint.ts';

interface Span {
  from: number;
  to: number;
  at: EpochMs;
}

/**
 * For every sequence number the newest `asOf` of a complete look that covered it: a few disjoint spans, since looks
 * cover long contiguous scopes. 0 means never covered.
 */
export class Spans {
  private spans: Span[] = [];

  /** The newest `asOf` over `seq`. */
  at(seq: number): EpochMs {
    for (let i = this.spans.length - 1; i >= 0; i--) {
      const span = this.spans[i] as Span;
      if (seq > span.to) return 0;
      if (seq >= span.from) return span.at;
    }
    return 0;
  }

  /** The newest `asOf` over any of `from`..`to`. */
  newest(from: number, to: number): EpochMs {
    let newest = 0;
    for (const span of this.spans) {
      if (span.from <= to && span.to >= from && span.at > newest) newest = span.at;
    }
    return newest;
  }

  /** A complete look as of `at` covered `from`..`to`, both included. An older look never lowers what a newer one said. */
  cover(from: number, to: number, at: EpochMs): void {
    if (to < from) return;
    const result: Span[] = [];
    let next = from;
    for (const span of this.spans) {
      if (span.to < from || span.from > to) {
        if (span.from > to && next <= to) {
          push(result, next, to, at);
          next = to + 1;
        }
        push(result, span.from, span.to, span.at);
        continue;
      }
      if (span.from < from) push(result, span.from, from - 1, span.at);
      if (span.from > next) push(result, next, span.from - 1, at);
      push(result, Math.max(span.from, from), Math.min(span.to, to), Math.max(span.at, at));
      if (span.to > to) push(result, to + 1, span.to, span.at);
      next = Math.min(span.to, to) + 1;
    }
    if (next <= to) push(result, next, to, at);
    this.spans = result;
  }

  /** Forgets everything below `seq`: those canaries are settled. */
  dropBelow(seq: number): void {
    while (this.spans.length > 0 && (this.spans[0] as Span).to < seq) this.spans.shift();
  }

  /** How many spans there are; bounded by the number of looks with different scopes. */
  get size(): number {
    return this.spans.length;
  }

  encode(writer: ByteWriter): void {
    writer.unsigned(this.spans.length);
    let last = 0;
    for (const span of this.spans) {
      writer.unsigned(span.from - last);
      writer.unsigned(span.to - span.from);
      writer.unsigned(span.at);
      last = span.to;
    }
  }

  static decode(reader: ByteReader): Spans {
    const result = new Spans();
    let last = 0;
    for (let left = reader.unsigned(); left > 0; left--) {
      const from = last + reader.unsigned();
      const to = from + reader.unsigned();
      result.spans.push({ from, to, at: reader.unsigned() });
      last = to;
    }
    return result;
  }
}

function push(spans: Span[], from: number, to: number, at: EpochMs): void {
  const last = spans.at(-1);
  if (last && last.to + 1 === from && last.at === at) last.to = to;
  else spans.push({ from, to, at });
}
