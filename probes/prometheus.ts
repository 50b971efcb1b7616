/** Whether Prometheus evaluates its rules, has an Alertmanager to send to, and scrapes us. */
import { z } from 'zod';
import { type CallOptions, type Check, defineProbe, type ProbeContext } from '../src/probe.ts';
import { openTargets } from './agents/agent-check.ts';
import { agentFields, agentNames, agentsTarget, oneWayToAgents } from './agents/agent-config.ts';
import { wayToThem } from './agents/agent-looks.ts';

const name = z.string().regex(/^[^"\\\p{C}]{1,200}$/u, 'a name without quotes and control characters');

const Config = z
  .strictObject({
    ...agentFields(9090),
    job: z
      .union([z.literal(false), name])
      .default('logcanary')
      .describe('The job under which it scrapes logcanary. Default logcanary; false: it does not.'),
    alertmanagers: z
      .int()
      .min(0)
      .max(100)
      .default(1)
      .describe('At least so many Alertmanagers must be there to be sent to. Default 1; 0 where it sends no alerts.'),
  })
  .refine(...oneWayToAgents);
type PrometheusConfig = z.output<typeof Config>;

const setup = { kind: 'prometheus', needs: 'its port (9090) and its --web.external-url or --web.route-prefix' };
/** Thousands of rules with their firing alerts take a moment to be written out, ms. */
const patienceMs = 8_000;

async function open(config: PrometheusConfig, context: ProbeContext): Promise<Check> {
  const { createPrometheusCheck } = await import('./prometheus/check.ts');
  const targets = await openTargets(config, context, patienceMs);
  return createPrometheusCheck({
    setup,
    clock: context.clock,
    targets,
    job: config.job,
    alertmanagers: config.alertmanagers,
  });
}

async function online(config: PrometheusConfig, context: ProbeContext, options: CallOptions): Promise<string> {
  const check = await open(config, context);
  try {
    const { readings, problems, why } = await check.check(options);
    if (why !== undefined) throw why;
    return problems[0] ?? `prometheus answers${readings.length === 0 ? '; it has no rules' : ', and evaluates rules'}`;
  } finally {
    await check.close();
  }
}

export default defineProbe({
  kind: 'prometheus',
  measures:
    'How far the rules of every Prometheus are behind and which of them fail, whether it has Alertmanagers and they take its alerts, whether it scrapes logcanary, and how far remote writes are behind.',
  check: { config: Config, target: agentsTarget, names: agentNames, open, online },
  runbook: {
    reading: [
      {
        run: "{kubectl} logs -l '{selector}' --since=15m --tail=50 --prefix",
        see: 'Which rule fails, or which Alertmanager?',
      },
      {
        run: 'curl -sS -m 10 \'{url}/api/v1/rules\' | grep -o \'"lastError":"[^"]*"\'',
        see: 'Why rules fail. Its page shows them too: {url}/rules, {url}/targets.',
      },
      'Its page: Status > Rules for errors of rules, Status > Targets for ours, Status > Runtime & Build Information for its Alertmanagers.',
      'Rules that lag: too many series for its memory or CPU.',
    ],
    unreadable: [
      {
        run: "{kubectl} get pods -l '{selector}' -o wide",
        see: 'Does it run? After a start it answers 503 until it has read its log. Until then no rule fires.',
      },
      {
        run: "curl -sS -m 10 '{url}/-/ready'",
        see: 'Does it run? After a start it answers 503 until it has read its log. Until then no rule fires.',
      },
    ],
    blind: wayToThem('/-/ready'),
  },
});
