/** The rules of deploy/alerters: they lead to hooks that exist, hold no secret, and have the form that their alerter wants. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import probes from '../../probes/index.ts';
import { loadConfig } from '../../src/config/load.ts';
import { composeLine } from '../../src/core/line.ts';
import { heartbeatForms } from '../../src/core/pipeline.ts';
import { readToken } from '../../src/core/token.ts';
import { scanHook } from '../../src/http/hooks.ts';
import { formOf } from '../../src/notify/heartbeat-form.ts';
import notifiers from '../../src/notify/index.ts';
import { series } from '../../src/telemetry/series.ts';
import { canaryLines } from '../fakes/canary-lines.ts';

const root = path.resolve(import.meta.dirname, '../../deploy/alerters');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ya?ml|json)$/.test(file));
const load = (file: string) => (file.endsWith('.json') ? JSON.parse(read(file)) : parse(read(file)));

describe('every alerter', () => {
  test('given its files, when they lead to logcanary, then to a hook, by TLS, and without a secret', () => {
    const urls = files.flatMap((file) => [...read(file).matchAll(/https?:\/\/logcanary[^\s"]*/g)].map(([url]) => url));
    expect(urls.length).toBeGreaterThanOrEqual(7);
    for (const url of urls)
      expect(url).toMatch(/^https:\/\/logcanary\.example:9780\/hooks\/(hop\/alert|ping\/alertmanager)(\/CHANGE-ME)?$/);
    for (const file of files)
      for (const [, secret] of read(file).matchAll(/Bearer ([^"\s,]+)/g))
        expect(secret).toMatch(/^(CHANGE-ME|\$\{LOGCANARY_SECRET\})$/);
  });

  test('given the README, then it names every folder and only files that there are', () => {
    const readme = read('README.md');
    const named = [...readme.matchAll(/`([\w-]+\/[\w.-]+\.(?:ya?ml|json))`/g)].map(([, file = '']) => file);
    expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
    const folders = readdirSync(root, { withFileTypes: true }).filter((each) => each.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => !readme.includes(`${name}/`))).toEqual([]);
  });

  test('given the configuration in the README, when it is loaded, then it has no fault', async () => {
    const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
    const env = {
      LOGCANARY_SECRET: 'only-for-this-test-0123456789',
      HEALTHCHECKS_URL: 'https://hc-ping.com/5ec2e7',
      SNITCH_URL: 'https://nosnch.in/c2354d53d2',
    };
    const config = await loadConfig({ file: '/s/logcanary.yaml', text, env, probes, notifiers });
    expect(config.pipelines[0]?.checks.map(({ kind }) => kind)).toEqual([
      'elastalert-rules',
      'alertmanager',
      'prometheus',
    ]);
    expect(config.heartbeats.map(formOf)).toEqual(['healthchecks', 'snitch']);
  });

  test('given the forms of heartbeats, then the README has each', () => {
    for (const form of heartbeatForms) expect(read('README.md')).toContain(`| \`${form}\``);
  });
});

describe('ElastAlert', () => {
  /** As both editions check it themselves (`schema.yaml`), and what the hop needs beside. */
  const Rule = z.object({
    name: z.string(),
    type: z.literal('any'),
    index: z.string(),
    filter: z.tuple([z.object({ query: z.object({ query_string: z.object({ query: z.string().regex(/lcn1\*/) }) }) })]),
    include: z.tuple([z.string()]),
    buffer_time: z.object({ minutes: z.number().min(15) }),
    realert: z.object({ minutes: z.literal(0) }),
    alert: z.literal('post'),
    http_post_url: z.string(),
    http_post_headers: z.object({ Authorization: z.string().startsWith('Bearer ') }),
    http_post_payload: z.record(z.string(), z.string()),
  });

  test.each(['elastalert', 'elastalert2'])(
    'given the rule for %s, then it posts each match, and only its line',
    (edition) => {
      const rule = Rule.parse(load(`${edition}/logcanary.yaml`));
      expect(Object.values(rule.http_post_payload)).toEqual(rule.include);
    },
  );

  test('given the old edition, then its rule says which type documents have: OpenSearch does not', () => {
    expect(load('elastalert/logcanary.yaml')).toMatchObject({ doc_type: '_doc' });
  });
});

