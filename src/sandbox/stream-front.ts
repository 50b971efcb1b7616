/**
 * The only door to the sandbox's stream, for agents, readers and logcanary alike. Here the stream is throttled and taken
 * down as seen from outside, while the emulator behind it keeps what it holds.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import type { Clock } from '../lib/clock.ts';
import { closeServer } from './close-server.ts';

export interface StreamFrontOptions {
  /** The emulator's own endpoint. */
  readonly upstream: string;
  readonly clock: Clock;
  /** How old, in ms from its first attempt, a record must be to get in while throttled. */
  readonly throttleMs: number;
}

export interface StreamFront {
  /** Stays the same over `down`. */
  readonly endpoint: string;
  /** PutRecords answers per record as a shard over its limit does. Reads are not touched. */
  throttled(on: boolean): void;
  /** Refuses connections, for everybody. What was already being answered is answered. */
  down(on: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** PutRecords takes up to 10 MiB (facts: Kinesis limits), half as much again in base64. */
const mostBodyBytes = 16 * 1024 * 1024;
/** First attempts remembered; far more than the agents can hold back. */
const mostAttempts = 100_000;

interface PutRequest {
  readonly StreamName?: string;
  readonly Records: readonly { readonly Data: string }[];
}
interface PutAnswer {
  readonly Records: readonly object[];
  readonly FailedRecordCount: number;
}
interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer | string;
}

export async function startStreamFront(options: StreamFrontOptions): Promise<StreamFront> {
  const upstream = new Pool(options.upstream, { connections: 16 });
  const gate = createGate(options);
  let isDown = false;
  const server = http.createServer((request, response) => {
    if (isDown) return void request.socket.destroy();
    answer(request, upstream, gate)
      .catch(() => ({ status: 503, headers: jsonHeaders, body: '{"__type":"ServiceUnavailableException"}' }))
      .then(({ status, headers, body }) => {
        // An answer after `down` is the connection's last one.
        if (isDown) response.setHeader('connection', 'close');
        response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
      });
  });
  const listen = async (port: number) => {
    server.listen({ host: '127.0.0.1', port });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    throttled: gate.throttle,
    async down(on) {
      if (on === isDown) return;
      isDown = on;
      if (!on) await listen(port);
      // Closes idle connections too; busy ones get their answer, so that no client is left in doubt about a put.
      else server.close();
    },
    async stop() {
      isDown = true;
      await closeServer(server);
      await upstream.destroy();
    },
  };
}

const jsonHeaders = { 'content-type': 'application/x-amz-json-1.1' };

async function answer(request: http.IncomingMessage, upstream: Pool, gate: Gate): Promise<Answer> {
  const body = await bodyOf(request);
  const target = String(request.headers['x-amz-target'] ?? '');
  if (target.endsWith('.GetShardIterator')) return strangeSequence(await forward(request, body, upstream), body);
  if (gate.open || !target.endsWith('.PutRecords')) return forward(request, body, upstream);
  const put: PutRequest = JSON.parse(body.toString('utf8'));
  const refused = put.Records.map(({ Data }) => !gate.admits(Data));
  const admitted = put.Records.filter((_, at) => !refused[at]);
  if (admitted.length === 0) return merged(put, refused, { FailedRecordCount: 0, Records: [] });
  const reply = await forward(request, JSON.stringify({ ...put, Records: admitted }), upstream);
  if (reply.status !== 200) return reply;
  admitted.forEach(({ Data }) => void gate.admitted(Data));
  return merged(put, refused, JSON.parse(reply.body.toString()));
}

async function bodyOf(request: http.IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostBodyBytes) throw new Error(`a request of more than ${mostBodyBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/**
 * The emulator says of a sequence number it never gave (its streams are new at every start) that it cannot find the
 * stream's record; AWS says `InvalidArgumentException`, and so do we.
 */
function strangeSequence(reply: Answer, body: Buffer): Answer {
  if (reply.status !== 400 || !reply.body.toString().includes('Unable to find record with provided SequenceNumber')) {
    return reply;
  }
  const asked: Record<string, string> = JSON.parse(body.toString('utf8'));
  const message =
    `StartingSequenceNumber ${asked.StartingSequenceNumber} used in GetShardIterator on shard ${asked.ShardId} ` +
    `in stream ${asked.StreamName} is invalid because it did not come from this stream.`;
  return { status: 400, headers: jsonHeaders, body: JSON.stringify({ __type: 'InvalidArgumentException', message }) };
}

/** Connection-level headers belong to one connection each; the length is set anew. */
const notForwarded = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect', 'host']);

async function forward(request: http.IncomingMessage, body: Buffer | string, upstream: Pool): Promise<Answer> {
  const reply = await upstream.request({
    method: request.method === 'POST' ? 'POST' : 'GET',
    path: request.url ?? '/',
    headers: kept(request.headers),
    body: request.method === 'POST' ? body : null,
  });
  const bytes = Buffer.from(await reply.body.arrayBuffer());
  return { status: reply.statusCode, headers: kept(reply.headers), body: bytes };
}

function kept(headers: http.IncomingHttpHeaders): Record<string, string> {
  const pairs = Object.entries(headers).filter(([name, value]) => value !== undefined && !notForwarded.has(name));
  return Object.fromEntries(pairs.map(([name, value]) => [name, String(value)]));
}

/** The stream's answer with the refused records in their places, worded as AWS does. */
function merged(put: PutRequest, refused: readonly boolean[], taken: PutAnswer): Answer {
  const results = [...taken.Records];
  const stream = put.StreamName ?? 'sandbox';
  const refusal = {
    ErrorCode: 'ProvisionedThroughputExceededException',
    ErrorMessage: `Rate exceeded for shard shardId-000000000000 in stream ${stream} under account 000000000000.`,
  };
  const Records = refused.map((no) => (no ? refusal : results.shift()));
  const FailedRecordCount = taken.FailedRecordCount + refused.filter(Boolean).length;
  return {
    status: 200,
    headers: jsonHeaders,
    body: JSON.stringify({ EncryptionType: 'NONE', FailedRecordCount, Records }),
  };
}

interface Gate {
  /** Nothing is refused. */
  readonly open: boolean;
  throttle(on: boolean): void;
  /** Whether the record is old enough by now; remembers its first attempt. */
  admits(data: string): boolean;
  admitted(data: string): void;
}

function createGate({ clock, throttleMs }: StreamFrontOptions): Gate {
  const firstAttempts = new Map<string, number>();
  let open = true;
  return {
    get open() {
      return open;
    },
    throttle(on) {
      open = !on;
      firstAttempts.clear();
    },
    admits(data) {
      const key = digest(data);
      const first = firstAttempts.get(key) ?? clock.monotonicMs();
      if (firstAttempts.size < mostAttempts) firstAttempts.set(key, first);
      return clock.monotonicMs() - first >= throttleMs;
    },
    admitted(data) {
      firstAttempts.delete(digest(data));
    },
  };
}

const digest = (data: string) => createHash('sha1').update(data).digest('base64');
