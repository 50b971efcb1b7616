/** A sandbox with eyes at every place, so that a test can follow lines through it without logcanary. */
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { request } from 'undici';
import { vi } from 'vitest';
import { parse } from 'yaml';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { decodeRecord, encodeRecord } from '../../src/sandbox/agent-record.ts';
import { emulatorCredentials } from '../../src/sandbox/s3-emulator.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { createStreamReader } from '../../src/sandbox/stream-reader.ts';

export interface Place {
  /** Every line there, in order, with its repetitions. Rejects when the place does not answer. */
  lines(): Promise<string[]>;
}

export interface SandboxView {
  readonly dir: string;
  readonly sandbox: Sandbox;
  readonly stream: Place;
  readonly index: Place;
  readonly archive: Place;
  readonly hook: Place & { authorization(): readonly string[] };
  /** For calls of the test's own. */
  readonly kinesis: KinesisClient;
  readonly indexUrl: string;
  /** Writes lines shaped like canaries into a node's log; gives them back. */
  write(node: string, count?: number): string[];
  /** Resolves when the line is there, within 8 s; a line from an agent may have been cut. */
  arrives(place: Place, ...lines: readonly string[]): Promise<void>;
  /** Which of the lines are there now. */
  among(place: Place, lines: readonly string[]): Promise<string[]>;
  /** Puts a line straight into the stream and waits until it is found in the index: long enough for every agent to act. */
  aWhile(): Promise<void>;
  close(): Promise<void>;
}

/** Not signed: only the form matters to the sandbox. */
export function canaryLine(node: string): string {
  const letters = Array.from({ length: 47 }, () => 'abcdefghijklmnopqrstuvwxyz234567'[randomInt(32)]);
  return `logcanary lcn1${letters.join('')}0 sandbox/${node} #7 ${'velo mira tosa kelu '.repeat(6)}end`;
}

export async function openSandboxView(options: Partial<SandboxOptions> = {}): Promise<SandboxView> {
  const clock = createClock();
  const dir = options.dir ?? mkdtempSync(path.join(tmpdir(), 'logcanary-sandbox-'));
  const hook = await startHook();
  const sandbox = await startSandbox({ dir, clock, log: silentLog, runListen: hook.address, ...options });
  const [stream, index, archive] = parse(sandbox.configText).pipelines[0].hops;
  const kinesis = new KinesisClient({
    region: stream.kinesis.region,
    endpoint: stream.kinesis.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
  });
  const reader = createStreamReader({ client: kinesis, stream: stream.kinesis.stream, clock });
  const read: string[] = [];
  const signal = new AbortController().signal;
  const view: Omit<SandboxView, 'arrives' | 'among' | 'aWhile'> = {
    dir,
    sandbox,
    kinesis,
    indexUrl: index.elasticsearch.url,
    hook,
    stream: {
      async lines() {
        for (const { data } of await reader.read(signal)) read.push(decodeRecord(data)?.log ?? '');
        return read;
      },
    },
    index: { lines: () => indexed(index.elasticsearch.url) },
    archive: { lines: () => archived(archive.s3) },
    write(node, count = 1) {
      const lines = Array.from({ length: count }, () => canaryLine(node));
      appendFileSync(path.join(dir, node, 'app.log'), lines.map((line) => `${line}\n`).join(''));
      return lines;
    },
    async close() {
      await sandbox.stop();
      kinesis.destroy();
      hook.stop();
      if (options.dir === undefined) rmSync(dir, { recursive: true });
    },
  };
  const among = async (place: Place, lines: readonly string[]) => {
    const there = new Set(await place.lines());
    return lines.filter((line) => there.has(line));
  };
  const arrives = async (place: Place, ...lines: readonly string[]) => {
    await vi.waitFor(
      async () => {
        const found = await among(place, lines);
        if (found.length < lines.length) throw new Error(`${found.length} of ${lines.length} lines arrived`);
      },
      { timeout: 8_000, interval: 100 },
    );
  };
  const aWhile = async () => {
    const text = `marker ${randomUUID()}`;
    const Data = Buffer.from(encodeRecord({ text, node: 'test', file: 'none', at: clock.now() }));
    const Records = [{ Data, PartitionKey: text }];
    await kinesis.send(new PutRecordsCommand({ StreamName: stream.kinesis.stream, Records }));
    await arrives(view.index, text);
  };
  return { ...view, among, arrives, aWhile };
}

async function startHook() {
  const lines: string[] = [];
  const authorization: string[] = [];
  const server = http.createServer(async (incoming, response) => {
    const parts = await incoming.toArray();
    const body = JSON.parse(Buffer.concat(parts).toString());
    authorization.push(`${incoming.method} ${incoming.url} ${incoming.headers.authorization}`);
    lines.push(body.matches[0].message);
    response.writeHead(204).end();
  });
  await once(server.listen({ host: '127.0.0.1', port: 0 }), 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    lines: async () => lines,
    authorization: () => authorization,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function indexed(url: string): Promise<string[]> {
  const body = JSON.stringify({ size: 10_000, query: { match_all: {} } });
  const headers = { 'content-type': 'application/json' };
  const answer = await request(`${url}/logs-*/_search`, { method: 'POST', headers, body });
  const { hits } = (await answer.body.json()) as { hits: { hits: { _source: { message: string } }[] } };
  return hits.hits.map(({ _source }) => _source.message);
}

async function archived(at: { endpoint: string; bucket: string; prefix: string }): Promise<string[]> {
  const s3 = new S3Client({
    endpoint: at.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: emulatorCredentials,
  });
  try {
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: at.bucket, Prefix: at.prefix }));
    const lines: string[] = [];
    for (const { Key } of Contents ?? []) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: at.bucket, Key }));
      const text = gunzipSync((await Body?.transformToByteArray()) ?? '').toString();
      for (const line of text.trimEnd().split('\n')) lines.push(JSON.parse(line).log);
    }
    return lines;
  } finally {
    s3.destroy();
  }
}
