/** Real ElastAlert, old and new, over a search engine on loopback. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { installElastalert, installElastalert2 } from '../install/elastalert-packages.ts';
import { type Child, startChild } from './child.ts';

export const editions = { elastalert: installElastalert, elastalert2: installElastalert2 } as const;
export type Edition = keyof typeof editions;

export interface ElastalertOptions {
  readonly edition: Edition;
  /** Its own folder. */
  readonly dir: string;
  /** `http://host:port` of the search engine. */
  readonly url: string;
  readonly writebackIndex: string;
  /** Rule files by name. */
  readonly rules: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ElastalertServer extends Child {
  /** It is read at the next run. */
  writeRule(file: string, text: string): Promise<void>;
  removeRule(file: string): Promise<void>;
}

const runEverySeconds = 2;

export async function startElastalert(options: ElastalertOptions): Promise<ElastalertServer> {
  const { edition, dir, url, writebackIndex, rules } = options;
  const { python, env: own, mappings } = await editions[edition]((text) => process.stderr.write(`${text}\n`));
  const { hostname, port } = new URL(url);
  const folder = path.join(dir, 'rules');
  const writeRule = (file: string, text: string) => writeFile(path.join(folder, file), text);
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(rules)) await writeRule(file, text);
  const config = path.join(dir, 'config.yaml');
  await writeFile(
    config,
    stringify({
      ...{ rules_folder: folder, run_every: { seconds: runEverySeconds }, buffer_time: { minutes: 15 } },
      ...{ es_host: hostname, es_port: Number(port), writeback_index: writebackIndex, alert_time_limit: { days: 2 } },
    }),
  );
  const env = { ...process.env, ...own, ...options.env };
  const where = ['--host', hostname, '--port', port, '--index', writebackIndex, '--no-auth', '--no-ssl'];
  const create = ['-m', 'elastalert.create_index', ...where, '--url-prefix', ''];
  await promisify(execFile)(python, create, { cwd: dir, env }).catch((error: unknown) => {
    if (mappings === undefined) throw error;
  });
  if (mappings !== undefined) await putMappings(mappings, url, writebackIndex);
  const child = await startChild({
    name: edition,
    command: python,
    args: ['-u', '-m', 'elastalert.elastalert', '--config', config, '--verbose'],
    cwd: dir,
    env,
    ready(output) {
      if (!output.includes('Starting up')) throw new Error('it has not begun');
    },
  });
  return { ...child, writeRule, removeRule: (file) => rm(path.join(folder, file)) };
}

/** That of the runs is left out on purpose: it is mapped as it is written to, which many installations are. */
const mapped = { elastalert: '', elastalert_error: '_error', silence: '_silence' } as const;

/** OpenSearch 2 lets the old one make its indices, but refuses their mappings in the way that it puts them. */
async function putMappings(folder: string, url: string, index: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  for (const [name, suffix] of Object.entries(mapped)) {
    const body = await readFile(path.join(folder, `${name}.json`), 'utf8');
    const answer = await fetch(`${url}/${index}${suffix}/_mapping`, { method: 'PUT', headers, body });
    if (!answer.ok)
      throw new Error(`the mapping of ${index}${suffix} was answered ${answer.status}: ${await answer.text()}`);
  }
}
