import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { request } from 'undici';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { decodeRecord } from './agent-record.ts';
import { backoffMs, type Loop, startLoop } from './loop.ts';
import type { Random } from './seeded-random.ts';
import { createStreamReader, type StreamRecord } from './stream-reader.ts';
import { utcParts, utcStamp } from './utc.ts';

export interface ConsumerFaults {
  stopped: boolean;
  drops: boolean;
}

export interface ConsumerOptions {
  readonly client: KinesisClient;
  readonly stream: string;
  /** Of the index, `http://127.0.0.1:<port>`. */
  readonly indexUrl: string;
  readonly faults: Readonly<ConsumerFaults>;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
}

const pollMs = 600;
const dropShare = 0.3;
const bulkTimeoutMs = 5_000;
const mostPerBulk = 500;
const pausedCheckMs = 100;

interface Item {
  readonly id: string;
  readonly index: string;
  readonly document: object;
}

/** Carries the stream into the index; what the index refuses it sends again until it is taken. Drops only by fault. */
export function startConsumer(options: ConsumerOptions): Loop {
  const reader = createStreamReader(options);
  const { faults, clock, log, random } = options;
  const step = async (signal: AbortSignal) => {
    if (faults.stopped) return;
    for (;;) {
      const records = await reader.read(signal);
      if (records.length === 0) return;
      const kept = faults.drops ? records.filter(() => random() >= dropShare) : records;
      const items = kept.flatMap((record) => itemOf(record, clock));
      for (let at = 0; at < items.length; at += mostPerBulk)
        await deliver(items.slice(at, at + mostPerBulk), options, signal);
    }
  };
  return startLoop({ name: 'consumer', clock, log, everyMs: pollMs, step });
}

/** Until every item is in: the records were taken off the stream and are nowhere else. */
async function deliver(items: readonly Item[], options: ConsumerOptions, signal: AbortSignal): Promise<void> {
  let open = items;
  for (let failures = 0; open.length > 0; ) {
    while (options.faults.stopped) await options.clock.sleep(pausedCheckMs, signal);
    const left = await bulk(open, options, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      options.log.debug({ error: messageOf(error) }, 'sandbox: the index took nothing');
      return open;
    });
    failures = left.length < open.length ? 0 : failures + 1;
    open = left;
    if (open.length > 0) await options.clock.sleep(backoffMs(failures), signal);
  }
}

interface BulkAnswer {
  readonly items?: readonly { readonly create?: { readonly status: number } }[];
}

/** Sends once; gives back what was not taken. The id makes a repeated item a 409, never a second document. */
async function bulk(items: readonly Item[], options: ConsumerOptions, signal: AbortSignal): Promise<readonly Item[]> {
  const ingested = utcStamp(options.clock.now());
  const lines = items.flatMap(({ id, index, document }) => [
    JSON.stringify({ create: { _index: index, _id: id } }),
    JSON.stringify({ ...document, event: { ingested } }),
  ]);
  const deadline = options.clock.deadline(bulkTimeoutMs, signal);
  try {
    const { statusCode, body } = await request(`${options.indexUrl}/_bulk`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: `${lines.join('\n')}\n`,
      signal: deadline.signal,
    });
    const text = await body.text();
    if (statusCode !== 200) return items;
    const answer = JSON.parse(text) as BulkAnswer;
    return items.filter((_, at) => !taken(answer.items?.[at]?.create?.status));
  } finally {
    deadline.clear();
  }
}

function taken(status: number | undefined): boolean {
  return status === 409 || (status !== undefined && status >= 200 && status < 300);
}

/** The document that Fluent Bit writes, with the line under `message` as Filebeat names it. */
function itemOf({ shard, sequence, data }: StreamRecord, clock: Clock): Item[] {
  const record = decodeRecord(data);
  if (record === undefined) return [];
  const [year, month, day] = utcParts(clock.now());
  const document = {
    '@timestamp': record['@timestamp'],
    message: record.log,
    stream: record.stream,
    log: { file: { path: record.filename } },
    host: { name: record.node },
  };
  return [{ id: `${shard.slice(-4)}-${sequence}`, index: `logs-${year}.${month}.${day}`, document }];
}
