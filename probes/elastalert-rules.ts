/** Whether the rules of ElastAlert and ElastAlert 2 run, from what it writes down of itself. */
import { z } from 'zod';
import { type CallOptions, type Check, defineProbe, type ProbeContext, parseDuration } from '../src/probe.ts';
import { clusterConfig, elasticNames, targetOf } from './elasticsearch/elastic-config.ts';

const duration = z.string().transform((text, context) => {
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value > 0) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.ok ? 'must be above 0' : parsed.message, input: text });
  return z.NEVER;
});
const ruleNames = z.array(z.string().min(1).max(200)).max(1_000);

const Config = z.strictObject({
  ...clusterConfig,
  index: z
    .string()
    .regex(/^[a-z0-9.][^\s"\\/?#<>|A-Z]{0,254}$/, 'not a name or pattern of indices')
    .default('elastalert*')
    .describe('Where ElastAlert writes: its writeback_index and a star. Default elastalert*.'),
  rules: ruleNames.min(1).optional().describe('Rules that must run, by name. Default: all that ran within window.'),
  canary_rules: ruleNames
    .default([])
    .describe('Rules whose alerts a webhook hop takes: they must also find something and not be silenced.'),
  max_age: duration
    .optional()
    .describe('A rule that did not run for so long is a finding. Default: three of its periods, at least 5m.'),
  window: duration
    .default(86_400_000)
    .describe('A rule that did not run for so long was removed on purpose. Default 1d.'),
});
type RulesConfig = z.output<typeof Config>;

/** Over how long a canary rule must have found something, ms: of several runs, whatever their period. */
const recentMs = 15 * 60_000;

async function open(config: RulesConfig, { clock }: ProbeContext): Promise<Check> {
  const [{ openElastic }, { checkElastalert }] = await Promise.all([
    import('./elasticsearch/elastic-client.ts'),
    import('./elastalert-rules/check.ts'),
  ]);
  const elastic = await openElastic(config);
  const { index, rules, canary_rules: canaryRules, max_age: maxAgeMs, window: windowMs } = config;
  const recent = Math.min(recentMs, maxAgeMs ?? recentMs);
  const options = { elastic, index, rules, canaryRules, maxAgeMs, windowMs, recentMs: recent, clock };
  return { check: ({ signal }) => checkElastalert(options, signal), close: () => elastic.close() };
}

async function online(config: RulesConfig, context: ProbeContext, options: CallOptions): Promise<string> {
  const check = await open(config, context);
  try {
    const { problems, why } = await check.check(options);
    if (why !== undefined) throw why;
    return problems[0] ?? `may search "${config.index}"; rules run`;
  } finally {
    await check.close();
  }
}

export default defineProbe({
  kind: 'elastalert-rules',
  measures:
    'Age of the newest run of any rule; and which rules were disabled, fail, do not run any more, take too long, or find no canary where they must.',
  check: {
    config: Config,
    target: targetOf,
    names: (config: RulesConfig) => ({
      ...elasticNames(config),
      index: config.index,
      // both layouts: elastalert_error, elastalert_status_error
      errors: config.index.replace(/\*?$/, '*_error'),
    }),
    open,
    online,
  },
  runbook: {
    reading: [
      {
        run: "{curl} '{url}/{errors}/_search?sort=@timestamp:desc&size=3&pretty'",
        see: 'Why rules fail, with the traceback.',
      },
      'A rule that it disabled comes back when ElastAlert is started again or the file of the rule changes. To keep rules running: disable_rules_on_error: false.',
      'A rule whose index does not exist runs and finds nothing.',
    ],
    unreadable: [
      {
        run: "{curl} '{url}/_cat/indices/{index}?v'",
        see: 'Is it what ElastAlert writes to (writeback_index), and may we read it?',
      },
    ],
  },
});
