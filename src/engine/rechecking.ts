/**
 * Re-checks: canaries that were seen an hour or a day ago are asked for again. They change no verdict: what was delivered was
 * delivered. What is due follows from the schedule and the blocks; only results are kept.
 */
import { blockSize, decodeVerdicts, impliedBit, isSeen } from '../core/block.ts';
import type { LedgerReader, VerdictRow } from '../core/ledger.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Look, RecheckQuestion } from '../probe.ts';
import { timeOf } from './due.ts';
import type { Command, Event } from './event.ts';
import { tokenOf } from './injecting.ts';
import {
  batchesKept,
  bookKey,
  bookRow,
  newestSlot,
  type Picked,
  type RecheckBatch,
  type RecheckBook,
  type RecheckRef,
  spanOf,
} from './recheck-book.ts';
import { pickFor } from './recheck-pick.ts';
import type { EngineState, HopState, StreamState } from './state.ts';
import { blockOf, runOf } from './track.ts';

/** What was seen only just now, further down, may need so long until it shows here, ms. Longer where looks are rarer. */
const settleMs = 60_000;
/** One that failed is tried again so often before the next slot's turn comes. */
const triesPerSlot = 4;
/** Streams that are remembered with a result. */
const streamsKept = 100;

/** One at a time at a hop, and only while its ordinary looks are done and in order: those come first. */
export function recheckDue(state: EngineState, commands: Command[]): void {
  for (const { hops } of state.pipelines) {
    for (const hop of hops) {
      const book = hop.recheck;
      if (book === undefined || book.inFlight || state.now < book.nextAt) continue;
      if (book.picked === undefined) pick(state, hop, book);
      else if (isCalm(hop)) ask(state, hop, book, book.picked, commands);
    }
  }
}

function isCalm({ looks, lookInFlight }: HopState): boolean {
  return !lookInFlight && looks.at(-1)?.coverage === 'complete';
}

/** Of the slots that are due the youngest canaries first; of those that were missed meanwhile only the newest. */
function pick(state: EngineState, hop: HopState, book: RecheckBook<StreamState>): void {
  for (const [ageMs, series] of book.series) {
    const slot = newestSlot(book, ageMs, state.now);
    if (slot <= series.done) continue;
    const refs = pickFor(hop, book, slot);
    if (refs.length > 0) {
      book.picked = { ageMs, slot, at: state.now, refs };
      book.nextAt = state.now + Math.max(settleMs, 2 * hop.spec.pollMs + hop.spec.timeoutMs);
      return;
    }
    series.done = slot;
  }
  book.nextAt = nextSlotAt(book, state.now);
}

function nextSlotAt(book: RecheckBook<StreamState>, now: EpochMs): EpochMs {
  const { to } = spanOf(book, newestSlot(book, 0, now) + 1);
  return Math.max(now + 1_000, to);
}

function ask(
  state: EngineState,
  hop: HopState,
  book: RecheckBook<StreamState>,
  picked: Picked<StreamState>,
  commands: Command[],
): void {
  book.picked = undefined;
  // The hop could not be read for so long that another slot has come: begin anew, with what is surely still kept.
  if (newestSlot(book, picked.ageMs, state.now) > picked.slot) return;
  book.inFlight = true;
  commands.push({ type: 'recheck', hop, picked, asOf: state.now, timeoutMs: hop.spec.timeoutMs });
}

// ------------------------------------------------------------------------------------------------ asking

/** Those that were seen for certain, with where; what memory does not hold any more, the ledger does. */
export async function recall(
  ledger: Pick<LedgerReader, 'find'>,
  hop: HopState,
  refs: readonly RecheckRef<StreamState>[],
): Promise<RecheckRef<StreamState>[]> {
  const rows = new Map<string, VerdictRow>();
  for (const { stream, seq, implied } of refs) {
    const where = { stream: stream.number, hop: hop.id, block: blockOf(seq) };
    if (implied !== undefined || rows.has(keyOf(where))) continue;
    const [row] = await ledger.find('verdict', where);
    if (row) rows.set(keyOf(where), row);
  }
  return recalled(hop, refs, (where) => rows.get(keyOf(where)));
}

