/** `silence` and `note` against a server that listens where the configuration says. */
import { expect, it } from 'vitest';
import { register as registerNote } from '../../src/cli/note.ts';
import { register as registerSilence } from '../../src/cli/silence.ts';
import { createClock } from '../../src/lib/clock.ts';
import { fakeNotifiers, fakeProbes } from '../config/fake-kinds.ts';
import { serve } from '../http/serving.ts';
import { silencesInMemory } from '../http/silences-in-memory.ts';
import { besideRunning } from './beside-running.ts';
import { runCli } from './run-cli.ts';

const { folder, configure } = besideRunning();

async function serving() {
  const incidents = silencesInMemory();
  const { port } = await serve({ incidents });
  configure(port);
  return incidents;
}

function run(args: string[], env: Record<string, string> = { USER: 'aki' }) {
  const kinds = () => Promise.resolve({ probes: fakeProbes, notifiers: fakeNotifiers });
  return runCli(
    [...args, '--config', 'l.yaml'],
    [registerSilence, registerNote].map((register) => (program, io) => register(program, io, kinds, createClock())),
    { cwd: folder(), env },
  );
}

it('given a running logcanary, when a silence is made, listed and ended, then each step says so', async () => {
  await serving();
  const made = await run([
    'silence',
    'add',
    '--kind',
    'slow',
    '--hop',
    'index',
    '--for',
    '2h',
    '--reason',
    'reindexing',
  ]);
  expect(made).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^sil-1 +active +slow any pipeline\/index +until .* aki: reindexing\n$/),
  });
  expect((await run(['silence', 'list'])).stdout).toBe(made.stdout);
  expect(JSON.parse((await run(['silence', 'list', '--json'])).stdout)).toMatchObject([{ id: 'sil-1' }]);
  expect(await run(['silence', 'end', 'sil-1'])).toMatchObject({ code: 0, stdout: 'sil-1 is over.\n' });
  expect((await run(['silence', 'list'])).stdout).toBe('nothing is silenced\n');
  expect(await run(['silence', 'end', 'sil-1'])).toMatchObject({ code: 1 });
});

it('given an incident, when silenced until a time, then both are sent', async () => {
  const { kept } = await serving();
  const until = '2026-11-20T23:00:00+09:00';
  const args = ['silence', 'add', '--incident', 'inc-12', '--until', until, '--reason', 'known', '--by', 'ben'];
  expect(await run(args)).toMatchObject({ code: 0 });
  expect(kept).toMatchObject([{ incident: 'inc-12', until: Date.parse(until), by: 'ben' }]);
});

it('given what logcanary refuses, when asked, then its words are shown, with 2 for what is wrong and 1 for what cannot be', async () => {
  await serving();
  const everything = await run(['silence', 'add', '--for', '1h', '--reason', 'x']);
  expect(everything).toMatchObject({ code: 2, stdout: '' });
  expect(everything.stderr).toContain('name a pipeline');
  const over = await run(['silence', 'add', '--incident', 'inc-13', '--for', '1h', '--reason', 'x']);
  expect([over.code, over.stderr]).toEqual([1, expect.stringContaining('over by now')]);
  const unknown = await run(['note', 'inc-99', '--cause', 'x']);
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('no such incident')]);
});

it('given a note, when sent, then it is kept with the incident', async () => {
  const { notes } = await serving();
  const said = ['--cause', 'a full disk', '--remediation', 'a node more', '--ticket', 'https://t.example/OPS-12'];
  expect(await run(['note', 'inc-12', ...said])).toMatchObject({ code: 0, stdout: 'The note is kept with inc-12.\n' });
  const note = { by: 'aki', cause: 'a full disk', remediation: 'a node more', ticket: 'https://t.example/OPS-12' };
  expect(notes).toMatchObject([['inc-12', note]]);
});

it('given nobody who says who it is, when sent, then it is refused before anything is sent', async () => {
  const { kept, notes } = await serving();
  for (const args of [
    ['silence', 'add', '--kind', 'slow', '--for', '1h', '--reason', 'x'],
    ['note', 'inc-12', '--cause', 'x'],
  ])
    expect(await run(args, {})).toMatchObject({ code: 2, stderr: expect.stringContaining('--by NAME') });
  expect([kept, notes]).toEqual([[], []]);
});

it('given nobody that listens, or no secret, when asked, then it says what to do', async () => {
  configure(9);
  expect(await run(['silence', 'list'])).toMatchObject({ code: 1, stderr: expect.stringContaining('127.0.0.1:9') });
  configure(9, {});
  const outcome = await run(['note', 'inc-12', '--cause', 'x']);
  expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('http: { secret') });
});
