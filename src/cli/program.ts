import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { ConfigError, LogcanaryError, messageOf } from '../lib/errors.ts';
import { type CliIo, CommandExit, type ExitCode, type Register } from './command.ts';

/** The command line with the commands given; nothing is run yet. */
export function buildProgram(io: CliIo, commands: readonly Register[]): Command {
  const program = new Command('logcanary')
    .description('Watches a log pipeline from outside: signed canary lines in, and where each of them arrived.')
    .version(manifest.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    });
  for (const register of commands) register(program, io);
  return program;
}

/**
 * Runs one command line (without `node` and the script) and says with which code to end: 0 ok, 1 failed or broken, 2 bad
 * usage or configuration, 3 blind. Never throws.
 */
export async function runProgram(args: readonly string[], io: CliIo, commands: readonly Register[]): Promise<ExitCode> {
  try {
    await buildProgram(io, commands).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return end(error, io);
  }
}

function end(error: unknown, io: CliIo): ExitCode {
  // commander has already written its message; help and version asked for are no failure
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandExit) {
    if (error.message !== '') io.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (io.signal.aborted && error === io.signal.reason) return 0;
  if (error instanceof LogcanaryError) {
    io.stderr.write(`${error.message}\n`);
    return error instanceof ConfigError ? 2 : 1;
  }
  const stack = io.env.LOGCANARY_DEBUG && error instanceof Error ? `${error.stack}\n` : '';
  io.stderr.write(
    `${stack}Unexpected failure: ${messageOf(error)}. This is a bug of logcanary; LOGCANARY_DEBUG=1 shows where.\n`,
  );
  return 1;
}
