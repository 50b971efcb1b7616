/**
 * The rules of deploy/alerters whose alerters cannot run here: what they search for is searched for in a real engine, and what they
 * would post is rendered by its own templates and read as a hook reads it. Those of Prometheus and Alertmanager are read by
 * their own tools.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { composeLine } from '../../src/core/line.ts';
import { readToken } from '../../src/core/token.ts';
import { scanHook } from '../../src/http/hooks.ts';
import { context } from '../contract/bench.ts';
import { canaryLines } from '../fakes/canary-lines.ts';
import { installPrometheus } from './install/prometheus-package.ts';
import { type SearchServer, startOpenSearch } from './servers/opensearch.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';

const missing = inject('missing');
const alerters = path.resolve(import.meta.dirname, '../../deploy/alerters');
const json = async (file: string) => JSON.parse(await readFile(path.join(alerters, file), 'utf8'));

/** As it goes out: what is cut off it would show. */
const lineOf = (token: string) =>
  composeLine({ token, pipeline: 'prod', stream: 'node-a', seq: readToken(token)?.seq ?? -1 });

describe.skipIf(missing.opensearch !== undefined)('rules over OpenSearch', () => {
  let scratch: Scratch;
  let server: SearchServer;
  let tokens: readonly string[];

  const ask = async (method: string, where: string, body: object | string) => {
    const init = { method, headers: { 'content-type': 'application/json' } };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(server.url + where, { ...init, body: text });
    if (!answer.ok) throw new Error(`${method} ${where} was answered ${answer.status}: ${await answer.text()}`);
    return answer.json() as Promise<Record<string, unknown>>;
  };

  beforeAll(async () => {
    scratch = await openScratch('alerting-rules');
    server = await startOpenSearch({ dataDir: scratch.dir });
    scratch.cleanup(() => server.stop());
    tokens = canaryLines(12).map(({ token }) => token);
    const texts = [...tokens.map(lineOf), 'a line of somebody else', 'it says "quoted" & <odd>'];
    const documents = texts.map((message) => ({ '@timestamp': context.clock.wall(), message }));
    const mappings = { properties: { '@timestamp': { type: 'date' }, message: { type: 'text' } } };
    await ask('PUT', '/logs-test', { mappings });
    const bulk = documents.map((document) => `{"index":{"_index":"logs-test"}}\n${JSON.stringify(document)}\n`);
    await ask('POST', '/_bulk?refresh=true', bulk.join(''));
  });
  afterAll(() => scratch?.end());

  const rendered = async (source: string, params: object) =>
    (
      (await ask('POST', '/_render/template', { source: JSON.stringify({ body: source }), params })) as {
        template_output: { body: string };
      }
    ).template_output.body;
  const expectAll = (body: string) => {
    const { finds, unread } = scanHook(Buffer.from(body));
    expect(unread).toBeUndefined();
    expect(new Set(finds.map(({ token }) => token))).toEqual(new Set(tokens));
    expect(finds.filter(({ kind, damage }) => kind !== 'line' || damage !== undefined)).toEqual([]);
  };

  test('given the monitor of OpenSearch alerting, when its search is run, then it finds the canaries, and its message carries them', async () => {
    const { inputs, triggers } = await json('opensearch/monitor.json');
    const { query } = inputs[0].search;
    const text = JSON.stringify(query).replaceAll('{{period_end}}', String(context.clock.wall() + 1_000));
    const found = (await ask('POST', '/logs-test/_search', text)) as { hits: { hits: unknown[] } };
    expect(found.hits.hits).toHaveLength(tokens.length);
    const [action] = triggers[0].query_level_trigger.actions;
    expectAll(await rendered(action.message_template.source, { ctx: { results: [found] } }));
  });

  test('given the rule of Kibana, when its query is run, then it finds the canaries, and its body carries them', async () => {
    const { params, actions } = await json('kibana/rule.json');
    const body = { ...JSON.parse(params.esQuery), size: params.size };
    const found = (await ask('POST', '/logs-test/_search', body)) as { hits: { hits: unknown[] } };
    expect(found.hits.hits).toHaveLength(tokens.length);
    expectAll(await rendered(actions[0].params.body, { context: { hits: found.hits.hits } }));
  });
});

describe.skipIf(missing.prometheus !== undefined)('rules of Prometheus and Alertmanager', () => {
  const run = promisify(execFile);
  const say = () => {};

  test('given the shipped rules, when promtool reads and tests them, then it has nothing against them', async () => {
    const { promtool } = await installPrometheus(say);
    for (const file of ['prometheus/watchdog.rules', '../prometheus/logcanary.rules']) {
      expect((await run(promtool, ['check', 'rules', path.join(alerters, `${file}.yml`)])).stdout).toContain('SUCCESS');
      expect((await run(promtool, ['test', 'rules', path.join(alerters, `${file}.test.yml`)])).stdout).toContain(
        'SUCCESS',
      );
    }
  });

  test('given the shipped route, when amtool reads it, then the Watchdog goes to logcanary, and nothing else does', async () => {
    const { amtool } = await installPrometheus(say);
    const config = path.join(alerters, 'alertmanager/alertmanager.yml');
    expect((await run(amtool, ['check-config', config])).stdout).toContain('SUCCESS');
    const routed = async (...labels: string[]) =>
      (await run(amtool, ['config', 'routes', 'test', `--config.file=${config}`, ...labels])).stdout.trim();
    expect(await routed('alertname=Watchdog', 'severity=none')).toBe('logcanary');
    expect(await routed('alertname=LogcanaryDown', 'severity=critical')).toBe('default');
  });
});
