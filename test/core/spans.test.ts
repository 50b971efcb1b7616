import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Spans } from '../../src/core/spans.ts';
import { ByteReader, ByteWriter } from '../../src/lib/varint.ts';

const size = 40;
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ from: fc.nat(size), length: fc.nat(size), at: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ dropBelow: fc.nat(size) }) },
);

function decoded(spans: Spans): Spans {
  const writer = new ByteWriter();
  spans.encode(writer);
  const reader = new ByteReader(writer.finish());
  const copy = Spans.decode(reader);
  expect(reader.done).toBe(true);
  return copy;
}

test('given any looks, when asked what covered a canary last, then spans say what an array of all canaries says', () => {
  const property = fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
    const model = new Array<number>(2 * size + 1).fill(0);
    let spans = new Spans();
    let dropped = 0;
    for (const each of operations) {
      if ('dropBelow' in each) {
        spans.dropBelow(each.dropBelow);
        dropped = Math.max(dropped, each.dropBelow);
      } else {
        const to = Math.min(2 * size, each.from + each.length - 1);
        spans.cover(each.from, to, each.at);
        for (let seq = each.from; seq <= to; seq++) model[seq] = Math.max(model[seq] ?? 0, each.at);
      }
      spans = decoded(spans);
      // What was dropped is not asked for any more.
      for (let seq = dropped; seq <= 2 * size; seq++) expect(spans.at(seq)).toBe(model[seq]);
      const newest = Math.max(...model.slice(dropped + 3, dropped + 12), 0);
      expect(spans.newest(dropped + 3, dropped + 11)).toBe(newest);
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test('given looks that each reach from the oldest open canary to the newest, then there are only as many spans as canaries', () => {
  const spans = new Spans();
  for (let look = 1; look <= 1_000; look++) spans.cover(0, look, look);
  expect(spans.size).toBe(1);
  for (let look = 1; look <= 1_000; look++) spans.cover(look, look + 10, 1_000 + look);
  spans.dropBelow(1_000);
  expect(spans.size).toBeLessThanOrEqual(2);
});

test('given a newer look, when an older one is told afterwards, then the newer one stands', () => {
  const spans = new Spans();
  spans.cover(5, 9, 20);
  spans.cover(0, 12, 10);
  expect([0, 4, 5, 9, 10, 12, 13].map((seq) => spans.at(seq))).toEqual([10, 10, 20, 20, 10, 10, 0]);
});
