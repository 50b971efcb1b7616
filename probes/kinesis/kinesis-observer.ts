/** Looks for canaries in a Kinesis stream, so politely that its consumers do not notice. */
import type { KinesisClient, ListShardsCommand, ListShardsCommandOutput, Shard } from '@aws-sdk/client-kinesis';
import {
  type EpochMs,
  type Look,
  type Observer,
  type ProbeContext,
  ProbeError,
  type Question,
} from '../../src/probe.ts';
import { type AwsConfig, awsTarget } from '../aws/aws-config.ts';
import { type Attempt, awsError, badAnswer, refuseWhenAborted } from '../aws/aws-error.ts';
import { type KinesisModule, openKinesis, streamKey } from './kinesis-client.ts';
import { type KinesisCursor, maxShards, type Position, readCursor, writeCursor } from './kinesis-cursor.ts';
import { createShardReader, type LookBudget, type ShardReader, type ShardRun, skewMs } from './shard-reader.ts';

export interface KinesisObserveConfig extends AwsConfig {
  readonly stream: string;
  readonly read: 'follow' | 'on-demand';
  readonly limit: number;
  readonly max_read_bytes: number;
  /**
   * A record becomes readable so long after it was written, at most, ms; about 200 as a rule.
   * https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html
   */
  readonly propagation: number;
}

/**
 * Streams keep records for at least 24 h; one hour is left for the reading.
 * https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html
 */
const readableMs = 23 * 3_600_000;
/** Shards that are read side by side. */
const concurrency = 8;

/** Opens without contacting AWS. */
export async function openKinesisObserver(config: KinesisObserveConfig, { clock }: ProbeContext): Promise<Observer> {
  const { kinesis, client } = await openKinesis(config);
  const reader = createShardReader({ kinesis, client, clock, stream: config.stream, limit: config.limit });
  const of = streamKey(config);
  let turn = 0;

  return {
    mode: config.read === 'follow' ? 'poll' : 'on-demand',
    finds: 'unique',
    async observe(question, { signal }) {
      const attempt = attemptAt(config, signal);
      refuseWhenAborted(attempt);
      const cursor = cursorFor(question, readCursor(question.cursor, of), config.read);
      const shards = await listShards(kinesis, client, config.stream, cursor.start, attempt);
      const standing = standingOf(shards, cursor, question.asOf);
      const open = [...standing.shards].filter(([, position]) => position !== 'drained');
      const budget = { left: config.max_read_bytes, asOf: question.asOf, restart: standing.start, attempt };
      const runs = await readAll(reader, rotate(open, turn), budget);
      // when a look cannot get round, the next begins elsewhere, or the last shards would never be read
      if (budget.left <= 0) turn += concurrency;
      return lookOf(runs, standing, question, of, signal, config.propagation);
    },
    close: async () => client.destroy(),
  };
}

function attemptAt(config: KinesisObserveConfig, signal: AbortSignal): Attempt {
  const needs = 'kinesis:ListShards, kinesis:GetShardIterator and kinesis:GetRecords (and kms:Decrypt)';
  return { what: `read Kinesis stream "${config.stream}"`, target: awsTarget('kinesis', config), needs, signal };
}

/**
 * Where this look goes on from. Anew, when there is no cursor, when what it points at may be trimmed by now or is still to come, or when an
 * on-demand reader was last here before anything that is asked about now could arrive.
 */
function cursorFor(question: Question, stored: KinesisCursor | undefined, read: 'follow' | 'on-demand'): KinesisCursor {
  const from = question.since - skewMs;
  const oldest = question.asOf - readableMs;
  // T never goes back, so a cursor of ours is never ahead of the question: what it claims was not read
  const ahead = (cursor: KinesisCursor) =>
    Math.max(cursor.start, cursor.at) > question.asOf ||
    [...cursor.shards.values()].some(
      (position) => typeof position === 'object' && 'time' in position && !(position.time <= question.asOf),
    );
  const stale =
    stored === undefined || ahead(stored) || stored.at < oldest || (read === 'on-demand' && stored.at + skewMs < from);
  return stale ? { start: Math.max(0, oldest, from), at: question.asOf, shards: new Map() } : stored;
}

