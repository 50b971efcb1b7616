/** `maintenance` against a server that listens where the configuration says. */
import { expect, it } from 'vitest';
import { register } from '../../src/cli/maintenance.ts';
import { createClock } from '../../src/lib/clock.ts';
import { fakeNotifiers, fakeProbes } from '../config/fake-kinds.ts';
import { freePorts } from '../e2e/watching.ts';
import { serve } from '../http/serving.ts';
import { windowsInMemory } from '../http/windows-in-memory.ts';
import { besideRunning } from './beside-running.ts';
import { runCli } from './run-cli.ts';

const { folder, configure } = besideRunning();

function maintenance(...args: string[]) {
  const kinds = () => Promise.resolve({ probes: fakeProbes, notifiers: fakeNotifiers });
  const command = ['maintenance', ...args, '--config', 'l.yaml'];
  return runCli(command, [(program, io) => register(program, io, kinds, createClock())], {
    cwd: folder(),
    env: { USER: 'aki' },
  });
}

it('given a running logcanary, when a window is set, listed and ended, then each step says so', async () => {
  const { port } = await serve({ maintaining: windowsInMemory() });
  configure(port);
  const started = await maintenance('start', '--for', '2h', '--pipeline', 'prod', '--reason', 'ES upgrade');
  expect(started).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^mw-1 +active +prod .* aki: ES upgrade\n$/),
  });
  expect((await maintenance('list')).stdout).toBe(started.stdout);
  expect(JSON.parse((await maintenance('list', '--json')).stdout)).toMatchObject([{ id: 'mw-1', pipeline: 'prod' }]);
  expect(await maintenance('end', 'mw-1')).toMatchObject({ code: 0, stdout: 'mw-1 is over.\n' });
  expect((await maintenance('list')).stdout).toBe('no maintenance is planned or active\n');
});

it('given what logcanary refuses, when set, then its words are shown and the code is 2', async () => {
  const { port } = await serve({ maintaining: windowsInMemory() });
  configure(port);
  const outcome = await maintenance('start', '--for', '8d', '--reason', 'x');
  expect(outcome).toMatchObject({ code: 2, stdout: '' });
  expect(outcome.stderr).toContain('longer than 7d');
});

it('given nobody that listens, when asked, then it says where it tried and what to do', async () => {
  const [port = 0] = await freePorts(1);
  configure(port);
  const outcome = await maintenance('list');
  expect(outcome).toMatchObject({ code: 1, stdout: '' });
  expect(outcome.stderr).toContain(`Cannot reach logcanary at 127.0.0.1:${port}`);
});

it('given no secret in the configuration, when set, then it says what to write', async () => {
  configure(9, {});
  const outcome = await maintenance('start', '--for', '1h', '--reason', 'x');
  expect(outcome).toMatchObject({ code: 2 });
  expect(outcome.stderr).toContain('http: { secret');
});
