/** `npm run check`: everything that is known without running the program, at once. Ends with 1 when one of them failed. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { createClock } from '../src/lib/clock.ts';

/** What each check runs, and what to do when it complains. */
const checks = [
  { name: 'format, lint', run: ['biome', 'check', '--error-on-warnings'], mend: 'npm run fix' },
  { name: 'types', run: ['tsc', '--noEmit'] },
  { name: 'dependency direction', run: ['vitest', 'run', 'test/architecture.test.ts', '--reporter=agent'] },
  { name: 'dead code', run: ['knip', '--no-config-hints', '--no-progress'] },
] as const;

type Check = (typeof checks)[number];

const root = path.resolve(import.meta.dirname, '..');
const tools = path.join(root, 'node_modules/.bin');
// the tools run on the pinned Node too, however this file was started
const env = { ...process.env, PATH: `${tools}:${process.env.PATH ?? ''}`, FORCE_COLOR: '0', NO_COLOR: '1' };
const clock = createClock();

/** Resolves to the check's own words when it failed, to nothing when all is well. */
function complaintOf({ run: [tool, ...args] }: Check): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(path.join(tools, tool), args, { cwd: root, env });
    const words: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => words.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => words.push(chunk));
    child.on('error', (error) => resolve(`cannot start ${tool}: ${error.message}. Run npm ci.`));
    child.on('close', (code) =>
      resolve(code === 0 ? undefined : Buffer.concat(words).toString() || `ended with ${code}`),
    );
  });
}

const outcomes = await Promise.all(
  checks.map(async (check) => {
    const complaint = await complaintOf(check);
    return { check, complaint, seconds: clock.monotonicMs() / 1000 };
  }),
);
for (const { check, complaint, seconds } of outcomes) {
  process.stdout.write(
    `${complaint === undefined ? 'ok    ' : 'FAILED'}  ${check.name.padEnd(22)} ${seconds.toFixed(1)} s\n`,
  );
}
for (const { check, complaint } of outcomes.filter((each) => each.complaint !== undefined)) {
  process.stdout.write(`\n${check.name}: ${check.run.join(' ')}\n${complaint?.trimEnd()}\n`);
  if ('mend' in check) process.stdout.write(`Most of it is mended by: ${check.mend}\n`);
}
process.exitCode = outcomes.some(({ complaint }) => complaint !== undefined) ? 1 : 0;
