import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shapes } from '../../src/core/pipeline.ts';
import { burstSize, plannedAt, type Schedule, shapeOf, unitHash } from '../../src/core/schedule.ts';

const schedule: fc.Arbitrary<Schedule> = fc
  .record({
    fromSeq: fc.nat(100_000),
    t0: fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
    everyMs: fc.integer({ min: 1, max: 3_600_000 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    shapes: fc.uniqueArray(fc.constantFrom(...shapes), { minLength: 1 }),
  })
  .map(({ share, ...run }) => ({ ...run, jitterMs: Math.floor(run.everyMs * share) }));

test('given any run, then planned times never go back, start at t0, and each slot has its own period', () => {
  fc.assert(
    fc.property(schedule, (run) => {
      let before = run.t0;
      for (let index = 0; index < 200; index++) {
        const at = plannedAt(run, run.fromSeq + index);
        expect(at).toBeGreaterThanOrEqual(before);
        before = at;
      }
      const slots = run.shapes.includes('burst') ? undefined : 199;
      if (slots !== undefined) {
        expect(before).toBeGreaterThanOrEqual(run.t0 + slots * run.everyMs);
        expect(before).toBeLessThanOrEqual(run.t0 + slots * run.everyMs + run.jitterMs);
      }
    }),
  );
});

test('given a run with bursts, then a cycle holds each shape once, and ten canaries at one moment for burst', () => {
  const run: Schedule = { fromSeq: 7, t0: 0, everyMs: 100, jitterMs: 50, seed: 3, shapes: ['plain', 'burst', 'json'] };
  for (let cycle = 0; cycle < 20; cycle++) {
    const seqs = Array.from({ length: 12 }, (_, i) => 7 + cycle * 12 + i);
    expect(seqs.map((seq) => shapeOf(run, seq))).toEqual(['plain', ...new Array(burstSize).fill('burst'), 'json']);
    const times = seqs.map((seq) => plannedAt(run, seq));
    expect(new Set(times.slice(1, 11)).size).toBe(1);
    expect(times.map((at) => Math.floor(at / 100) - cycle * 3)).toEqual([0, ...new Array(10).fill(1), 2]);
  }
});

test('given any run, when a canary is planned twice, then it is the same moment and the same shape', () => {
  fc.assert(
    fc.property(schedule, fc.nat(1_000_000), (run, index) => {
      const seq = run.fromSeq + index;
      expect(plannedAt(run, seq)).toBe(plannedAt({ ...run }, seq));
      expect(run.shapes).toContain(shapeOf(run, seq));
    }),
  );
});

test('given many slots, then their jitter is spread evenly and does not repeat from stream to stream', () => {
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const at = Math.floor(unitHash(42, i) * 10);
    tenths[at] = (tenths[at] ?? 0) + 1;
  }
  for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  const same = Array.from({ length: 1_000 }, (_, i) => Math.abs(unitHash(1, i) - unitHash(2, i)) < 0.01);
  expect(same.filter(Boolean).length).toBeLessThan(60);
});
