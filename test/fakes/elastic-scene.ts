/** An observer before the simulated index, and what its looks delivered. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import elasticsearch from '../../probes/elasticsearch.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { Look, Observer, Question } from '../../src/probe.ts';
import { forever } from '../contract/bench.ts';
import { type CanaryLine, canaryLines, canaryPrefix } from './canary-lines.ts';
import { type ElasticBench, type LeapingClock, leapingClock, startElasticBench } from './elastic-bench.ts';

const cleanups: (() => Promise<void>)[] = [];

/** Closes what the tests of a file opened; for `afterEach`. */
export async function closeScenes(): Promise<void> {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
}

export interface Scene {
  readonly bench: ElasticBench;
  readonly observer: Observer;
  readonly clock: LeapingClock;
  look(tokens: readonly string[], more?: Partial<Question>): Promise<Look>;
}

export async function openObserver(
  url: string,
  config: object = {},
  clock = leapingClock(),
): Promise<Pick<Scene, 'observer' | 'clock' | 'look'>> {
  const role = elasticsearch.observe;
  if (role === undefined) throw new Error('no observer');
  const observer = await role.open(role.config.parse({ url, index: 'logs-*', ...config }), { clock, log: silentLog });
  cleanups.push(() => observer.close());
  const look: Scene['look'] = (tokens, more) => {
    const now = clock.now();
    return observer.observe(
      { asOf: now, since: now - 60_000, count: tokens.length, tokens: () => tokens, prefixes: [canaryPrefix], ...more },
      forever,
    );
  };
  return { observer, clock, look };
}

export async function openScene(
  config: object = {},
  options: Parameters<typeof startElasticBench>[0] = {},
): Promise<Scene> {
  const bench = await startElasticBench(options);
  cleanups.push(bench.stop);
  return { bench, ...(await openObserver(bench.server.url, config)) };
}

export const tokens = (lines: readonly CanaryLine[]) => lines.map((line) => line.token);
export const texts = (lines: readonly CanaryLine[]) => lines.map((line) => line.text);
export const delivered = (look: Look) => look.finds.filter((find) => find.kind === 'line').map((find) => find.token);
/** Valid tokens that are nowhere. */
export const absent = (count: number) => tokens(canaryLines(count));

/** Answers from a table by the last part of the path; what is not in it goes to the simulated index. */
export async function startProxy(
  behind: string,
  answers: Record<string, { status: number; body: unknown }>,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const last = new URL(request.url ?? '/', behind).pathname.split('/').at(-1) ?? '';
    const canned = answers[last];
    const type = { 'content-type': 'application/json' };
    if (canned !== undefined) return void response.writeHead(canned.status, type).end(JSON.stringify(canned.body));
    const method = request.method ?? 'GET';
    const passed = await fetch(`${behind}${request.url}`, {
      method,
      headers: type,
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    });
    response.writeHead(passed.status, type).end(await passed.text());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanups.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
