import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tailFile } from '../../src/sandbox/file-tail.ts';
import { createNarrowBuffer } from '../../src/sandbox/narrow-buffer.ts';
import { openNodeFolder } from '../../src/sandbox/node-folder.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'logcanary-agent-'));
});
afterEach(() => rmSync(dir, { recursive: true }));
const file = () => path.join(dir, 'app.log');

test('given a line that is still being written, when the file is read, then the line comes once it is whole', async () => {
  const tail = tailFile(file(), 'start');
  expect(await tail.read()).toEqual([]);
  writeFileSync(file(), 'one\ntw');
  expect(await tail.read()).toEqual(['one']);
  appendFileSync(file(), 'o\n\n');
  expect(await tail.read()).toEqual(['two', '']);
  await tail.close();
});

test('given a file that was truncated, when it is read, then it is read from its start', async () => {
  writeFileSync(file(), 'a long line\n');
  const tail = tailFile(file(), 'start');
  await tail.read();
  truncateSync(file());
  appendFileSync(file(), 'new\n');
  expect(await tail.read()).toEqual(['new']);
  await tail.close();
});

test('given a file that was renamed, when a new one has its name, then the rest of the old one comes first', async () => {
  writeFileSync(file(), 'one\n');
  const tail = tailFile(file(), 'start');
  await tail.read();
  appendFileSync(file(), 'two\n');
  renameSync(file(), `${file()}.1`);
  writeFileSync(file(), 'three\n');
  expect([await tail.read(), await tail.read()]).toEqual([['two'], ['three']]);
  await tail.close();
});

test('given a position in a file, when another tail begins there, then it goes on behind it', async () => {
  writeFileSync(file(), 'one\ntwo\n');
  const first = tailFile(file(), 'start');
  await first.read();
  const position = first.position() ?? 'start';
  await first.close();
  appendFileSync(file(), 'three\n');
  const second = tailFile(file(), position);
  expect(await second.read()).toEqual(['three']);
  await second.close();
});

test('given a full buffer, when a canary a second and some chatter come, then about a third is dropped and the rest waits at most 2.5 s', () => {
  const random = seededRandom(7);
  const buffer = createNarrowBuffer<number>(1_250);
  const [waits, counts] = [[] as number[], { offered: 0, dropped: 0 }];
  const offer = (nowMs: number) => {
    counts.offered += 1;
    if (!buffer.offer(nowMs)) counts.dropped += 1;
  };
  for (let nowMs = 0; nowMs < 600_000; nowMs += 50) {
    if (nowMs % 1_000 === 0) offer(nowMs);
    if (random() < 0.25 / 20) offer(nowMs);
    for (const sinceMs of buffer.take(nowMs, false)) waits.push(nowMs - sinceMs);
  }
  expect(counts.dropped / counts.offered).toBeGreaterThan(0.25);
  expect(counts.dropped / counts.offered).toBeLessThan(0.45);
  expect(Math.max(...waits)).toBeLessThanOrEqual(2_500);
});

test('given a blocked log, when another process has made a file in its place, then healing keeps both parts', () => {
  const node = openNodeFolder(dir, 'node-a');
  appendFileSync(node.log, 'before\n');
  node.block();
  node.block();
  rmSync(node.log, { recursive: true });
  writeFileSync(node.log, 'in the gap\n');
  node.unblock();
  node.unblock();
  expect(readFileSync(node.log, 'utf8')).toBe('before\nin the gap\n');
});
