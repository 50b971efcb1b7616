import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { faultNames } from '../../src/sandbox/fault-board.ts';
import { openSandboxView, type SandboxView } from '../fakes/sandbox-view.ts';

let view: SandboxView;
beforeAll(async () => {
  view = await openSandboxView({ timing: { archiveBufferMs: 200 } });
});
afterAll(() => view.close());
const heal = () => Promise.all(faultNames.map((name) => view.sandbox.faults.set(name, false)));
afterEach(heal);

const set = async (name: string, on: boolean) => expect(await view.sandbox.faults.set(name, on)).toBe('ok');
const breakIt = (name: string) => set(name, true);
const healIt = (name: string) => set(name, false);

/** Two objects later the consumer has read the stream several times. */
async function archivedAndAfter(lines: readonly string[]): Promise<void> {
  await view.arrives(view.archive, ...lines);
  await view.arrives(view.archive, ...view.write('node-a'));
}

const codeOf = (error: NodeJS.ErrnoException) => error.code;

/** An ordinary line behind all that were written to the node before. */
function writeEnd(node: string): string {
  const line = `that was all ${Math.random()}`;
  writeFileSync(path.join(view.dir, node, 'app.log'), `${line}\n`, { flag: 'a' });
  return line;
}

test('given a healthy sandbox, when lines are written on every node, then each is once in the stream, the index, the archive and at the hook', async () => {
  const lines = ['node-a', 'node-b', 'node-c'].flatMap((node) => view.write(node, 2));
  for (const place of [view.stream, view.index, view.archive, view.hook]) {
    await view.arrives(place, ...lines);
    expect((await place.lines()).filter((line) => lines.includes(line))).toHaveLength(lines.length);
  }
  expect(view.hook.authorization()[0]).toMatch(/^POST \/hooks\/hop\/alert Bearer .{43}$/);
});

test('given agent-stopped, when a line is written, then it comes into the stream only after healing', async () => {
  await breakIt('agent-stopped');
  const lines = view.write('node-a');
  await view.aWhile();
  expect(await view.among(view.stream, lines)).toEqual([]);
  await healIt('agent-stopped');
  await view.arrives(view.stream, ...lines);
});

test('given agent-drops, when 100 canaries are written, then about 30 never come and ordinary lines do', async () => {
  await breakIt('agent-drops');
  const lines = view.write('node-a', 100);
  await view.arrives(view.stream, writeEnd('node-a'));
  const dropped = lines.length - (await view.among(view.stream, lines)).length;
  expect(dropped).toBeGreaterThan(10);
  expect(dropped).toBeLessThan(55);
});

test('given agent-duplicates, when 100 canaries are written, then all come and about half of them twice', async () => {
  await breakIt('agent-duplicates');
  const lines = view.write('node-b', 100);
  await view.arrives(view.stream, ...lines);
  const copies = (await view.stream.lines()).filter((line) => lines.includes(line)).length - lines.length;
  expect(copies).toBeGreaterThan(25);
  expect(copies).toBeLessThan(75);
});

