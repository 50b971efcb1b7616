import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import s3 from '../../probes/s3.ts';
import { startS3Emulator } from '../../src/sandbox/s3-emulator.ts';
import { context } from '../contract/bench.ts';
import { describeObserver } from '../contract/probe.ts';
import { openTestBucket } from '../fakes/s3-bucket.ts';

const secret = 'wJalrXUtnFEMI-not-a-real-key';
const config = { bucket: 'logs', prefix: 'prod/', region: 'us-east-1' };

async function startBench() {
  const dir = await mkdtemp(path.join(tmpdir(), 'logcanary-s3-'));
  const emulator = await startS3Emulator({ dir, bucket: 'logs' });
  const bucket = openTestBucket(emulator.endpoint, 'logs');
  let written: string[] = [];
  return {
    bucket,
    config: { ...config, endpoint: emulator.endpoint },
    /** One object in Firehose's layout, gzip, records back to back. */
    async put(texts: readonly string[]) {
      const hour = new Date(context.clock.now()).toISOString().slice(0, 13).replace(/[-T]/g, '/');
      const key = `prod/${hour}/logs-1-${written.length}-${context.clock.monotonicMs()}.gz`;
      written.push(key);
      await bucket.put(key, gzipSync(texts.join('')));
    },
    async remove() {
      for (const key of written) await bucket.remove(key);
      written = [];
    },
    async stop() {
      bucket.close();
      await emulator.stop();
      await rm(dir, { recursive: true });
    },
  };
}

describeObserver('s3', {
  probe: s3,
  rechecks: true,
  secrets: [secret],
  hostile: (url) => ({ ...config, endpoint: url, access_key_id: 'AKIADUMMY', secret_access_key: secret }),
  bench: startBench,
});
