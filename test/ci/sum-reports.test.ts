import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, expect, test } from 'vitest';

const dir = mkdtempSync(path.join(tmpdir(), 'logcanary-sum-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const script = path.join(import.meta.dirname, 'sum-reports.mjs');
const missing = path.join(dir, 'missing.json');

interface File {
  readonly status: 'passed' | 'failed';
  readonly tests: readonly string[];
}

let written = 0;
/** A report as vitest writes it, as far as it is read. */
function report(...files: readonly File[]): string {
  const all = files.flatMap(({ tests }) => tests);
  const count = (status: string) => all.filter((each) => each === status).length;
  const file = path.join(dir, `${written++}.json`);
  const text = JSON.stringify({
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('skipped'),
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((each) => ({ status: each })),
    })),
  });
  writeFileSync(file, text);
  return file;
}

function sum(...words: readonly string[]) {
  const { status, stdout } = spawnSync(process.execPath, [script, ...words], { encoding: 'utf8' });
  return { status, last: stdout.trimEnd().split('\n').at(-1) };
}

const good: File = { status: 'passed', tests: ['passed', 'passed', 'skipped'] };

test('given two good reports, when they are summed, then the code is 0 and skipped tests count as neither', () => {
  expect(sum('a', '0', report(good), 'b', '0', report(good, good))).toEqual({ status: 0, last: '6 passed, 0 failed' });
});

test('given a failed test, when the reports are summed, then the code is 1', () => {
  const bad: File = { status: 'failed', tests: ['passed', 'failed'] };
  expect(sum('a', '0', report(good), 'b', '1', report(good, bad))).toEqual({ status: 1, last: '5 passed, 1 failed' });
});

test('given a file that could not be loaded, when the reports are summed, then it counts as one failure', () => {
  const unloaded: File = { status: 'failed', tests: [] };
  expect(sum('a', '1', report(good, unloaded))).toEqual({ status: 1, last: '2 passed, 1 failed' });
});

test('given a command that left no report, when the reports are summed, then it counts as one failure', () => {
  expect(sum('a', '0', report(good), 'b', '1', missing)).toEqual({ status: 1, last: '2 passed, 1 failed' });
  expect(sum('a', '0', report(good), 'b', '124', missing)).toEqual({ status: 1, last: '2 passed, 1 failed' });
});

test('given a command that could not fetch what its tests need, when the reports are summed, then those tests failed', () => {
  const lacking: File = { status: 'passed', tests: ['skipped', 'skipped', 'skipped'] };
  expect(sum('a', '0', report(good), 'b', '3', report(lacking))).toEqual({ status: 1, last: '2 passed, 3 failed' });
});

test('given nothing that passed, when the reports are summed, then that is no success', () => {
  expect(sum()).toEqual({ status: 1, last: '0 passed, 0 failed' });
});