test('given agent-truncates, when a canary is written, then its first 100 characters come, token and all', async () => {
  await breakIt('agent-truncates');
  const [line = ''] = view.write('node-a');
  await view.arrives(view.stream, line.slice(0, 100));
  expect(line.slice(0, 100)).toMatch(/^logcanary lcn1[a-z2-7]{47}0 sandbox\/node-a #7 /);
});

test('given agent-slow, when lines are written, then they are held, and come in order at once when it heals', async () => {
  await breakIt('agent-slow');
  const lines = view.write('node-a', 3);
  await view.aWhile();
  expect(await view.among(view.stream, lines)).toEqual([]);
  await healIt('agent-slow');
  await view.arrives(view.stream, ...lines);
});

test('given agent-buffer-full, when 20 lines come at once, then the first comes and most never do, also after healing', async () => {
  await breakIt('agent-buffer-full');
  const lines = view.write('node-a', 20);
  // The second place may be taken by an ordinary line.
  await view.arrives(view.stream, ...lines.slice(0, 1));
  await healIt('agent-buffer-full');
  await view.arrives(view.stream, writeEnd('node-a'));
  expect((await view.among(view.stream, lines)).length).toBeLessThan(6);
});

test('given stream-throttled, when records are put, then each is refused as AWS does and agents bring theirs after healing', async () => {
  await breakIt('stream-throttled');
  const lines = view.write('node-a', 2);
  const Records = [{ Data: Buffer.from('x'), PartitionKey: 'x' }];
  const answer = await view.kinesis.send(new PutRecordsCommand({ StreamName: 'sandbox', Records }));
  expect(answer.FailedRecordCount).toBe(1);
  expect(answer.Records?.[0]?.ErrorCode).toBe('ProvisionedThroughputExceededException');
  expect(await view.among(view.stream, lines)).toEqual([]);
  await healIt('stream-throttled');
  await view.arrives(view.stream, ...lines);
});

test('given stream-down, when anybody connects, then it is refused; healed, all comes once', async () => {
  await breakIt('stream-down');
  const lines = view.write('node-a', 3);
  // A connection kept open from before is cut first; every new one is refused.
  const refused = async () => expect(await view.stream.lines().catch(codeOf)).toBe('ECONNREFUSED');
  await vi.waitFor(refused, { timeout: 5_000 });
  await healIt('stream-down');
  await view.arrives(view.index, ...lines);
  await view.arrives(view.archive, ...lines);
  expect((await view.stream.lines()).filter((line) => lines.includes(line))).toHaveLength(3);
});

test('given consumer-stopped, when a line is archived, then the index has it only after healing', async () => {
  await breakIt('consumer-stopped');
  const lines = view.write('node-a');
  await archivedAndAfter(lines);
  expect(await view.among(view.index, lines)).toEqual([]);
  await healIt('consumer-stopped');
  await view.arrives(view.index, ...lines);
});

test('given consumer-drops, when 100 lines come, then all are archived and about 30 never indexed', async () => {
  await breakIt('consumer-drops');
  const lines = view.write('node-a', 100);
  await view.arrives(view.archive, ...lines);
  await vi.waitFor(async () => expect((await view.among(view.index, lines)).length).toBeGreaterThan(30), {
    timeout: 5_000,
  });
  await healIt('consumer-drops');
  await view.arrives(view.index, ...view.write('node-a'));
  const dropped = lines.length - (await view.among(view.index, lines)).length;
  expect(dropped).toBeGreaterThan(10);
  expect(dropped).toBeLessThan(55);
});

test.each(['index-rejects', 'index-read-only', 'index-slow-refresh'])(
  'given %s, when a line is archived, then it is found in the index only after healing',
  async (fault) => {
    await breakIt(fault);
    const lines = view.write('node-a');
    await archivedAndAfter(lines);
    expect(await view.among(view.index, lines)).toEqual([]);
    await healIt(fault);
    await view.arrives(view.index, ...lines);
  },
);

test('given index-down, when it is searched, then it refuses; healed, it gets what came meanwhile once', async () => {
  await breakIt('index-down');
  const lines = view.write('node-a');
  await view.arrives(view.archive, ...lines);
  await expect(view.index.lines()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await healIt('index-down');
  await view.arrives(view.index, ...lines);
  await view.arrives(view.hook, ...lines);
  expect((await view.hook.lines()).filter((line) => lines.includes(line))).toHaveLength(1);
});

test('given index-partial-shards, when it is searched, then shards fail, and alerts come after healing', async () => {
  await breakIt('index-partial-shards');
  const lines = view.write('node-a');
  const answer = await request(`${view.indexUrl}/logs-*/_search?allow_partial_search_results=true`);
  expect(await answer.body.json()).toMatchObject({ _shards: { failed: 1 } });
  await healIt('index-partial-shards');
  await view.arrives(view.hook, ...lines);
});

test('given index-disk-filling, when the disks are read, then one of them fills up', async () => {
  const free = async (): Promise<number> => {
    const answer = await request(`${view.indexUrl}/_nodes/stats/fs`);
    const { nodes } = (await answer.body.json()) as {
      nodes: Record<string, { fs: { total: { available_in_bytes: number } } }>;
    };
    return Math.min(...Object.values(nodes).map(({ fs }) => fs.total.available_in_bytes));
  };
  const before = await free();
  await breakIt('index-disk-filling');
  await vi.waitFor(async () => expect(await free()).toBeLessThan(before), { timeout: 5_000 });
});

test('given archive-stopped and alerter-stopped, when a line is indexed, then both get it only after healing', async () => {
  await breakIt('archive-stopped');
  await breakIt('alerter-stopped');
  const lines = view.write('node-b');
  await view.arrives(view.index, ...lines);
  await view.aWhile();
  expect(await view.among(view.archive, lines)).toEqual([]);
  expect(await view.among(view.hook, lines)).toEqual([]);
  await healIt('archive-stopped');
  await healIt('alerter-stopped');
  await view.arrives(view.archive, ...lines);
  await view.arrives(view.hook, ...lines);
});

test('given emitter-stopped, when a line is written, then that fails on every node; healed, the log is as before and goes on', async () => {
  const log = path.join(view.dir, 'node-b', 'app.log');
  const before = readFileSync(log, 'utf8');
  await breakIt('emitter-stopped');
  for (const node of ['node-a', 'node-b', 'node-c']) expect(() => view.write(node)).toThrow('EISDIR');
  await healIt('emitter-stopped');
  expect(readFileSync(log, 'utf8').startsWith(before)).toBe(true);
  await view.arrives(view.stream, ...view.write('node-b'));
});

test('given node-leaves, when lines are written, then those of node-c are gone for good and its next ones come after healing', async () => {
  await breakIt('node-leaves');
  expect(existsSync(path.join(view.dir, 'node-c', 'leaving'))).toBe(true);
  const gone = view.write('node-c');
  await view.arrives(view.stream, ...view.write('node-a'));
  await healIt('node-leaves');
  expect(existsSync(path.join(view.dir, 'node-c', 'leaving'))).toBe(false);
  await view.arrives(view.stream, ...view.write('node-c'));
  expect(await view.among(view.stream, gone)).toEqual([]);
});

test('given forged-canaries, when canaries were written, then the stream gets tokens that differ from theirs in 6 or more places of the MAC alone', async () => {
  const token = /lcn1[a-z2-7]{47}0/;
  const written = ['node-a', 'node-b', 'node-c'].flatMap((node) => view.write(node, 2));
  await view.arrives(view.stream, ...written);
  await breakIt('forged-canaries');
  await vi.waitFor(
    async () => {
      const lines = await view.stream.lines();
      const pairs = written.flatMap((line) =>
        lines.filter((other) => other !== line && sameButMac(line, other)).map((other) => [line, other]),
      );
      const [line, forged] = pairs[0] ?? [];
      const [real, fake] = [token.exec(line ?? '')?.[0] ?? '', token.exec(forged ?? '')?.[0] ?? ''];
      expect([...fake].filter((letter, at) => letter !== real[at]).length).toBeGreaterThanOrEqual(6);
    },
    { timeout: 5_000 },
  );
  function sameButMac(line: string, other: string): boolean {
    const end = 'logcanary '.length;
    return other.slice(0, end + 34) === line.slice(0, end + 34) && other.slice(end + 51) === line.slice(end + 51);
  }
});

test('given no demo, when the clock is to be stepped, then that is a conflict; an unknown fault is unknown; all 22 are listed', async () => {
  expect(await view.sandbox.faults.set('clock-stepped', true)).toBe('conflict');
  expect(await view.sandbox.faults.set('nonsense', true)).toBe('unknown');
  expect(view.sandbox.faults.list()).toEqual(faultNames.map((name) => ({ name, active: false })));
  expect(faultNames).toHaveLength(22);
});
