/** Commands in runbooks as people get them: with the names that the configuration has, and with no secret. */
import { describe, expect, test } from 'vitest';
import probes from '../../probes/index.ts';
import { filledRunbook, lookText } from '../../src/core/first-look.ts';

const secret = 'hunter2-hunter2-hunter2';
const url = 'https://es.example:9200/';
const cluster = { context: 'prod', namespace: 'logging', selector: 'app in (fluent-bit)' };
const aws = { region: 'ap-northeast-1', access_key_id: secret, secret_access_key: secret };
const kinesis = { stream: 'logs', ...aws };
const elastic = { url, auth: { username: 'canary', password: secret } };

const agentForms = [
  [{ kubernetes: cluster }, 'kubectl --context prod -n logging logs'],
  [{ url: 'http://agent:2020/', auth: { username: 'a', password: secret } }, "'http://agent:2020/"],
] as const;

const samples: readonly (readonly [string, object, string])[] = [
  [
    'kubernetes',
    { ...cluster, secret, agents: { namespace: 'logging', selector: 'app=fluent-bit' } },
    "kubectl --context prod -n logging get pods -l 'app in (fluent-bit)'",
  ],
  ['kubernetes-log', cluster, 'kubectl --context prod -n logging'],
  ['file', { path: '/var/log/app.log' }, "'/var/log/app.log'"],
  ['kinesis', kinesis, 'aws --region ap-northeast-1 kinesis describe-stream-summary --stream-name logs'],
  ['kinesis-iterator-age', kinesis, '--stream-name logs'],
  [
    's3',
    { bucket: 'archive', prefix: 'prod/', ...aws },
    'aws --region ap-northeast-1 s3 ls "s3://archive/prod/$(date -u +%Y/%m/%d/%H/)"',
  ],
  [
    'elasticsearch',
    { ...elastic, index: 'logs-*' },
    `curl -sS -m 10 -u "$ES_USER" 'https://es.example:9200/_cluster/health?pretty'`,
  ],
  ['elasticsearch-disk', elastic, `'https://es.example:9200/_cat/allocation?v`],
  ['elastalert-rules', elastic, '/elastalert*_error/_search'],
  ['metricbeat-freshness', elastic, '/metricbeat-*/'],
  ['webhook', {}, 'https://canary.example/hooks/hop/alert'],
  ...[
    'alertmanager',
    'prometheus',
    'kube-state-metrics',
    'fluent-bit-buffer',
    'filebeat-queue',
    'fluentd-buffer',
    'logstash-queue',
  ].flatMap((kind) =>
    agentForms.slice(0, kind === 'kube-state-metrics' ? 1 : 2).map(([form, shown]) => [kind, form, shown] as const),
  ),
];

/** All looks of a probe in its roles, by kind. */
function looksOf(kind: string, options: object): Record<string, string[]> {
  const probe = probes.find((each) => each.kind === kind);
  if (probe === undefined) throw new Error(`there is no probe ${kind}`);
  const roles = [probe.inject, probe.observe, probe.check].filter((role) => role !== undefined);
  const always = { hop: 'alert', own: 'https://canary.example' };
  const filled = roles.map((role) => {
    const config = role.config.parse(options);
    return filledRunbook(probe.runbook, { ...always, ...role.names?.(config) });
  });
  const kinds = Object.keys(probe.runbook);
  return Object.fromEntries(kinds.map((each) => [each, filled.flatMap((book) => (book[each] ?? []).map(lookText))]));
}

describe('the first looks of a probe', () => {
  test.each(samples)('given %s, then they name what is configured, and no secret', (kind, options, expected) => {
    const looks = looksOf(kind, options);
    const all = Object.values(looks).flat().join('\n');
    expect(all).toContain(expected);
    expect(all).not.toContain(secret);
    expect(all).not.toMatch(/\{[a-z_]+\}|undefined/);
  });

  test('given any probe, then it is among them, and no kind of trouble is without a look', () => {
    expect([...new Set(samples.map(([kind]) => kind))].sort()).toEqual(probes.map(({ kind }) => kind).sort());
    for (const [kind, options] of samples) {
      for (const [on, looks] of Object.entries(looksOf(kind, options)))
        expect([kind, on, looks.length > 0]).toEqual([kind, on, true]);
    }
  });
});

test('given names that a shell would take for something else, then looks with them are left out', () => {
  const runbook = { stopped: [{ run: "curl '{url}'" }, 'See its log.'] };
  for (const name of ["a'; rm -rf /", 'a\nb', 'https://u:p@es:9200', 'a`id`'])
    expect(filledRunbook(runbook, { url: name }).stopped).toEqual([{ see: 'See its log.' }]);
});
