import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Register } from '../../src/cli/command.ts';
import { register as schema } from '../../src/cli/schema.ts';
import { register as validate } from '../../src/cli/validate.ts';
import { ProbeError, type Reason } from '../../src/lib/errors.ts';
import type { AnyProbe } from '../../src/probe.ts';
import { fakeNotifiers, fakeProbes } from '../config/fake-kinds.ts';
import { runCli } from './run-cli.ts';

const cwd = join(import.meta.dirname, '../config');
const env = {
  LOGCANARY_KEY: 'a key that is long enough',
  PAGERDUTY_ROUTING_KEY: '0123456789abcdef0123456789abcdef',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.example/services/T0/B0/x',
  HEARTBEAT_URL: 'https://hc-ping.example/uuid',
};

function commands(probes = fakeProbes): readonly Register[] {
  const kinds = () => Promise.resolve({ probes, notifiers: fakeNotifiers });
  return [(program, io) => validate(program, io, kinds), (program, io) => schema(program, io, kinds)];
}

/** The fake probes, of which those that observe answer `online` as told. */
function answering(answers: Readonly<Record<string, () => Promise<string>>>): readonly AnyProbe[] {
  return fakeProbes.map((probe) => {
    const online = answers[probe.kind];
    return online && probe.observe ? { ...probe, observe: { ...probe.observe, online } } : probe;
  });
}

function failing(reason: Reason) {
  return () => Promise.reject(new ProbeError(`Cannot reach it: ${reason}.`, { reason }));
}

describe('validate', () => {
  it('given a file without faults, then the tree of hops and what is detectable are printed', async () => {
    const { code, stdout, stderr } = await runCli(['validate', '--config', 'valid.yml'], commands(), { cwd, env });
    expect(code).toBe(0);
    expect(stdout).toContain(`valid.yml: no faults
deployment tokyo, served on 127.0.0.1:9780, ledger ${join(cwd, 'logcanary.db')}
keys: a1

pipeline prod
  > file every 30s, plain, at ./node-a/app.log
  > kinesis every 10s, plain, enters stream, at logs
  └─ stream (kinesis) within 30s, poll 7s500ms, at logs
     └─ index (elasticsearch) within 3m, poll 30s, at es:9200
        └─ alert (webhook) within 5m, poll 30s, sample 1/10, at our own hook
`);
    expect(stdout).toContain(
      '2 streams every 10s to 30s: 0.1% loss takes 6h15m to show (95 %), is told after 17h7m on average',
    );
    expect(stderr).toContain('nobody can post to the hooks of alert, alertmanager');
    for (const secret of Object.values(env)) expect(stdout + stderr).not.toContain(secret);
  });

  it('given faults, then all of them are on stderr, nothing on stdout, and the code is 2', async () => {
    const { code, stdout, stderr } = await runCli(['validate', '--config', 'invalid/six-faults.yml'], commands(), {
      cwd,
    });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toHaveLength(6);
    expect(stderr).toContain('invalid/six-faults.yml:6:45 pipelines[0].inject[0].every: "60" has no unit. Write 60s.');
  });

  it.each<[string, Parameters<typeof answering>[0], number]>([
    ['all well', { kinesis: () => Promise.resolve('2 shards') }, 0],
    ['one that refuses us', { kinesis: failing('auth') }, 1],
    ['one that does not answer', { kinesis: failing('timeout') }, 3],
    [
      'one that does not answer and one that refuses us',
      { kinesis: failing('dns'), elasticsearch: failing('auth') },
      1,
    ],
  ])('given --online with %s, then the code says so', async (_, answers, code) => {
    const args = ['validate', '--config', 'valid.yml', '--online'];
    const outcome = await runCli(args, commands(answering(answers)), { cwd, env });
    expect(outcome.code).toBe(code);
    expect(outcome.stdout).toContain('prod hop stream: ');
    expect(outcome.stdout).toContain('prod hop alert: cannot be checked from here');
  });
});

describe('schema', () => {
  it('given nothing, then it prints JSON Schema draft 7 and nothing else', async () => {
    const { code, stdout, stderr } = await runCli(['schema'], commands());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' });
  });
});
