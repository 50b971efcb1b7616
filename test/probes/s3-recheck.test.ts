/** What is peculiar to asking an archive again: it must be read, within a budget. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firehoseLayout, prefixesFor } from '../../probes/s3/key-layout.ts';
import s3 from '../../probes/s3.ts';
import type { Look, RecheckQuestion } from '../../src/probe.ts';
import { type S3Emulator, startS3Emulator } from '../../src/sandbox/s3-emulator.ts';
import { context } from '../contract/bench.ts';
import { askAgain, deliveredOf, expectSoundLook, tokensOf } from '../contract/look.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { type CanaryLine, canaryLines } from '../fakes/canary-lines.ts';
import { openTestBucket, type TestBucket } from '../fakes/s3-bucket.ts';

let dir: string;
let emulator: S3Emulator;
let bucket: TestBucket;
let tests = 0;
let prefix = '';
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'logcanary-s3-'));
  emulator = await startS3Emulator({ dir, bucket: 'logs' });
  bucket = openTestBucket(emulator.endpoint, 'logs');
});
afterAll(async () => {
  bucket.close();
  await emulator.stop();
  await rm(dir, { recursive: true });
});

/** Under a prefix of its own for each test; nothing is too late to be seen. */
async function again(
  lines: readonly CanaryLine[],
  more: Partial<RecheckQuestion> = {},
  maxBytes = 4096,
): Promise<Look> {
  const config = { bucket: 'logs', region: 'us-east-1', endpoint: emulator.endpoint, prefix, max_read_bytes: maxBytes };
  const observer = await s3.observe?.open(s3.observe.config.parse(config), context);
  if (observer?.recheck === undefined) throw new Error('it cannot be asked again');
  const { recheck } = observer;
  const look = await askAgain(
    { ...recheck, look: (asked, options) => recheck.look({ ...asked, ...more }, options) },
    lines,
  );
  await observer.close();
  expectSoundLook(look);
  return look;
}

async function put(key: string, lines: readonly CanaryLine[], filler = 0): Promise<void> {
  await bucket.put(`${prefix}${key}`, Buffer.from(lines.map(({ text }) => text).join('') + ' x'.repeat(filler / 2)));
}

function begin(): void {
  tests += 1;
  prefix = `recheck-${tests}/`;
}

test('given more objects than the budget is for, when all canaries lie in the first, then the others are not read', async () => {
  begin();
  const lines = canaryLines(2);
  await put('1.log', lines, 1000);
  for (const key of ['2.log', '3.log', '4.log', '5.log']) await put(key, [], 2000);
  const look = await again(lines);
  expect(look.coverage).toBe('complete');
  expect(look.bytes).toBeLessThan(2500);
  expect(deliveredOf(look, lines)).toEqual(tokensOf(lines));
});

test('given more objects than the budget is for, when one canary is in none of those read, then the look is partial: it may be in the rest', async () => {
  begin();
  const [lines, gone] = [canaryLines(1), canaryLines(1)];
  await put('1.log', lines, 1000);
  for (const key of ['2.log', '3.log', '4.log']) await put(key, [], 2000);
  const look = await again([...lines, ...gone]);
  expect(look.coverage).toBe('partial');
  expectProbeError(look.why, ['partial']);
  expect(deliveredOf(look, lines)).toEqual(tokensOf(lines));
});

test('given an object that cannot be read, when a canary is in no other, then the look is partial', async () => {
  begin();
  const [lines, gone] = [canaryLines(1), canaryLines(1)];
  await put('huge.log', [], 9000);
  await put('small.log', lines);
  expectProbeError((await again([...lines, ...gone])).why, ['too_large']);
  expect((await again(lines)).coverage).toBe('complete');
});

test("given an archive in Firehose's layout, when asked again an hour later, then the hours from then until all had been seen are read", async () => {
  const hour = 3_600_000;
  const now = context.clock.now();
  for (const ago of [hour, 0]) {
    begin();
    const lines = canaryLines(1);
    const [folder = ''] = prefixesFor('', firehoseLayout, now - ago, now - ago);
    await put(`${folder}logs-1`, lines);
    const look = await again(lines, { since: now - hour, seenBy: now });
    expect(deliveredOf(look, lines)).toEqual(tokensOf(lines));
  }
});

test('given an object from after all of them had been seen, when asked again, then it is not read', async () => {
  begin();
  const gone = canaryLines(1);
  await put('late.log', gone);
  const hour = 3_600_000;
  const now = context.clock.now();
  const look = await again(gone, { since: now - 2 * hour, seenBy: now - hour });
  expect([look.coverage, look.bytes, look.finds]).toEqual(['complete', 0, []]);
});
