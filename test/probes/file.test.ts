import { constants } from 'node:fs';
import { appendFile, mkdir, mkdtemp, open, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import file from '../../probes/file.ts';
import type { Emission, Injector } from '../../src/probe.ts';
import { context, directly, forever } from '../contract/bench.ts';
import { describeInjector } from '../contract/probe.ts';
import { expectProbeError, rejectionOf } from '../contract/probe-error.ts';

const newFolder = () => mkdtemp(path.join(tmpdir(), 'logcanary-file-'));

describeInjector('file', {
  probe: file,
  async bench() {
    const folder = await newFolder();
    const log = path.join(folder, 'node-a.log');
    return {
      config: { path: log },
      arrived: () => readFile(log, 'utf8').catch(() => ''),
      stop: () => rm(folder, { recursive: true }),
    };
  },
});

describe('file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await newFolder();
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function openFile(config: object): Promise<Injector> {
    const role = file.inject;
    if (role === undefined) throw new Error('the probe does not inject');
    return role.open(role.config.parse(config), context);
  }
  function write(injector: Injector, log: string, texts: readonly string[]): Promise<readonly Emission[]> {
    const lines = texts.map((text, seq) => ({ stream: log, seq, text }));
    return directly(injector).inject(lines, forever);
  }
  function expectWithheld(emissions: readonly Emission[], reason: Parameters<typeof expectProbeError>[1]): void {
    for (const emission of emissions) {
      expect(emission.state).toBe('withheld');
      if (emission.state === 'withheld') expectProbeError(emission.why, reason);
    }
  }

  test('given no name, when listed, then the stream is called like the file, made safe', async () => {
    const injector = await openFile({ path: '/var/log/pods/my app@1.log' });
    expect(await injector.streams(forever)).toEqual([
      { key: '/var/log/pods/my app@1.log', name: 'my-app-1', labels: {} },
    ]);
  });
  test('given a name and labels, when listed, then the stream has them', async () => {
    const injector = await openFile({ path: '/var/log/a.log', name: 'node-7', labels: { zone: '1c' } });
    expect(await injector.streams(forever)).toEqual([
      { key: '/var/log/a.log', name: 'node-7', labels: { zone: '1c' } },
    ]);
  });
  test('given a multiline text, when injected, then its line feeds are kept and the record ends with one', async () => {
    const log = path.join(folder, 'multiline.log');
    await write(await openFile({ path: log }), log, ['first\n  second', 'third']);
    expect(await readFile(log, 'utf8')).toBe('first\n  second\nthird\n');
  });
  test('given a file that was rotated away, when injected again, then the new file is written', async () => {
    const log = path.join(folder, 'rotated.log');
    const injector = await openFile({ path: log });
    await write(injector, log, ['before']);
    await rename(log, `${log}.1`);
    await write(injector, log, ['after']);
    expect(await readFile(`${log}.1`, 'utf8')).toBe('before\n');
    expect(await readFile(log, 'utf8')).toBe('after\n');
  });
  test('given another writer, when injected, then nothing of it is overwritten', async () => {
    const log = path.join(folder, 'shared.log');
    await writeFile(log, 'theirs\n');
    const injector = await openFile({ path: log });
    await write(injector, log, ['ours']);
    await appendFile(log, 'theirs\n');
    await write(injector, log, ['ours']);
    expect(await readFile(log, 'utf8')).toBe('theirs\nours\ntheirs\nours\n');
  });
  test('given no folder, when injected, then all lines are withheld and no folder is made', async () => {
    const log = path.join(folder, 'missing', 'a.log');
    const emissions = await write(await openFile({ path: log }), log, ['one', 'two']);
    expect(emissions).toHaveLength(2);
    expectWithheld(emissions, ['not_found']);
    await expect(readFile(path.dirname(log))).rejects.toThrow('ENOENT');
  });
  test('given a folder in the place of the file, when injected, then the line is withheld as config', async () => {
    const log = path.join(folder, 'a-folder');
    await mkdir(log);
    expectWithheld(await write(await openFile({ path: log }), log, ['one']), ['config']);
  });
  test('given a full disk, when injected, then the lines are withheld as disk_full', async () => {
    expectWithheld(await write(await openFile({ path: '/dev/full' }), '/dev/full', ['one', 'two']), ['disk_full']);
  });
  test('given a pipe that nobody reads, when injected, then it does not hang and the line is withheld', async () => {
    const pipe = path.join(folder, 'pipe');
    await makePipe(pipe);
    expectWithheld(await write(await openFile({ path: pipe }), pipe, ['one']), ['refused']);
  });
  test('given a pipe that takes only a part, when injected, then whole lines are emitted, the cut one is unconfirmed, and the next begins anew', async () => {
    const pipe = path.join(folder, 'slow-pipe');
    await makePipe(pipe);
    const reader = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const injector = await openFile({ path: pipe });
    const long = 'x'.repeat(60_000);
    const emissions = await write(injector, pipe, [long, long]);
    expect(emissions.map((emission) => emission.state)).toEqual(['emitted', 'unconfirmed']);
    const taken = await reader.read(Buffer.alloc(200_000));
    await write(injector, pipe, ['after']);
    const next = await reader.read(Buffer.alloc(200_000));
    expect(taken.buffer.toString('utf8', 0, 60_001)).toBe(`${long}\n`);
    expect(next.buffer.toString('utf8', 0, next.bytesRead)).toBe('\nafter\n');
    await reader.close();
  });
  test('given a leaving file, when listed, then the stream leaves since its time; without it, it stays', async () => {
    const leaving = path.join(folder, 'leaving');
    const injector = await openFile({ path: path.join(folder, 'spot.log'), leaving });
    expect((await injector.streams(forever))[0]).not.toHaveProperty('leavingSince');
    await writeFile(leaving, '');
    await utimes(leaving, 1_700_000_000, 1_700_000_000);
    expect((await injector.streams(forever))[0]?.leavingSince).toBe(1_700_000_000_000);
    await utimes(leaving, 9_000_000_000, 9_000_000_000);
    expect((await injector.streams(forever))[0]?.leavingSince).toBeLessThanOrEqual(context.clock.now());
    await rm(leaving);
    expect((await injector.streams(forever))[0]).not.toHaveProperty('leavingSince');
  });
  test('given a leaving path that cannot be looked at, when listed, then it rejects: not knowing is not staying', async () => {
    const log = path.join(folder, 'plain.log');
    await writeFile(log, '');
    const injector = await openFile({ path: log, leaving: path.join(log, 'leaving') });
    expectProbeError(await rejectionOf(injector.streams(forever)), ['not_found']);
  });
});

async function makePipe(at: string): Promise<void> {
  const { execFile } = await import('node:child_process');
  await new Promise<void>((resolve, reject) => {
    execFile('mkfifo', [at], (error) => (error ? reject(error) : resolve()));
  });
}
