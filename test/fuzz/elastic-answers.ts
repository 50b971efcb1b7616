/** A cluster, or something in between, whose answers parse but are not quite what they should be. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import elasticsearch from '../../probes/elasticsearch.ts';
import disk from '../../probes/elasticsearch-disk.ts';
import { silentLog } from '../../src/lib/log.ts';
import { ProbeError } from '../../src/probe.ts';
import { createIndexServer } from '../../src/sandbox/index-server.ts';
import { canaryLines } from '../fakes/canary-lines.ts';
import { hastyClock } from '../fakes/hasty-clock.ts';
import { editJson, editText, hostileValues, textEdits } from './mutation.ts';
import { checking, type FuzzTarget, refuse } from './target.ts';

const [line = { token: '', text: '' }] = canaryLines(1, 11);

/** Which answer of a look is damaged (they are about ten), and how. */
const damages = fc.record({
  answer: fc.nat(12),
  draw: fc.nat(),
  by: hostileValues,
  text: fc.option(textEdits, { freq: 3 }),
});
type Damage = typeof damages extends fc.Arbitrary<infer T> ? T : never;

/** Passes requests on to the real thing and damages one of its answers. */
async function openProxy(target: string) {
  let damage: Damage | undefined;
  let count = 0;
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
    const headers = { 'content-type': request.headers['content-type'] ?? 'application/json' };
    const answer = await fetch(target + request.url, { method: request.method ?? 'GET', headers, ...body });
    const text = await answer.text();
    const hit = damage !== undefined && count === damage.answer;
    count += 1;
    const type = answer.headers.get('content-type') ?? 'application/json';
    const product = answer.headers.get('x-elastic-product');
    response.writeHead(answer.status, { 'content-type': type, ...(product && { 'x-elastic-product': product }) });
    response.end(hit && damage !== undefined ? damaged(text, damage) : text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    begin(next: Damage) {
      damage = next;
      count = 0;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function damaged(text: string, { draw, by, text: edits }: Damage): string {
  if (edits !== null || !/^[[{]/.test(text)) return editText(text, edits ?? []);
  return JSON.stringify(editJson(JSON.parse(text), draw, by));
}

/** Done, or an error of the probe's own that quotes no token and is no bug of ours. */
async function expectTyped(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    if (error.reason === 'internal') refuse(`our own bug: ${error.message}`);
    if (error.message.includes(line.token)) refuse('a whole token in an error');
  }
}

export const elasticTargets: readonly FuzzTarget[] = [
  {
    name: 'answers of Elasticsearch',
    runs: 25,
    async open() {
      const clock = hastyClock();
      const index = await createIndexServer({ clock });
      const proxy = await openProxy(index.url);
      const document = JSON.stringify({ '@timestamp': clock.wall(), message: line.text });
      await fetch(`${index.url}/_bulk?refresh=true`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"index":{"_index":"logs-1"}}\n${document}\n`,
      });
      const { observe } = elasticsearch;
      const { check } = disk;
      if (observe === undefined || check === undefined) return refuse('the probes lack their roles');
      const { signal } = new AbortController();
      // what is damaged below must first be whole
      const honest = await observe.open(observe.config.parse({ url: proxy.url, index: 'logs-*' }), {
        clock,
        log: silentLog,
      });
      const { finds } = await honest.observe(
        {
          asOf: clock.now(),
          since: clock.now() - 60_000,
          count: 1,
          tokens: () => [line.token],
          prefixes: [line.token.slice(0, 11)],
        },
        { signal },
      );
      await honest.close();
      if (finds.length !== 1) refuse('the canary is not found without any damage');
      const property = fc.asyncProperty(damages, async (damage) => {
        proxy.begin(damage);
        const observer = await observe.open(observe.config.parse({ url: proxy.url, index: 'logs-*' }), {
          clock,
          log: silentLog,
        });
        const asOf = clock.now();
        const question = {
          asOf,
          since: asOf - 60_000,
          count: 1,
          tokens: () => [line.token],
          prefixes: [line.token.slice(0, 11)],
        };
        await expectTyped(() => observer.observe(question, { signal }));
        await observer.close();
        proxy.begin({ ...damage, answer: damage.answer % 4 });
        const checker = await check.open(check.config.parse({ url: proxy.url }), { clock, log: silentLog });
        await expectTyped(async () => {
          for (const { value, limit } of (await checker.check({ signal })).readings)
            if (!Number.isFinite(value) || !Number.isFinite(limit)) refuse(`a reading of ${value} of ${limit}`);
        });
        await checker.close();
      });
      return checking(property, async () => {
        proxy.close();
        await index.stop();
      });
    },
  },
];