describe('Kibana', () => {
  /** https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-alerting-rule-id, rule type `.es-query` with `esQuery` */
  const Rule = z.strictObject({
    name: z.string(),
    tags: z.array(z.string()),
    rule_type_id: z.literal('.es-query'),
    consumer: z.literal('stackAlerts'),
    schedule: z.strictObject({ interval: z.string().regex(/^\d+[smhd]$/) }),
    params: z.strictObject({
      searchType: z.literal('esQuery'),
      index: z.array(z.string()).min(1),
      timeField: z.string(),
      esQuery: z.string(),
      size: z.number().min(1).max(10_000),
      timeWindowSize: z.number().min(1),
      timeWindowUnit: z.enum(['s', 'm', 'h', 'd']),
      // what is indexed late is older than the newest of the run before, and would never be posted
      excludeHitsFromPreviousRun: z.literal(false),
      aggType: z.literal('count'),
      groupBy: z.literal('all'),
      threshold: z.tuple([z.literal(0)]),
      thresholdComparator: z.literal('>'),
    }),
    actions: z.tuple([
      z.strictObject({
        id: z.string(),
        group: z.literal('query matched'),
        frequency: z.strictObject({
          summary: z.literal(false),
          notify_when: z.literal('onActiveAlert'),
          throttle: z.null(),
        }),
        params: z.strictObject({ body: z.string() }),
      }),
    ]),
  });
  const Connector = z.strictObject({
    name: z.string(),
    connector_type_id: z.literal('.webhook'),
    config: z.strictObject({
      method: z.literal('post'),
      url: z.url(),
      headers: z.record(z.string(), z.string()),
      hasAuth: z.literal(false),
    }),
    secrets: z.strictObject({}),
  });

  test('given rule and connector, then they have the form of the API, and the query is JSON with a query', () => {
    Connector.parse(load('kibana/connector.json'));
    const { params } = Rule.parse(load('kibana/rule.json'));
    expect(JSON.parse(params.esQuery)).toMatchObject({ query: { bool: {} } });
  });
});

describe('OpenSearch alerting', () => {
  const mustache = z.strictObject({ source: z.string(), lang: z.literal('mustache') });
  /** https://docs.opensearch.org/latest/observing-your-data/alerting/api/ */
  const Monitor = z.strictObject({
    type: z.literal('monitor'),
    monitor_type: z.literal('query_level_monitor'),
    name: z.string(),
    enabled: z.literal(true),
    schedule: z.strictObject({ period: z.strictObject({ interval: z.int().min(1), unit: z.literal('MINUTES') }) }),
    inputs: z.tuple([
      z.strictObject({
        search: z.strictObject({ indices: z.array(z.string()).min(1), query: z.record(z.string(), z.unknown()) }),
      }),
    ]),
    triggers: z.tuple([
      z.strictObject({
        query_level_trigger: z.strictObject({
          name: z.string(),
          severity: z.enum(['1', '2', '3', '4', '5']),
          condition: z.strictObject({ script: z.strictObject({ source: z.string(), lang: z.literal('painless') }) }),
          actions: z.tuple([
            z.strictObject({
              name: z.string(),
              destination_id: z.string(),
              throttle_enabled: z.literal(false),
              message_template: mustache,
              subject_template: mustache,
            }),
          ]),
        }),
      }),
    ]),
  });
  /** https://docs.opensearch.org/latest/observing-your-data/notifications/api/ */
  const Channel = z.strictObject({
    config_id: z.string(),
    config: z.strictObject({
      name: z.string(),
      description: z.string(),
      config_type: z.literal('webhook'),
      is_enabled: z.literal(true),
      webhook: z.strictObject({ url: z.url() }),
    }),
  });

  test('given monitor and channel, then they have the form of the API, and the one leads to the other', () => {
    const { config_id: id } = Channel.parse(load('opensearch/channel.json'));
    const { triggers } = Monitor.parse(load('opensearch/monitor.json'));
    expect(triggers[0].query_level_trigger.actions[0].destination_id).toBe(id);
  });
});