/** Parents before their children: their numbers are lower. */
async function listShards(
  kinesis: KinesisModule,
  client: KinesisClient,
  stream: string,
  from: EpochMs,
  attempt: Attempt,
): Promise<Shard[]> {
  const shards: Shard[] = [];
  const first = { StreamName: stream, ShardFilter: { Type: 'FROM_TIMESTAMP', Timestamp: new Date(from) } } as const;
  let token: string | undefined;
  do {
    const command: ListShardsCommand = new kinesis.ListShardsCommand(
      token === undefined ? first : { NextToken: token },
    );
    const answer: ListShardsCommandOutput = await client
      .send(command, { abortSignal: attempt.signal })
      .catch((error) => {
        throw awsError(attempt, error);
      });
    if (!Array.isArray(answer.Shards)) throw badAnswer(attempt, 'Shards');
    shards.push(...answer.Shards);
    if (shards.length > maxShards) throw tooManyShards(attempt);
    token = answer.NextToken;
  } while (token !== undefined);
  if (shards.length === 0) throw badAnswer(attempt, 'any shard');
  return shards.sort((a, b) => ((a.ShardId ?? '') < (b.ShardId ?? '') ? -1 : 1));
}

function tooManyShards({ what, target }: Attempt): ProbeError {
  const message = `Cannot ${what} on ${target}: it has more than ${maxShards} shards, closed ones included. Drop this hop and watch kinesis-iterator-age instead.`;
  return new ProbeError(message, { reason: 'unsupported' });
}

/** The cursor over the shards there are now: new ones from its start on, those that are gone left out. */
function standingOf(shards: readonly Shard[], cursor: KinesisCursor, asOf: EpochMs): KinesisCursor {
  const positions = new Map<string, Position>();
  for (const { ShardId } of shards) {
    if (ShardId !== undefined) positions.set(ShardId, cursor.shards.get(ShardId) ?? { time: cursor.start });
  }
  const trimmedUnread = [...cursor.shards].some(([id, position]) => position !== 'drained' && !positions.has(id));
  // what we never read of a shard that is gone was older than the shortest retention
  const start = trimmedUnread ? Math.max(cursor.start, asOf - readableMs) : cursor.start;
  return { start, at: cursor.at, shards: positions };
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const cut = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(cut), ...list.slice(0, cut)];
}

async function readAll(
  reader: ShardReader,
  open: readonly [string, Position][],
  budget: LookBudget,
): Promise<Map<string, ShardRun>> {
  const runs = new Map<string, ShardRun>();
  const queue = open.values();
  const work = async () => {
    for (const [shard, position] of queue) runs.set(shard, await reader.read(shard, position, budget));
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return runs;
}

/** @throws the error of the first shard when no shard could be read at all, or when we are shutting down */
function lookOf(
  runs: Map<string, ShardRun>,
  standing: KinesisCursor,
  question: Question,
  of: string,
  signal: AbortSignal,
  propagationMs: number,
): Look {
  const all = [...runs.values()];
  const why = all.find((run) => run.reached === 'short' && run.why)?.why ?? all.find((run) => run.why)?.why;
  const nothingRead = all.length > 0 && all.every((run) => run.reached === 'short' && run.bytes === 0);
  if (why !== undefined && (nothingRead || (signal.aborted && why.reason === 'aborted'))) throw why;
  const shards = new Map(standing.shards);
  for (const [shard, run] of runs) shards.set(shard, run.position);
  return {
    coverage: why === undefined ? 'complete' : 'partial',
    finds: all.flatMap((run) => run.finds),
    asOf: question.asOf - propagationMs,
    since: standing.start + skewMs,
    cursor: writeCursor({ start: standing.start, at: question.asOf, shards }, of),
    bytes: all.reduce((sum, run) => sum + run.bytes, 0),
    ...(why && { why }),
  };
}
