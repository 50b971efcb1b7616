/** Real single-node clusters on loopback, which keep their data when they are stopped and started in the same folder. */
import { mkdir } from 'node:fs/promises';
import process from 'node:process';
import { type Engine, installJars } from '../install/jars.ts';
import { startChild } from './child.ts';

export interface SearchServerOptions {
  /** Kept between runs: start in the same folder again and the documents are there. */
  readonly dataDir: string;
  /** Default: any free one. A server that comes back needs the port it had. */
  readonly port?: number;
  /** As in `opensearch.yml`, flat. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface SearchServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** An orderly end (SIGTERM). */
  stop(): Promise<void>;
  /** As when its machine dies (SIGKILL). */
  kill(): Promise<void>;
}

/** OpenSearch 2.19.1, without its security plugin. Answers in about 4 s. */
export const startOpenSearch = (options: SearchServerOptions): Promise<SearchServer> => start('opensearch', options);

/** Elasticsearch 7.10.2, the last one under an open licence, and what AWS runs as 7.10. */
export const startElasticsearch7 = (options: SearchServerOptions): Promise<SearchServer> =>
  start('elasticsearch7', options);

const programs: Readonly<Record<Engine, string>> = {
  opensearch: 'OpenSearchServer',
  elasticsearch7: 'Elasticsearch7Server',
};
/** A small heap, and compiled fast rather than well: these servers live for a minute. */
const jvm = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

async function start(engine: Engine, { dataDir, port = 0, settings = {} }: SearchServerOptions): Promise<SearchServer> {
  const classPath = await installJars(engine, (text) => process.stderr.write(`${text}\n`));
  await mkdir(dataDir, { recursive: true });
  const all = { ...settings, 'path.home': dataDir, 'path.data': `${dataDir}/data`, 'http.port': String(port) };
  const args = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  let bound = 0;
  const child = await startChild({
    name: programs[engine],
    command: 'java',
    args: [...jvm, '-cp', classPath, programs[engine], ...args],
    ready(output) {
      bound = Number(/^READY (\d+)$/m.exec(output)?.[1]);
      if (!(bound > 0)) throw new Error('it does not answer yet');
    },
  });
  return { url: `http://127.0.0.1:${bound}`, port: bound, pid: child.pid, stop: child.stop, kill: child.kill };
}
