/**
 * `npm run mutants`: plants each defect of the list in a copy of the code and sees whether the simulation, or else the
 * scenario tests, notice. Prints a table; ends with 1 when a defect got through.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { hearingMutants } from './hearing-mutants.ts';
import { type Mutant, mutants } from './mutant-list.ts';
import { restMutants } from './rest-mutants.ts';
import { scheduleMutants } from './schedule-mutants.ts';

const root = resolve(import.meta.dirname, '../..');
const seeds = [1, 2, 3, 4, 5];
const runLimitMs = 180_000;

interface Catch {
  readonly by: string;
  readonly seed: string;
}

const wanted = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'logcanary-mutants-'));
const options = { cwd: folder, encoding: 'utf8', timeout: runLimitMs, env: { ...process.env, NO_COLOR: '1' } } as const;
const sound = mkdtempSync(join(tmpdir(), 'logcanary-sound-'));
let escaped = 0;
try {
  for (const copy of [folder, sound]) {
    for (const part of ['src', 'test', 'probes', 'package.json', 'vitest.config.ts', 'tsconfig.json'])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  }
  process.stdout.write('| Defect | Caught by | Seed |\n|---|---|---|\n');
  for (const mutant of [...mutants, ...hearingMutants, ...restMutants, ...scheduleMutants].filter(
    ({ name }) => wanted.length === 0 || wanted.some((each) => name.includes(each)),
  )) {
    const caught = planted(mutant, () => simulated(mutant) ?? tested());
    if (!caught) escaped += 1;
    process.stdout.write(`| ${mutant.name} | ${caught?.by ?? 'NOBODY'} | ${caught?.seed ?? ''} |\n`);
  }
} finally {
  for (const copy of [folder, sound]) rmSync(copy, { recursive: true });
}
process.exitCode = escaped > 0 ? 1 : 0;

/** Does something while the defect stands in the copy. */
function planted({ file, find, put }: Mutant, work: () => Catch | undefined): Catch | undefined {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(find).length !== 2) {
    process.stderr.write(`Not planted, since its text stands not exactly once in ${file}: ${find}\n`);
    return undefined;
  }
  writeFileSync(
    path,
    text.replace(find, () => put),
  );
  try {
    return work();
  } finally {
    writeFileSync(path, text);
  }
}

function simulated(mutant: Mutant): Catch | undefined {
  const { faults, hours = 16, streams = 3 } = mutant;
  const world = mutant.cluster || scheduleMutants.includes(mutant) ? ['--cluster'] : ['--no-cluster'];
  if (mutant.sleeps) world.push('--sleeps');
  for (const seed of seeds) {
    const chosen = faults === undefined ? world : [...world, '--faults', faults];
    const args = ['--hours', String(hours), '--streams', String(streams), '--seed', String(seed), ...chosen];
    const run = spawnSync(process.execPath, ['test/simulation/main.ts', ...args], options);
    if (run.status === 0) continue;
    if (!isSound(args)) {
      process.stderr.write(`Without any defect this fails too: ${args.join(' ')}\n`);
      continue;
    }
    const rule = /^ {2}\S+ ([a-z-]+):/m.exec(run.stdout)?.[1];
    return { by: `simulation: ${rule ?? (run.status === null ? 'no end' : 'threw')}`, seed: String(seed) };
  }
  return undefined;
}

/** The original, beside the copy, breaks no promise in that run. */
function isSound(args: readonly string[]): boolean {
  return spawnSync(process.execPath, ['test/simulation/main.ts', ...args], { ...options, cwd: sound }).status === 0;
}

function tested(): Catch | undefined {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', 'test/engine', 'test/core', '--bail=1'];
  const run = spawnSync(process.execPath, args, options);
  // Slow is not caught.
  if (run.status === 0 || run.status === null) return undefined;
  return { by: `test: ${/FAIL\s+(\S+)/.exec(`${run.stdout}${run.stderr}`)?.[1] ?? 'threw'}`, seed: '' };
}
