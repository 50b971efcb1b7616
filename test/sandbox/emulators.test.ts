import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import { startKinesisEmulator } from '../../src/sandbox/kinesis-emulator.ts';
import { startS3Emulator } from '../../src/sandbox/s3-emulator.ts';
import { putRecords, recordsIn } from '../fakes/kinesis-stream.ts';
import { openTestBucket } from '../fakes/s3-bucket.ts';

/** Addresses of this machine that others can reach, and the loopback. */
function hosts(): { outside: string[]; loopback: string } {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return {
    outside: addresses.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
    loopback: '127.0.0.1',
  };
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function expectLoopbackOnly(endpoint: string): Promise<void> {
  const port = Number(new URL(endpoint).port);
  const { outside, loopback } = hosts();
  expect(await connects(loopback, port)).toBe(true);
  for (const host of outside) expect(await connects(host, port)).toBe(false);
}

describe('Kinesis emulator', () => {
  test('given streams, when started, then they take records at once, on the loopback only, until it is stopped', async () => {
    const emulator = await startKinesisEmulator({
      streams: [
        { name: 'a', shards: 2 },
        { name: 'b', shards: 1 },
      ],
      log: silentLog,
    });
    await putRecords(emulator.endpoint, 'b', [Buffer.from('hello')]);
    expect((await recordsIn(emulator.endpoint, 'b')).map(String)).toEqual(['hello']);
    await expectLoopbackOnly(emulator.endpoint);
    await emulator.stop();
    await emulator.stop();
    expect(await connects('127.0.0.1', Number(new URL(emulator.endpoint).port))).toBe(false);
  });
  test('given a signal, when aborted while it starts, then it rejects and leaves no process', async () => {
    const abort = new AbortController();
    const starting = startKinesisEmulator({
      streams: [{ name: 'a', shards: 1 }],
      log: silentLog,
      signal: abort.signal,
    });
    abort.abort();
    await expect(starting).rejects.toThrow('ended before it was ready');
    await expect(startKinesisEmulator({ streams: [], log: silentLog, signal: abort.signal })).rejects.toThrow();
  });
  test('given a stream that cannot be, when started, then it rejects with what went wrong instead of waiting', async () => {
    const streams = [{ name: 'a:not-a-number', shards: 1 }];
    await expect(startKinesisEmulator({ streams, log: silentLog })).rejects.toThrow(
      'emulator ended before it was ready',
    );
  });
});

describe('S3 emulator', () => {
  test('given a folder, when started, then its bucket takes objects, on the loopback only, until it is stopped', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'logcanary-s3-'));
    const emulator = await startS3Emulator({ dir, bucket: 'logs' });
    const bucket = openTestBucket(emulator.endpoint, 'logs');
    await bucket.put('a/b.log', Buffer.from('hello'));
    await bucket.remove('a/b.log');
    bucket.close();
    await expectLoopbackOnly(emulator.endpoint);
    await emulator.stop();
    await emulator.stop();
    expect(await connects('127.0.0.1', Number(new URL(emulator.endpoint).port))).toBe(false);
    await rm(dir, { recursive: true });
  });
});
