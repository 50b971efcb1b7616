import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { createIndexServer, type IndexServer } from './index-server.ts';
import { startKinesisEmulator } from './kinesis-emulator.ts';
import { startS3Emulator } from './s3-emulator.ts';
import { type StreamFront, startStreamFront } from './stream-front.ts';

export interface ServersOptions {
  readonly stream: { readonly name: string; readonly shards: number };
  readonly throttleMs: number;
  /** Holds the archive's objects; must exist. */
  readonly archiveDir: string;
  readonly bucket: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What was started, to be undone in reverse. */
  readonly started: AsyncDisposableStack;
}

/** What the pipeline's parts talk to: the stream through its front, the index, the archive. */
export interface Servers {
  readonly front: StreamFront;
  readonly index: IndexServer;
  /** S3. */
  readonly archive: { readonly endpoint: string };
}

export async function startServers(options: ServersOptions): Promise<Servers> {
  const { clock, log, started, stream, bucket, archiveDir: dir, throttleMs } = options;
  const kinesis = await startKinesisEmulator({ streams: [stream], log });
  started.defer(() => kinesis.stop());
  const front = await startStreamFront({ upstream: kinesis.endpoint, clock, throttleMs });
  started.defer(() => front.stop());
  const index = await createIndexServer({ clock });
  started.defer(() => index.stop());
  const archive = await startS3Emulator({ dir, bucket });
  started.defer(() => archive.stop());
  return { front, index, archive };
}
