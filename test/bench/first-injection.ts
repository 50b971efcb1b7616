/** From the start of the program to the first canary in the file. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const giveUpMs = 20_000;

export async function benchFirstInjection(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'logcanary-bench-'));
  const log = join(folder, 'app.log');
  writeFileSync(join(folder, 'logcanary.yaml'), configText(log));
  const began = performance.now();
  const child = spawn(process.execPath, [main, 'run', '--config', join(folder, 'logcanary.yaml')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    while (!hasBytes(log)) {
      if (performance.now() - began > giveUpMs || child.exitCode !== null)
        throw new Error('logcanary injected nothing');
      await sleep(2);
    }
    return { firstInjectionMs: performance.now() - began };
  } finally {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true });
  }
}

/** Nothing listens on port 9 (discard): the index is down while we start, which must not delay the first canary. */
function configText(log: string): string {
  return `
listen: 127.0.0.1:0
pipelines:
  - name: bench
    inject:
      - { file: { path: ${JSON.stringify(log)} }, every: 1s }
    hops:
      - { name: index, elasticsearch: { url: "http://127.0.0.1:9", index: "logs-*" }, within: 60s }
`;
}

function hasBytes(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
