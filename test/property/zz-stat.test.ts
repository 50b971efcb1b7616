import fc from 'fast-check';
import { test } from 'vitest';
import { History, operations, describeFailure } from '/work/main/test/property/accounting-history.ts';
test('stat', async () => {
  let frozen = 0, runs = 0, canaries = 0; const v: Record<string, number> = {};
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 - 1 }), operations, async (seed, ops) => {
    const h = await History.begin(seed); runs++; let f = 0;
    for (const o of ops) { await h.apply(o); const d = describeFailure(h); if (d.length) throw new Error(JSON.stringify(d)); }
    for (const s of h.model.books.streams.values()) for (const c of s.canaries) { canaries++; for (const p of c.places.values()) { if (p.frozen) f++; v[p.verdict+p.seen] = (v[p.verdict+p.seen] ?? 0) + 1; } }
    if (f) frozen++;
  }), { numRuns: Number(process.env.RUNS), endOnFailure: false, interruptAfterTimeLimit: 60000 });
  process.stdout.write(JSON.stringify({ runs, frozen, canaries, v }) + '\n');
}, 400_000);
