/** What an emitter answers: `deploy/kubernetes/PROTOCOL.md`, "The answer". Read strictly: a receipt is a proof. */

const words = ['ok', 'repeat', 'closed', 'restarted', 'full', 'malformed', 'refused', 'broken'] as const;
export type Word = (typeof words)[number];

/** What became of one line. Times are readings of the emitter's clock, ms, up to 10 ms too small. */
export type LineRecord =
  | { readonly what: 'emitted'; readonly nb: number; readonly took: number }
  | { readonly what: 'dropped'; readonly at: number };

export interface BatchReceipt {
  readonly batch: number;
  /** The incarnation that took it. */
  readonly incarnation: string;
  /** Reading at which its header had been read. */
  readonly received: number;
  /** Lines in it. */
  readonly count: number;
  /** By index. */
  readonly records: ReadonlyMap<number, LineRecord>;
}

export interface Receipt {
  /** The one that answers. */
  readonly incarnation: string;
  /** Readings: of its start, and of the answer. */
  readonly started: number;
  readonly now: number;
  /** What waits in the queue, of all instances. */
  readonly queuedLines: number;
  readonly queuedBytes: number;
  readonly batches: ReadonlyMap<number, BatchReceipt>;
  /** False when the answer was cut: then only what it holds is proven, and no absence is. */
  readonly whole: boolean;
}

export interface Answer {
  readonly word: Word;
  /** With `malformed`: which part. */
  readonly fault?: string;
  /** Absent with `refused` and `broken`. */
  readonly receipt?: Receipt;
}

/** Undefined for anything that is not an emitter's answer, or not even its whole first line. */
export function readAnswer(text: string): Answer | undefined {
  // what has no line feed behind it was cut
  const lines = text.split('\n').slice(0, -1);
  const bare = /^lcne1 (refused|broken) *$/.exec(lines[0] ?? '');
  if (bare !== null) return { word: bare[1] as Word };
  const head = /^lcne1 ([a-z]+) ([0-9a-f]{16}) (\d{1,15}) (\d{1,15}) (\d{1,9}) (\d{1,9})(?: ([a-z]+))? *$/.exec(
    lines[0] ?? '',
  );
  const word = words.find((known) => known === head?.[1]);
  if (head === null || word === undefined) return undefined;
  const [, , incarnation = '', started, now, queuedLines, queuedBytes, fault] = head;
  const body = readBatches(lines.slice(1));
  if (body === undefined) return undefined;
  const receipt = {
    ...{ incarnation, started: Number(started), now: Number(now) },
    ...{ queuedLines: Number(queuedLines), queuedBytes: Number(queuedBytes), ...body },
  };
  if (receipt.started > receipt.now) return undefined;
  return { word, receipt, ...(fault === undefined ? {} : { fault }) };
}

interface OpenBatch extends BatchReceipt {
  readonly records: Map<number, LineRecord>;
}

/** Undefined where one line is none of the protocol's, or says what cannot be. */
function readBatches(lines: readonly string[]): Pick<Receipt, 'batches' | 'whole'> | undefined {
  const batches = new Map<number, OpenBatch>();
  let current: OpenBatch | undefined;
  for (const [index, line] of lines.entries()) {
    if (/^end *$/.test(line))
      return lines.slice(index + 1).every((rest) => rest === '') ? { batches, whole: true } : undefined;
    const batch = readBatch(line);
    if (batch !== undefined) {
      if (batches.has(batch.batch)) return undefined;
      batches.set(batch.batch, batch);
      current = batch;
    } else if (current === undefined || !takeRecord(current, line)) return undefined;
  }
  return { batches, whole: false };
}

function readBatch(line: string): OpenBatch | undefined {
  const [, batch, incarnation, received, count] =
    /^batch (\d{1,10}) ([0-9a-f]{16}) (\d{1,15}) (\d{1,4}) *$/.exec(line) ?? [];
  if (batch === undefined || incarnation === undefined) return undefined;
  return { batch: Number(batch), incarnation, received: Number(received), count: Number(count), records: new Map() };
}

/** False for what is no record, or the second one of a line, or one of a line that the batch does not have. */
function takeRecord({ records, count }: OpenBatch, line: string): boolean {
  const [, kind, index, at, took] = /^([ed]) (\d{1,4}) (\d{1,15}) (\d{1,9}) *$/.exec(line) ?? [];
  if (kind === undefined || Number(index) >= count || records.has(Number(index))) return false;
  const record = { nb: Number(at), took: Number(took) };
  records.set(Number(index), kind === 'e' ? { what: 'emitted', ...record } : { what: 'dropped', at: record.nb });
  return true;
}
