// Adds up what several commands did: `node sum-reports.mjs NAME EXIT-CODE REPORT ...`, three words for each. REPORT is what
// vitest's JSON reporter wrote, or `-` for a command that is one check as a whole. The last line is "N passed, N failed"; the exit code is 1 when anything failed. Plain
// JavaScript: .ci/run must work where `npm ci` did not, so with whatever Node there is.
import { readFileSync } from 'node:fs';
import process from 'node:process';

/** @param {string} file */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Counts of one command. It fails at least once when it ended with another code than 0: because its report is missing,
 * because a file could not be loaded, or because tests were skipped for want of what they need.
 * @param {string} name
 * @param {number} exitCode
 * @param {string} file
 */
function countsOf(name, exitCode, file) {
  if (file === '-')
    return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, said: `${name}: ended with ${exitCode}` };
  const report = readReport(file);
  if (report === undefined) {
    const why = exitCode === 124 ? 'it took too long' : 'it never came to its tests';
    return { passed: 0, failed: 1, said: `${name}: ended with ${exitCode} and left no report: ${why}` };
  }
  const { numPassedTests: passed, numFailedTests, numPendingTests: skipped, testResults } = report;
  const unloaded = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((/** @type {{status: string}} */ each) => each.status === 'failed'),
  ).length;
  const found = numFailedTests + unloaded;
  const failed = exitCode !== 0 && found === 0 ? Math.max(1, skipped) : found;
  const notRun = skipped > 0 ? `, ${skipped} not run` : '';
  return { passed, failed, said: `${name}: ${passed} passed, ${failed} failed${notRun}, ended with ${exitCode}` };
}

const words = process.argv.slice(2);
let [passed, failed] = [0, 0];
for (let at = 0; at + 2 < words.length; at += 3) {
  const counts = countsOf(words[at] ?? '', Number(words[at + 1]), words[at + 2] ?? '');
  process.stdout.write(`${counts.said}\n`);
  passed += counts.passed;
  failed += counts.failed;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
