/**
 * `npm run audit`: known vulnerabilities of what is installed with logcanary. Ends with 0 when the registry knows none, 1 when
 * it knows some, 3 when it did not say: that is not the same as none.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { auditOutcome } from './audit-outcome.ts';

const root = path.join(import.meta.dirname, '../..');
const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  timeout: 120_000,
});
const { code, words } = auditOutcome(stdout ?? '', error);
process.stdout.write(`${words}\n`);
process.exitCode = code;
