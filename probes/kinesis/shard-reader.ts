/** Reads one shard: from a position to the tip, bounded, at most once a second. */
import type { GetRecordsCommandOutput, KinesisClient } from '@aws-sdk/client-kinesis';
import { type Clock, type EpochMs, type Find, ProbeError, scanRecord } from '../../src/probe.ts';
import { type Attempt, awsError, badAnswer } from '../aws/aws-error.ts';
import type { KinesisModule } from './kinesis-client.ts';
import { type Position, writePosition } from './kinesis-cursor.ts';

/** A shard allows 5 reads a second to all its readers together. https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
const paceMs = 1_000;
/** A bound for one look, whatever its deadline: a minute's worth of calls. */
const maxCalls = 60;
/** How far a record's arrival stamp may lie before the moment a reader at the tip did not see it. */
export const skewMs = 60_000;

/** What is shared by all shards of one look. */
export interface LookBudget {
  /** Bytes of payload that may still be read. */
  left: number;
  readonly asOf: EpochMs;
  /** Where to begin in a shard that does not know the position any more. */
  readonly restart: EpochMs;
  readonly attempt: Attempt;
}

export interface ShardRun {
  /** `end`: at the tip, or a closed shard drained. `short`: not that far; `why` says why. */
  readonly reached: 'end' | 'short';
  readonly position: Position;
  readonly finds: readonly Find[];
  readonly bytes: number;
  readonly why?: ProbeError;
}

export interface ShardReaderOptions {
  readonly kinesis: KinesisModule;
  readonly client: KinesisClient;
  readonly clock: Clock;
  readonly stream: string;
  /** Records of one call. */
  readonly limit: number;
}

export interface ShardReader {
  /** Never throws: what went wrong is in the run, with what was read before. */
  read(shard: string, from: Position, budget: LookBudget): Promise<ShardRun>;
}

interface Held {
  readonly position: string;
  readonly iterator: string;
}

export function createShardReader(options: ShardReaderOptions): ShardReader {
  const { kinesis, client, clock, stream, limit } = options;
  /** Iterators in hand (they live 5 minutes), each good only for the position it belongs to. */
  const held = new Map<string, Held>();
  const calledAt = new Map<string, number>();

  async function iteratorAt(shard: string, position: Position, { restart, attempt }: LookBudget): Promise<string> {
    const known = held.get(shard);
    if (known?.position === writePosition(position)) return known.iterator;
    try {
      return await newIterator(shard, position, attempt.signal);
    } catch (error) {
      // The stream was deleted and made again under its name, or the record was trimmed: all there is comes later.
      if (!isNamed(error, 'InvalidArgumentException') || position === 'drained' || 'time' in position) throw error;
      return newIterator(shard, { time: restart }, attempt.signal);
    }
  }

  async function newIterator(shard: string, position: Position, signal: AbortSignal): Promise<string> {
    const command = new kinesis.GetShardIteratorCommand({ StreamName: stream, ShardId: shard, ...startAt(position) });
    const { ShardIterator } = await client.send(command, { abortSignal: signal });
    if (typeof ShardIterator !== 'string') throw new MissingPart('a shard iterator');
    return ShardIterator;
  }

  async function call(shard: string, position: Position, budget: LookBudget): Promise<GetRecordsCommandOutput> {
    const { signal } = budget.attempt;
    const wait = (calledAt.get(shard) ?? Number.NEGATIVE_INFINITY) + paceMs - clock.monotonicMs();
    if (wait > 0) await clock.sleep(wait, signal);
    const ShardIterator = await iteratorAt(shard, position, budget);
    held.delete(shard);
    calledAt.set(shard, clock.monotonicMs());
    const answer = await client.send(new kinesis.GetRecordsCommand({ ShardIterator, Limit: limit }), {
      abortSignal: signal,
    });
    if (!Array.isArray(answer.Records)) throw new MissingPart('Records');
    if (typeof answer.MillisBehindLatest !== 'number') throw new MissingPart('MillisBehindLatest');
    return answer;
  }

  return {
    async read(shard, from, budget) {
      const finds: Find[] = [];
      let [position, bytes, why] = [from, 0, undefined as ProbeError | undefined];
      try {
        for (let calls = 0; calls < maxCalls; calls++) {
          if (budget.left <= 0)
            return {
              reached: 'short',
              position,
              finds,
              bytes,
              why: unfinished(budget.attempt, 'max_read_bytes is spent'),
            };
          const answer = await call(shard, position, budget).catch((error) => {
            // the iterator in hand was too old, and is forgotten now
            if (isNamed(error, 'ExpiredIteratorException')) return call(shard, position, budget);
            throw error;
          });
          const taken = take(answer, finds);
          bytes += taken.bytes;
          budget.left -= taken.bytes;
          why ??= taken.why === undefined ? undefined : unreadable(budget.attempt, taken.why);
          position = positionAfter(answer, position, budget.asOf);
          if (position === 'drained') return { reached: 'end', position, finds, bytes, ...(why && { why }) };
          held.set(shard, { position: writePosition(position), iterator: answer.NextShardIterator ?? '' });
          if (isAtTip(answer, limit)) return { reached: 'end', position, finds, bytes, ...(why && { why }) };
        }
        return {
          reached: 'short',
          position,
          finds,
          bytes,
          why: unfinished(budget.attempt, `${maxCalls} reads of a shard did not reach its end`),
        };
      } catch (error) {
        const failure =
          error instanceof MissingPart ? badAnswer(budget.attempt, error.message) : awsError(budget.attempt, error);
        return { reached: 'short', position, finds, bytes, why: failure };
      }
    },
  };
}

