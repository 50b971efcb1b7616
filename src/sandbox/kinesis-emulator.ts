/** A Kinesis for the sandbox and the tests: the npm package kinesis-local in a child process, on 127.0.0.1 only. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../lib/log.ts';

export interface KinesisEmulatorOptions {
  /** Aborting it stops the emulator, also while it is starting. */
  readonly signal?: AbortSignal;
  /** Ready for use, with this many shards each, when `startKinesisEmulator` resolves. */
  readonly streams: readonly { readonly name: string; readonly shards: number }[];
  readonly log: Log;
}

export interface KinesisEmulator {
  /** Plain HTTP, `http://127.0.0.1:<port>`. Takes any credentials. */
  readonly endpoint: string;
  /** Resolves when the process is gone; what the streams held goes with it. Safe to call twice. */
  stop(): Promise<void>;
}

/** The emulator keeps streams by region; a client of another region sees none of them. */
export const emulatorRegion = 'us-east-1';

// Port numbers are only marks here: the preload binds a free port and reports which mark it stands for.
const tlsMark = 1;
const plainMark = 2;

/** Starts the emulator; it is ready about 0.7 s later. Rejects with what the process said when it could not start. */
export async function startKinesisEmulator(options: KinesisEmulatorOptions): Promise<KinesisEmulator> {
  options.signal?.throwIfAborted();
  const child = launch(options.streams);
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const kill = () => child.kill('SIGKILL');
  options.signal?.addEventListener('abort', kill, { once: true });
  child.once('exit', () => options.signal?.removeEventListener('abort', kill));
  const port = await listening(child);
  options.log.debug({ port, pid: child.pid }, 'the Kinesis emulator is up');
  return { endpoint: `http://127.0.0.1:${port}`, stop };
}

function launch(streams: KinesisEmulatorOptions['streams']): ChildProcess {
  // The emulator reads server.json (its TLS key) from the working directory.
  const folder = path.dirname(createRequire(import.meta.url).resolve('kinesis-local/package.json'));
  const preload = fileURLToPath(new URL('./kinesis-emulator-preload.ts', import.meta.url));
  return fork(path.join(folder, 'main.js'), [], {
    cwd: folder,
    execArgv: ['--import', preload],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      KINESIS_MOCK_TLS_PORT: String(tlsMark),
      KINESIS_MOCK_PLAIN_PORT: String(plainMark),
      AWS_REGION: emulatorRegion,
      INITIALIZE_STREAMS: streams.map(({ name, shards }) => `${name}:${shards}`).join(','),
      CREATE_STREAM_DURATION: '1ms',
      SPLIT_SHARD_DURATION: '1ms',
      LOG_LEVEL: 'ERROR',
    },
  });
}

/** The streams exist before the emulator listens, so listening is being ready. */
function listening(child: ChildProcess): Promise<number> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.on('message', (message: { requested: number; port: number }) => {
      if (message.requested === plainMark) resolve(message.port);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const how = code === null ? `signal ${signal}` : `exit code ${code}`;
      reject(new Error(`The Kinesis emulator ended before it was ready (${how}): ${said.trim() || 'it said nothing'}`));
    });
  });
}
