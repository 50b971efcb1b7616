/** An S3 for the sandbox and the tests: the npm package s3rver inside this process, on 127.0.0.1 only. */
import type http from 'node:http';
import { createRequire } from 'node:module';

export interface S3EmulatorOptions {
  /** Where the objects are kept; must exist. Left as it is on `stop`. */
  readonly dir: string;
  /** Made at start when it is not there yet. */
  readonly bucket: string;
}

export interface S3Emulator {
  /** Plain HTTP, `http://127.0.0.1:<port>`; path-style addressing. */
  readonly endpoint: string;
  /** Closes the listener and its open connections. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * The only key pair the emulator knows (s3rver `lib/models/account.js`). It stores the chunk framing of streamed and of
 * checksummed PUTs as content: write with Buffer bodies and `requestChecksumCalculation: 'WHEN_REQUIRED'`.
 */
export const emulatorCredentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const;

/** The sliver of s3rver that is used; it ships no types. */
interface S3rver {
  httpServer?: http.Server;
  silent: boolean;
  run(): Promise<{ port: number }>;
}
type S3rverClass = new (options: object) => S3rver;

export async function startS3Emulator(options: S3EmulatorOptions): Promise<S3Emulator> {
  const load: (name: string) => S3rverClass = createRequire(import.meta.url);
  const emulator = new (load('s3rver'))({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: options.dir,
    configureBuckets: [{ name: options.bucket }],
  });
  const { port } = await emulator.run();
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => closed(emulator.httpServer) };
}

function closed(server: http.Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined || !server.listening) return resolve();
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
