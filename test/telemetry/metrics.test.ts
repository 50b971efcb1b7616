import { expect, test } from 'vitest';
import { hopStates } from '../../src/core/status.ts';
import { accounted } from '../../src/core/verdict-name.ts';
import { createClock } from '../../src/lib/clock.ts';
import { type ExpositionFormat, negotiateFormat, writeFamilies } from '../../src/telemetry/exposition.ts';
import { createMetrics, statusFamilies } from '../../src/telemetry/metrics.ts';
import { blindStatus, healthyStatus, hop, sampleToken, stoppedStatus } from '../http/sample-status.ts';

const build = { version: '0.1.0', configHash: 'abcdef0123456789' };
const openmetrics = 'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

function write(view = stoppedStatus(), format: ExpositionFormat = 'text'): Promise<string> {
  return writeFamilies(statusFamilies(view, build), format, async () => {});
}

function figure(text: string, line: string): number {
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  expect(found, line).toBeDefined();
  return Number(found?.slice(line.length + 1).split(' ')[0]);
}

test('given a stopped pipeline, when scraped as text, then it is the golden file', async () => {
  await expect(await write()).toMatchFileSnapshot('metrics.golden.txt');
});

test('given a stopped pipeline, when scraped as OpenMetrics, then it is the golden file', async () => {
  await expect(await write(stoppedStatus(), 'openmetrics')).toMatchFileSnapshot('metrics.openmetrics.golden.txt');
});

test('given any view, when scraped, then the verdicts of each hop sum up to the expected ones', async () => {
  for (const view of [healthyStatus(), stoppedStatus(), blindStatus()]) {
    const text = await write(view);
    for (const { name } of view.pipelines[0]?.hops ?? []) {
      const labels = `pipeline="prod",hop="${name}"`;
      const sum = accounted.reduce(
        (total, verdict) => total + figure(text, `logcanary_canaries{${labels},verdict="${verdict}"}`),
        0,
      );
      expect(sum).toBe(figure(text, `logcanary_canaries_expected{${labels}}`));
    }
    expect(text).not.toContain('verdict="withheld"');
  }
});

test('given a hop, when scraped, then exactly one of all states is 1', async () => {
  const text = await write();
  const values = hopStates.map((state) =>
    figure(text, `logcanary_hop_state{pipeline="prod",hop="index",state="${state}"}`),
  );
  expect(values.filter((value) => value === 1)).toHaveLength(1);
  expect(values[hopStates.indexOf('stopped')]).toBe(1);
});

test('given an odd deadline, when scraped, then it is a bucket, and buckets rise to the count', async () => {
  const view = healthyStatus();
  const [pipeline] = view.pipelines;
  const odd = hop({ name: 'index', kind: 'elasticsearch', withinMs: 8_000 });
  const text = await write({ ...view, pipelines: pipeline === undefined ? [] : [{ ...pipeline, hops: [odd] }] });
  const buckets = [...text.matchAll(/^logcanary_canary_latency_seconds_bucket\{.*le="([^"]+)"\} (\d+)$/gm)];
  expect(buckets.map((one) => one[1])).toContain('8');
  const counts = buckets.map((one) => Number(one[2]));
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(counts.at(-1)).toBe(61);
  expect(text).toMatch(/^logcanary_canary_latency_seconds_count\{.*\} 61$/m);
});

test('given nothing was read or sent, when scraped, then there is no such series: no data is not zero', async () => {
  const view = healthyStatus();
  const text = await write({
    ...view,
    pipelines: view.pipelines.map((pipeline) => ({ ...pipeline, readings: [] })),
    heartbeats: [{ url: 'https://a.example/1', sentAt: 5 }, { url: 'https://b.example/2' }],
    pings: [{ name: 'alertmanager', state: 'unproven' }],
  });
  expect(text).not.toMatch(/kinesis|elasticsearch_disk|heartbeat|expected_ping/);
});

test('given no incident and no loss, when scraped, then counters and both severities stand at 0', async () => {
  const text = await write(healthyStatus());
  expect(figure(text, 'logcanary_incidents_open{severity="critical"}')).toBe(0);
  expect(figure(text, 'logcanary_incidents_open{severity="warning"}')).toBe(0);
  expect(figure(text, 'logcanary_canaries_forged_total{pipeline="prod",hop="stream"}')).toBe(0);
});

test('given a token, when scraped, then it is an exemplar in OpenMetrics only', async () => {
  expect(await write()).not.toContain('lcn1');
  const text = await write(stoppedStatus(), 'openmetrics');
  expect(text).toContain(`# {token="${sampleToken}"} 0.42 1795111740.42`);
});

test.each([
  [undefined, 'text'],
  ['*/*', 'text'],
  [openmetrics, 'openmetrics'],
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2',
    'openmetrics',
  ],
  ['application/openmetrics-text;version=0.0.1,text/plain;q=0.1', 'text'],
  ['application/openmetrics-text;q=0,*/*', 'text'],
  ['text/plain;q=0.9,application/openmetrics-text;q=0.5', 'text'],
])('given Accept %s, when negotiated, then %s', (accept, format) => {
  expect(negotiateFormat(accept)).toBe(format);
});

test('given two apps in one process, when both are scraped, then each has the runtime metrics and its own counters', async () => {
  const clock = createClock();
  const [one, two] = [createMetrics({ build, clock }), createMetrics({ build: { ...build, version: '0.2.0' }, clock })];
  const first = await one.render(healthyStatus(), openmetrics);
  expect(first.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(first.body).toMatch(/\nprocess_cpu_user_seconds_total [\d.]+\n/);
  expect(first.body).not.toContain('_total_total');
  expect(first.body.endsWith('# EOF\n')).toBe(true);
  const second = await two.render(healthyStatus());
  expect(second.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(second.body).toContain('logcanary_build_info{version="0.2.0"} 1');
  expect(second.body).toContain('nodejs_eventloop_lag_seconds ');
  expect(second.body).toMatch(/\nprocess_cpu_user_seconds_total [\d.]+\n/);
});
