/** Commands that speak to the `run` that listens where the configuration says: a folder of its own for each test, with that configuration. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { stringify } from 'yaml';
import { secret } from '../http/serving.ts';

/** For the tests of the file that calls it. */
export function besideRunning() {
  let cwd = '';
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'logcanary-beside-'));
  });
  afterEach(() => rmSync(cwd, { recursive: true }));
  return {
    folder: () => cwd,
    configure(port: number, http: object = { secret }): void {
      const pipeline = {
        name: 'prod',
        inject: [{ file: { path: '/tmp/a.log' }, every: '30s' }],
        hops: [{ name: 'index', webhook: {}, within: '30s' }],
      };
      writeFileSync(join(cwd, 'l.yaml'), stringify({ listen: `127.0.0.1:${port}`, http, pipelines: [pipeline] }));
    },
  };
}
