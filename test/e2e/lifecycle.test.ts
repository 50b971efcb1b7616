/** demo and sandbox as their users start and end them. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Program, startProgram, startServing } from './program.ts';
import { freePorts, scratchFolder } from './watching.ts';

const soon = { timeout: 30_000, interval: 100 };
const wellEnded = { code: 0, signal: null };

let dir: string;
let temp: string;
let origin: string;
let listen: string;
let cleanups: (() => Promise<unknown>)[];

beforeEach(async () => {
  cleanups = [];
  const scratch = await scratchFolder('lifecycle');
  cleanups.push(scratch.remove);
  dir = scratch.dir;
  temp = path.join(dir, 'tmp');
  await mkdir(temp);
  const [port] = await freePorts(1);
  listen = `127.0.0.1:${port}`;
  origin = `http://${listen}`;
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function startDemo(...args: string[]): Promise<Program> {
  const env = { ...process.env, TMPDIR: temp };
  const demo = await startServing(['demo', '--listen', listen, ...args], `${origin}/healthz`, { env });
  cleanups.push(() => demo.kill());
  return demo;
}

/** Process ids of its children. https://man7.org/linux/man-pages/man1/ps.1.html */
async function childrenOf(pid: number): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(pid)]).catch(() => ({
    stdout: '',
  }));
  return stdout.split(/\s+/).filter((each) => each !== '');
}
const isThere = (pid: string) =>
  promisify(execFile)('ps', ['-o', 'stat=', '-p', pid]).then(
    ({ stdout }) => !stdout.startsWith('Z'),
    () => false,
  );

/** Addresses that a process and its children listen on. https://man7.org/linux/man-pages/man8/ss.8.html */
async function listenersOf(pids: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ss', ['-Hltnp']);
  const ours = stdout.split('\n').filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)));
  return ours.map((line) => line.split(/\s+/)[3] ?? '');
}

test('given a demo in the middle of its tour, when it gets SIGTERM, then it ends well, and leaves neither processes nor files', async () => {
  const demo = await startDemo();
  const children = await childrenOf(demo.pid);
  expect(children).toHaveLength(1);
  const listeners = await listenersOf([String(demo.pid), ...children]);
  expect(listeners.length).toBeGreaterThan(3);
  expect(listeners.filter((address) => !address.startsWith('127.0.0.1:'))).toEqual([]);
  await vi.waitFor(() => expect(demo.stdout()).toContain('breaking it for you'), soon);
  expect(await demo.end('SIGTERM')).toEqual(wellEnded);
  expect(demo.stdout()).not.toContain('\u001B');
  expect(demo.stderr()).toBe('');
  expect(await Promise.all(children.map(isThere))).toEqual([false]);
  expect(await readdir(temp)).toEqual([]);
});

test('given a demo that is killed, then its Kinesis emulator ends by itself', async () => {
  const demo = await startDemo('--no-tour');
  const [emulator = ''] = await childrenOf(demo.pid);
  expect(await isThere(emulator)).toBe(true);
  await demo.kill();
  await vi.waitFor(async () => expect(await isThere(emulator)).toBe(false), soon);
});

test('given a demo that has only just been started, when it gets SIGINT, then it ends well and leaves no files', async () => {
  const env = { ...process.env, TMPDIR: temp };
  const demo = startProgram(['demo', '--listen', listen], { env });
  cleanups.push(() => demo.kill());
  await vi.waitFor(async () => expect(await readdir(temp)).toHaveLength(1), soon);
  expect(await demo.end('SIGINT')).toEqual(wellEnded);
  expect(await readdir(temp)).toEqual([]);
});

test('given an address that is taken, when a sandbox is started there, then it says so without a stack', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => void holder.listen(Number(listen.split(':')[1]), '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => void holder.close(resolve)));
  const sandbox = startProgram(['sandbox', '--dir', path.join(dir, 'sandbox'), '--listen', listen]);
  cleanups.push(() => sandbox.kill());
  expect(await sandbox.ended).toEqual({ code: 1, signal: null });
  expect(sandbox.stderr()).toMatch(new RegExp(`^Cannot listen on ${listen}: EADDRINUSE[^\n]*\n$`));
});

test('given a file where the folder should be, when a sandbox is started, then it says so and ends with 2', async () => {
  const file = path.join(dir, 'file');
  await writeFile(file, '');
  const sandbox = startProgram(['sandbox', '--dir', file, '--listen', listen]);
  cleanups.push(() => sandbox.kill());
  expect(await sandbox.ended).toEqual({ code: 2, signal: null });
  expect(sandbox.stderr()).toContain('cannot be made a folder');
  expect(sandbox.stderr()).not.toContain('bug of logcanary');
});
