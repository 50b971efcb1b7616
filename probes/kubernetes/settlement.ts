/** What receipts prove about lines that were sent: `deploy/kubernetes/PROTOCOL.md`, "What follows from it". Pure. */
import type { EpochMs } from '../../src/probe.ts';
import type { BatchReceipt, LineRecord, Receipt, Word } from './emitter-receipt.ts';

/** Readings of the emitter's clock are cut to 10 ms. */
const READING_MS = 10;
/** Two clocks may drift apart by this share: the kernel slews by up to 500 ppm each. */
const DRIFT = 0.001;
/** From the sending until the header was read, ms: the engine gives up on a call after that. */
const LONGEST_CALL_MS = 60_000;
/** For so long after it was sent a batch is surely in the receipts, ms (2 h 30 min). */
const REMEMBERED_MS = 9_000_000;

/** A batch that was sent to one pod, once or several times under its number. */
export interface SentBatch {
  readonly batch: number;
  /** The incarnation that it was sent to. Never `-`: of lines that any incarnation takes, none is ever withheld here. */
  readonly incarnation: string;
  /** By index, as sent. */
  readonly delaysMs: readonly number[];
  /** T at which the first call with it began: stamped before the call, as an answer may be that of a second way. */
  readonly firstSentAt: EpochMs;
  /** Of every call that brought it: the answer's `words`, or `wordOf` its error. */
  readonly words: readonly (Word | 'none')[];
}

/** A receipt, and when it was asked for and came, T. */
export interface DatedReceipt {
  readonly receipt: Receipt;
  readonly askedAt: EpochMs;
  readonly answeredAt: EpochMs;
  /** The highest batch number (above 0) of a call whose word `closesLower`, this one included. */
  readonly highestAnswered: number;
}

/**
 * `pending`: it waits there, or is being written. `unknown`: it may still be on its way; close the number and ask again.
 * The others are final, and are what the engine's emissions say.
 */
export type Settled =
  | { readonly state: 'emitted'; readonly nb: EpochMs; readonly na: EpochMs }
  | { readonly state: 'withheld' | 'unconfirmed' | 'pending' | 'unknown'; readonly why: string };

/** Not queued. Proven of the call that got the word, so of the batch only when each of its calls got one. */
const refusedWords: ReadonlySet<Word | 'none'> = new Set([
  'closed',
  'full',
  'malformed',
  'restarted',
  'refused',
  'broken',
]);

/**
 * True when the emitter took note of the call's number, or of a higher one before: lower ones that come later are `closed`. A call
 * that was not let in, as with `full`, leaves the way open for those before it.
 */
export function closesLower(word: Word): boolean {
  return word === 'ok' || word === 'repeat' || word === 'closed';
}

/** One result per line of every batch, by batch number. `sent` are all batches of one instance and one pod that are not settled. */
export function settle(sent: readonly SentBatch[], dated: DatedReceipt): ReadonlyMap<number, readonly Settled[]> {
  return new Map(
    sent.map((each) => {
      const settled = settleBatch(each, dated);
      return [each.batch, each.incarnation === '-' ? settled.map(sentToAny) : settled];
    }),
  );
}

/** A call that is still on its way may be taken by an incarnation that is yet to start. */
function sentToAny(settled: Settled): Settled {
  return settled.state === 'withheld' ? { state: 'unconfirmed', why: 'any incarnation may have taken it' } : settled;
}

function settleBatch(sent: SentBatch, dated: DatedReceipt): readonly Settled[] {
  const listed = dated.receipt.batches.get(sent.batch);
  if (listed !== undefined && listed.count !== sent.delaysMs.length)
    return sent.delaysMs.map(() => ({ state: 'unconfirmed', why: 'the emitter knows another batch of this number' }));
  const next = sent.delaysMs.findIndex((_, index) => listed?.records.has(index) === false);
  return sent.delaysMs.map((delay, index) => {
    const record = listed?.records.get(index);
    if (listed !== undefined && record !== undefined) return recorded(record, listed.received, sent, dated);
    if (!dated.receipt.whole) return { state: 'unknown', why: 'the answer was cut' };
    if (listed !== undefined) return unrecorded(listed, delay, index === next, dated.receipt);
    return unlisted(sent, delay, dated);
  });
}

