import type { LedgerContents, RunRow, StreamRow } from '../core/ledger.ts';
import { shapes } from '../core/pipeline.ts';
import { LedgerError } from '../lib/errors.ts';

/** What a token can hold (design §3): nothing else was ever written by us. */
const limits = { stream: 2 ** 25, writer: 2 ** 25, key: 2 ** 10, seq: 2 ** 35, time: 2 ** 45 };

/** @throws LedgerError `corrupt` for rows that no logcanary wrote: the file is damaged or was edited */
export function refuseImpossible({ stream, run }: LedgerContents): void {
  const bad = stream.find((row) => !possibleStream(row)) ?? run.find((row) => !possibleRun(row));
  if (bad === undefined) return;
  const what = 'number' in bad ? `stream ${bad.number}` : `run ${bad.id}`;
  const advice = 'The file is damaged or was edited; restore a copy, or move it away to begin a new ledger.';
  throw new LedgerError(`The ledger's row of ${what} holds what no canary can have. ${advice}`, { reason: 'corrupt' });
}

function possibleStream({ number, nextSeq }: StreamRow): boolean {
  return within(number, limits.stream) && within(nextSeq, limits.seq + 1);
}

function possibleRun(run: RunRow): boolean {
  const numbers = within(run.stream, limits.stream) && within(run.writer, limits.writer) && within(run.key, limits.key);
  const schedule =
    within(run.t0, limits.time) && run.everyMs > 0 && run.jitterMs >= 0 && within(run.fromSeq, limits.seq);
  return numbers && schedule && run.shapes.length > 0 && run.shapes.every((shape) => shapes.includes(shape));
}

function within(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < limit;
}
