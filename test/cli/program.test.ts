import { describe, expect, it } from 'vitest';
import { addCommand, CommandExit, type ExitCode, type Register } from '../../src/cli/command.ts';
import { register as pageTest } from '../../src/cli/page-test.ts';
import { register as schema } from '../../src/cli/schema.ts';
import { register as validate } from '../../src/cli/validate.ts';
import { ConfigError, LedgerError } from '../../src/lib/errors.ts';
import { runCli } from './run-cli.ts';

const own: readonly Register[] = [validate, schema, (program, io) => pageTest(program, io)];

/** A command that ends as it is told. */
function ending(end: () => unknown): readonly Register[] {
  return [
    (program) => {
      addCommand(program, { usage: 'act', summary: 'Acts.', examples: ['act', 'act --help'] }).action(
        async () => void (await end()),
      );
    },
  ];
}

describe('the command line', () => {
  it.each(['validate', 'schema', 'page-test'])(
    'given %s --help, then it begins with two examples and ends well',
    async (name) => {
      const { code, stdout, stderr } = await runCli([name, '--help'], own);
      expect(code).toBe(0);
      expect(stderr).toBe('');
      const [title, first, second, blank] = stdout.split('\n');
      expect(title).toBe('Examples:');
      expect(first).toMatch(new RegExp(`^ {2}logcanary ${name} ?`));
      expect(second).toMatch(new RegExp(`^ {2}logcanary ${name} ?`));
      expect(blank).toBe('');
    },
  );

  it('given --version, then the version stands alone on stdout', async () => {
    const { code, stdout } = await runCli(['--version'], own);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [['valdate'], 'Did you mean validate?'],
    [['validate', '--config', 'x', '--onlin'], 'Did you mean --online?'],
    [['validate'], "required option '--config <file>' not specified"],
    [['page-test', '--config', 'x'], "missing required argument 'notifier'"],
    [['schema', 'extra'], 'too many arguments'],
    [[], 'Usage: logcanary'],
  ])('given the bad usage %j, then stderr says so and the code is 2', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args, own);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });
});

describe('how a command ends', () => {
  it.each<[string, () => unknown, ExitCode, string]>([
    ['it returns', () => undefined, 0, ''],
    ['it is blind', () => Promise.reject(new CommandExit(3, 'No hop answered.')), 3, 'No hop answered.\n'],
    ['it has already said why', () => Promise.reject(new CommandExit(1)), 1, ''],
    [
      'the configuration is bad',
      () => Promise.reject(new ConfigError('f', [{ path: 'p', message: 'm' }])),
      2,
      'f p: m\n',
    ],
    [
      'the ledger fails',
      () => Promise.reject(new LedgerError('Disk full.', { reason: 'disk_full' })),
      1,
      'Disk full.\n',
    ],
    [
      'it has a bug',
      () => Promise.reject(new TypeError('x is not a function')),
      1,
      'Unexpected failure: x is not a function. This is a bug of logcanary; LOGCANARY_DEBUG=1 shows where.\n',
    ],
  ])('given %s, then code and stderr say so', async (_, end, code, stderr) => {
    expect(await runCli(['act'], ending(end))).toEqual({ code, stdout: '', stderr });
  });

  it('given it was told to stop, when it ends with that, then it is no failure', async () => {
    const signal = AbortSignal.abort(new Error('SIGTERM'));
    const outcome = await runCli(
      ['act'],
      ending(() => Promise.reject(signal.reason)),
      { signal },
    );
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