/**
 * Counted back from the answer; and forward from the sending, as T may have jumped between the two (a restart after the wall clock
 * was set, or the machine slept). Both hold for as long as T did not jump, else one of them.
 */
function recorded(record: LineRecord, received: number, { firstSentAt }: SentBatch, dated: DatedReceipt): Settled {
  if (record.what === 'dropped') return { state: 'withheld', why: 'the emitter dropped it: its turn came too late' };
  const { receipt, askedAt, answeredAt } = dated;
  const age = receipt.now - record.nb;
  const drift = Math.abs(age) * DRIFT;
  const [elapsed, whole] = [record.nb - received, receipt.now - received];
  const lostTime = answeredAt - firstSentAt < whole * (1 - DRIFT) - 2 * READING_MS;
  const na = answeredAt - age + record.took + READING_MS + drift;
  const sentNa = firstSentAt + LONGEST_CALL_MS + (elapsed + record.took) * (1 + DRIFT) + READING_MS;
  return {
    state: 'emitted',
    nb: Math.floor(Math.min(askedAt - age - READING_MS - drift, firstSentAt + elapsed * (1 - DRIFT) - READING_MS)),
    na: Math.ceil(lostTime ? Math.max(na, sentNa) : na),
  };
}

/** `next`: it was the first of its batch without a record, so its turn may have come. */
function unrecorded(
  { incarnation, received }: BatchReceipt,
  delayMs: number,
  next: boolean,
  receipt: Receipt,
): Settled {
  if (incarnation === receipt.incarnation) return { state: 'pending', why: 'it waits in the emitter' };
  if (next && received + delayMs < receipt.started + READING_MS)
    return { state: 'unconfirmed', why: 'the emitter restarted when it may have been its turn' };
  return { state: 'withheld', why: 'the emitter restarted before its turn' };
}

function unlisted(sent: SentBatch, delayMs: number, dated: DatedReceipt): Settled {
  const last = sent.words.at(-1);
  if (sent.words.length > 0 && sent.words.every((word) => refusedWords.has(word)))
    return { state: 'withheld', why: `the emitter did not take it (${last})` };
  if (dated.askedAt < sent.firstSentAt) return { state: 'unknown', why: 'the receipt is older than the batch' };
  if (dated.answeredAt - sent.firstSentAt > REMEMBERED_MS)
    return { state: 'unconfirmed', why: 'the emitter no longer knows of so old a batch' };
  if (sent.incarnation === dated.receipt.incarnation) {
    const taken = sent.words.some((word) => word === 'ok' || word === 'repeat');
    if (taken) return { state: 'unconfirmed', why: 'the emitter took it and has forgotten it' };
    return dated.highestAnswered > sent.batch
      ? { state: 'withheld', why: 'it never came to the emitter, and can no more' }
      : { state: 'unknown', why: 'no answer came, and it may be on its way' };
  }
  if (earliestTurn(sent.firstSentAt, delayMs) > latestStart(dated))
    return { state: 'withheld', why: 'the emitter restarted before it was due' };
  return { state: 'unconfirmed', why: 'the emitter restarted after it was due, and knows nothing of it' };
}

/** The emitter counts the delay on its own clock, from a reading of it that may be 10 ms older than the call. */
function earliestTurn(sentAt: EpochMs, delayMs: number): EpochMs {
  return sentAt - READING_MS + delayMs * (1 - DRIFT);
}

function latestStart({ receipt, answeredAt }: DatedReceipt): EpochMs {
  const age = receipt.now - receipt.started;
  return answeredAt - age + READING_MS + age * DRIFT;
}