type BlockPlace = Pick<VerdictRow, 'stream' | 'hop' | 'block'>;

function keyOf({ stream, block }: BlockPlace): string {
  return `${stream} ${block}`;
}

/** The same, with the ledger's rows at hand. */
export function recalled(
  hop: HopState,
  refs: readonly RecheckRef<StreamState>[],
  rowAt: (where: BlockPlace) => VerdictRow | undefined,
): RecheckRef<StreamState>[] {
  return refs.flatMap((ref) => {
    if (ref.implied !== undefined) return ref;
    const block = blockOf(ref.seq);
    const row = rowAt({ stream: ref.stream.number, hop: hop.id, block });
    const code = row ? (decodeVerdicts(block, row.data).codes[ref.seq % blockSize] ?? 0) : 0;
    return isSeen(code) ? { ...ref, implied: code > impliedBit } : [];
  });
}

export function recheckQuestion(
  state: EngineState,
  refs: readonly RecheckRef<StreamState>[],
  asOf: EpochMs,
  seenBy: EpochMs,
) {
  const tokens = refs.flatMap(({ stream, seq }) => tokenOf(state, stream, seq) ?? []);
  const question: RecheckQuestion = {
    asOf,
    seenBy,
    since: Math.min(asOf, ...refs.map(({ stream, seq }) => timeOf(stream, seq))),
    count: tokens.length,
    tokens: () => tokens,
    prefixes: [...new Set(tokens.map((token) => token.slice(0, prefixLength)))],
  };
  return question;
}

/** Magic, key and writer. */
const prefixLength = 11;

// ------------------------------------------------------------------------------------------------ results

export function onRechecked(state: EngineState, rechecked: Extract<Event, { type: 'rechecked' }>): void {
  const { hop, look, asked, picked } = rechecked;
  const book = hop.recheck;
  if (book === undefined) return;
  book.inFlight = false;
  const batch = look?.coverage === 'complete' ? batchOf(state, look, asked) : undefined;
  book.last = {
    at: state.now,
    asked: asked.length,
    missing: batch ? batch.vanished + batch.inconsistent : 0,
    ...(batch ? {} : { why: (look?.why ?? rechecked.error)?.message ?? 'no answer' }),
  };
  const series = book.series.get(picked.ageMs);
  // Nothing is concluded from less than a complete answer: it is tried again.
  if (batch === undefined || series === undefined) {
    book.nextAt = state.now + book.everyMs / triesPerSlot;
    return;
  }
  series.done = picked.slot;
  const { entered } = hop.counters;
  entered.rechecked += batch.asked;
  entered.vanished += batch.vanished;
  entered.inconsistent += batch.inconsistent;
  hop.dirty = true;
  if (batch.asked > 0) series.batches = [...series.batches, batch].slice(-batchesKept);
  book.nextAt = 0;
  const row = { key: bookKey(hop.id), value: bookRow(book) };
  state.pending.push({ op: 'put', table: 'meta', row });
}

/** Canaries emitted before the look's own `since` are left out: of those it says nothing. */
function batchOf(state: EngineState, look: Look, asked: readonly RecheckRef<StreamState>[]): RecheckBatch {
  const found = new Set(look.finds.filter(({ kind }) => kind === 'line').map(({ token }) => token));
  const covered = asked.filter(({ stream, seq }) => runOf(stream, seq) && timeOf(stream, seq) >= (look.since ?? 0));
  const missing = covered.filter(({ stream, seq }) => !found.has(tokenOf(state, stream, seq) ?? ''));
  const implied = missing.filter((ref) => ref.implied === true).length;
  return {
    at: state.now,
    asked: covered.length,
    vanished: missing.length - implied,
    inconsistent: implied,
    since: missing.length === 0 ? 0 : Math.min(...missing.map(({ stream, seq }) => timeOf(stream, seq))),
    streams: [...new Set(missing.map(({ stream }) => stream.number))].slice(0, streamsKept),
  };
}
