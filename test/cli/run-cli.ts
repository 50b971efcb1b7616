import type { CliIo, Register } from '../../src/cli/command.ts';
import { runProgram } from '../../src/cli/program.ts';

/** What a command line wrote and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process with the commands given. */
export async function runCli(args: string[], commands: readonly Register[], io: Partial<CliIo> = {}): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const code = await runProgram(
    args,
    {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      env: {},
      cwd: import.meta.dirname,
      isTty: false,
      signal: new AbortController().signal,
      ...io,
    },
    commands,
  );
  return { code, stdout, stderr };
}