describe('Grafana', () => {
  const Query = z.strictObject({
    refId: z.string(),
    relativeTimeRange: z.strictObject({ from: z.number(), to: z.number() }).optional(),
    datasourceUid: z.string(),
    model: z.looseObject({ refId: z.string() }),
  });
  /** https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/ */
  const Provisioning = z.strictObject({
    apiVersion: z.literal(1),
    contactPoints: z.tuple([
      z.strictObject({
        orgId: z.literal(1),
        name: z.string(),
        receivers: z.tuple([
          z.strictObject({
            uid: z.string(),
            type: z.literal('webhook'),
            settings: z.strictObject({
              url: z.url(),
              httpMethod: z.literal('POST'),
              authorization_scheme: z.literal('Bearer'),
              authorization_credentials: z.string(),
              maxAlerts: z.string(),
            }),
            disableResolveMessage: z.literal(true),
          }),
        ]),
      }),
    ]),
    groups: z.tuple([
      z.strictObject({
        orgId: z.literal(1),
        name: z.string(),
        folder: z.string(),
        interval: z.string(),
        rules: z.tuple([
          z.strictObject({
            uid: z.string().max(40),
            title: z.string(),
            condition: z.string(),
            data: z.tuple([Query, Query]),
            noDataState: z.literal('OK'),
            execErrState: z.literal('Error'),
            for: z.string(),
            annotations: z.record(z.string(), z.string()),
            notification_settings: z.object({ receiver: z.string(), group_by: z.array(z.string()) }),
          }),
        ]),
      }),
    ]),
  });

  test.each(['loki', 'elasticsearch'])('given the rule for %s, then its parts name each other', (source) => {
    const { contactPoints, groups } = Provisioning.parse(load(`grafana/${source}.yaml`));
    const [rule] = groups[0].rules;
    const [query, threshold] = rule.data;
    expect(rule.condition).toBe(threshold.refId);
    expect(threshold).toMatchObject({ datasourceUid: '__expr__', model: { expression: query.refId } });
    expect(rule.data.map(({ refId, model }) => model.refId === refId)).toEqual([true, true]);
    expect(rule.notification_settings.receiver).toBe(contactPoints[0].name);
  });

  test('given what Grafana posts of a label that holds a line, when the hook reads it, then the line is whole', () => {
    const [token = ''] = canaryLines(1).map((line) => line.token);
    const line = composeLine({ token, pipeline: 'prod', stream: 'node-a', seq: readToken(token)?.seq ?? -1 });
    const [, pattern = ''] = /regexp "(.*?)" \[/.exec(read('grafana/loki.yaml')) ?? [];
    const found = new RegExp(pattern.replace('?P<', '?<')).exec(`2026-11-20T16:00:00Z stdout F ${line}`);
    const labels = { alertname: 'logcanary', canary: found?.groups?.canary ?? '', grafana_folder: 'logcanary' };
    const alert = {
      status: 'firing',
      labels,
      annotations: {},
      valueString: `[ var='found' labels={canary=${labels.canary}} value=1 ]`,
    };
    const { finds } = scanHook(
      Buffer.from(JSON.stringify({ receiver: 'logcanary', alerts: [alert], commonLabels: labels })),
    );
    expect(finds).not.toEqual([]);
    expect(finds.filter((find) => find.kind !== 'line' || find.token !== token || find.damage !== undefined)).toEqual(
      [],
    );
  });
});

describe('Prometheus', () => {
  test('given the rules, when they name a series of ours, then there is such a series', () => {
    const known = new Set(series.map(({ name }) => name));
    const named = [...read('prometheus/watchdog.rules.yml').matchAll(/\blogcanary_[a-z_]+\b/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThanOrEqual(3);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});
