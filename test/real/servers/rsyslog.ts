/** A real agent: rsyslog tails a file into `_bulk`, and keeps what it cannot deliver until it can. */
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { installRsyslog } from '../install/rsyslog-package.ts';
import { startChild } from './child.ts';

export interface RsyslogOptions {
  /** Its own folder: config, pid file, queue, and how far it has read. Start in the same one again and it goes on there. */
  readonly dir: string;
  /** What it tails. Need not exist yet. */
  readonly file: string;
  /** `http://host:port` of the search engine. */
  readonly url: string;
  readonly index: string;
}

export interface Rsyslog {
  readonly pid: number;
  /** What it complained about. */
  output(): string;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export async function startRsyslog(options: RsyslogOptions): Promise<Rsyslog> {
  const { daemon, modules, libraries } = await installRsyslog((text) => process.stderr.write(`${text}\n`));
  const { dir } = options;
  const [config, pidFile] = [path.join(dir, 'rsyslog.conf'), path.join(dir, 'rsyslog.pid')];
  // left behind by a kill, it would look like a daemon that is up
  await rm(pidFile, { force: true });
  await mkdir(path.join(dir, 'work'), { recursive: true });
  await writeFile(config, configText(options));
  return startChild({
    name: 'rsyslog',
    command: daemon,
    args: ['-n', '-f', config, '-i', pidFile, '-M', modules],
    env: { ...process.env, LD_LIBRARY_PATH: libraries },
    ready: () => access(pidFile),
  });
}

/**
 * Whole requests that fail are repeated for ever, from a queue that spills to disk; single items that are refused (429,
 * 503) come back as a message of their own (`retryRuleset`), whose document is `%$!%`. An empty `searchType` sends no
 * `_type`, which OpenSearch 2 refuses. https://www.rsyslog.com/doc/configuration/modules/omelasticsearch.html
 */
function configText({ dir, file, url, index }: RsyslogOptions): string {
  const { hostname, port } = new URL(url);
  const ship = (name: string, template: string) => `ruleset(name="${name}") {
  action(type="omelasticsearch" name="${name}" template="${template}"
    server="${hostname}" serverport="${port}" searchIndex="${index}" searchType="" bulkmode="on"
    queue.type="LinkedList" queue.filename="${name}" queue.maxDiskSpace="64m" queue.saveOnShutdown="on"
    action.resumeRetryCount="-1" action.resumeInterval="1" action.resumeIntervalMax="1"
    retryFailures="on" retryRuleset="again" errorFile="${dir}/refused.json")
}`;
  return `global(workDirectory="${dir}/work" maxMessageSize="64k" net.enableDNS="off")
module(load="imfile" mode="inotify")
module(load="omelasticsearch")
template(name="line" type="list") {
  constant(value="{") property(name="msg" outname="message" format="jsonf")
  constant(value=",") property(name="timereported" outname="@timestamp" dateFormat="rfc3339" format="jsonf")
  constant(value="}")
}
template(name="document" type="string" string="%$!%")
${ship('again', 'document')}
${ship('first', 'line')}
input(type="imfile" file="${file}" tag="app" addMetadata="off" persistStateInterval="1" ruleset="first")
`;
}
