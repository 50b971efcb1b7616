/** The program: argv, environment, signals and exit code of the process are touched here and nowhere else. */
import process from 'node:process';
import './node-version.mjs';

// imported late: on an old Node they would fail before its version is looked at
const { runProgram } = await import('./cli/program.ts');
const { commands } = await import('./cli/commands.ts');

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort(new DOMException(`stopped by ${signal}`, 'AbortError'));
    // whoever asks a second time does not want to wait
    process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
  });
}

// a reader that went away (`| head`) is no failure of ours
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const code = await runProgram(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    isTty: process.stdout.isTTY === true,
    signal: stop.signal,
  },
  commands,
);
process.exit(code);
