import type { Series } from '../../src/telemetry/series.ts';

/** docs/metrics.md: every series with its type and its meaning, as `/metrics` describes it. */
export function metricPage(series: readonly Series[]): string {
  return [
    '# Metrics',
    '',
    'Made from `src/telemetry/series.ts`; after a change there, write it anew with',
    '`npx vitest run test/docs.test.ts -u`. Counters come from the ledger, so they survive restarts. Those whose labels the',
    'configuration knows start at 0; figures that are read from a target are absent until they were read: no data is not',
    'zero. Beside these there are the usual `process_*` and `nodejs_*` of the Node process itself.',
    '',
    '| name | type | meaning |',
    '| --- | --- | --- |',
    ...series.map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`),
    '',
  ].join('\n');
}