class MissingPart extends Error {}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

function startAt(position: Position) {
  if (position === 'drained') throw new Error('a drained shard is not read again');
  if ('after' in position) {
    return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: position.after } as const;
  }
  return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(position.time) } as const;
}

/** A full answer is not trusted to be the last: emulators count milliseconds, and a batch arrives within one. */
function isAtTip(answer: GetRecordsCommandOutput, limit: number): boolean {
  return answer.MillisBehindLatest === 0 && (answer.Records?.length ?? 0) < limit;
}

/** Adds what the records hold to `finds`. */
function take(answer: GetRecordsCommandOutput, finds: Find[]) {
  let bytes = 0;
  let why: ReturnType<typeof scanRecord>['why'];
  for (const { Data } of answer.Records ?? []) {
    if (Data === undefined) continue;
    bytes += Data.length;
    const result = scanRecord(Data);
    finds.push(...result.finds);
    why ??= result.why;
  }
  return { bytes, why };
}

/** An empty shard at its tip need not be read again from where we began, but from just before now: arrival stamps waver. */
function positionAfter(answer: GetRecordsCommandOutput, before: Position, asOf: EpochMs): Position {
  if (!answer.NextShardIterator) return 'drained';
  const last = answer.Records?.at(-1)?.SequenceNumber;
  if (last !== undefined) return { after: last };
  const atTip = answer.MillisBehindLatest === 0;
  return atTip && typeof before === 'object' && 'time' in before
    ? { time: Math.max(before.time, asOf - skewMs) }
    : before;
}

function unfinished({ what, target }: Attempt, how: string): ProbeError {
  const change = 'It goes on in the next look; raise max_read_bytes and limit if it never ends.';
  return new ProbeError(`Cannot finish to ${what} on ${target} in one look: ${how}. ${change}`, {
    reason: 'partial',
    retryable: true,
  });
}

const unreadableReasons = { 'too-many': 'too_large', 'too-large': 'too_large', undecodable: 'unsupported' } as const;

function unreadable({ what }: Attempt, why: keyof typeof unreadableReasons): ProbeError {
  const message = `Cannot ${what} fully: a record's content is ${why}. Use gzip, zlib, zstd or no compression for records.`;
  return new ProbeError(message, { reason: unreadableReasons[why] });
}
