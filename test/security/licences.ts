/** `npm run licences`: the licences of everything that is installed with logcanary. Ends with 1 for one that is not allowed or not known. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import lock from '../../package-lock.json' with { type: 'json' };
import { allowed, isAllowed, licenceOf, type Manifest } from './licence-policy.ts';

const root = path.join(import.meta.dirname, '../..');

interface Entry {
  readonly dev?: boolean;
  readonly optional?: boolean;
}

const byLicence = new Map<string, string[]>();
const faults: string[] = [];
let absent = 0;
for (const [place, entry] of Object.entries(lock.packages as Readonly<Record<string, Entry>>)) {
  if (place === '' || entry.dev === true) continue;
  const file = path.join(root, place, 'package.json');
  if (!existsSync(file)) {
    // a package for another kind of machine
    if (entry.optional === true) absent += 1;
    else faults.push(`${place} is not installed. Run npm ci.`);
    continue;
  }
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  const id = `${manifest.name}@${manifest.version}`;
  const licence = licenceOf(manifest);
  const key = licence ?? 'unknown';
  byLicence.set(key, [...(byLicence.get(key) ?? []), id]);
  if (licence === undefined)
    faults.push(`${id} names no licence. Read its files, then add it to test/security/licence-policy.ts.`);
  else if (!isAllowed(licence)) faults.push(`${id} is under ${licence}, which is not allowed. Use another package.`);
}

for (const [licence, ids] of [...byLicence].sort(([, a], [, b]) => b.length - a.length)) {
  const shown = ids.length > 8 ? `${ids.length} packages` : ids.join(', ');
  process.stdout.write(`${licence.padEnd(16)} ${shown}\n`);
}
if (absent > 0)
  process.stdout.write(`${absent} optional packages are not installed on this machine and were not looked at\n`);
for (const fault of faults) process.stdout.write(`FAULT  ${fault}\n`);
process.stdout.write(`allowed: ${[...allowed].join(', ')}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
