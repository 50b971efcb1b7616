import type { Command } from 'commander';

/** All that a command may touch of the outside. `main.ts` passes the process's; a test passes its own. */
export interface CliIo {
  /** Data goes here. */
  readonly stdout: { write(text: string): unknown };
  /** Notices and faults go here. */
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths on the command line are resolved against it. */
  readonly cwd: string;
  /** True when stdout is a terminal. */
  readonly isTty: boolean;
  /** Aborts at SIGINT or SIGTERM: end in good order, that is no failure. */
  readonly signal: AbortSignal;
}

/** 0 ok, 1 failed or broken, 2 bad usage or configuration, 3 blind. Broken beats blind. */
export type ExitCode = 0 | 1 | 2 | 3;

/** What each command module exports: adds one command; heavy parts are imported inside its action. */
export type Register = (program: Command, io: CliIo) => void;

/**
 * Ends a command with a code other than 0. The message, if any, goes to stderr as it is. A command that ends well just
 * returns; a LogcanaryError may be thrown as it is (ConfigError ends with 2, all others with 1).
 */
export class CommandExit extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message = '') {
    super(message);
    this.name = 'CommandExit';
    this.exitCode = exitCode;
  }
}

/** Adds a command whose `--help` begins with its two examples, written without the leading `logcanary`. */
export function addCommand(
  program: Command,
  definition: { usage: string; summary: string; examples: readonly [string, string] },
): Command {
  const lines = definition.examples.map((example) => `  logcanary ${example}`);
  return program
    .command(definition.usage)
    .description(definition.summary)
    .addHelpText('before', `Examples:\n${lines.join('\n')}\n`);
}
