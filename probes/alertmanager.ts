/** Whether Alertmanager works, delivers, and lets the alert through that must always fire. */
import { z } from 'zod';
import { type CallOptions, type Check, defineProbe, type ProbeContext } from '../src/probe.ts';
import { openTargets } from './agents/agent-check.ts';
import { agentFields, agentNames, agentsTarget, oneWayToAgents } from './agents/agent-config.ts';
import { wayToThem } from './agents/agent-looks.ts';

const name = z.string().regex(/^[^"\\\p{C}]{1,200}$/u, 'a name without quotes and control characters');

const Config = z
  .strictObject({
    ...agentFields(9093),
    watchdog: z
      .union([z.literal(false), name])
      .default('Watchdog')
      .describe(
        'Name of the alert that always fires: its absence is a finding. Default Watchdog; false: there is none.',
      ),
    watchdog_receiver: name
      .optional()
      .describe('The receiver that it must be routed to, the one that pings us. Default: whichever.'),
  })
  .refine(...oneWayToAgents);
type AlertmanagerConfig = z.output<typeof Config>;

const setup = { kind: 'alertmanager', needs: 'its port (9093, not the cluster port 9094) and its --web.route-prefix' };
/** It answers from memory, but may have thousands of alerts to search, ms. */
const patienceMs = 5_000;

async function open(config: AlertmanagerConfig, context: ProbeContext): Promise<Check> {
  const { createAlertmanagerCheck } = await import('./alertmanager/check.ts');
  const targets = await openTargets(config, context, patienceMs);
  const { watchdog, watchdog_receiver: receiver } = config;
  return createAlertmanagerCheck({ setup, clock: context.clock, targets, watchdog, receiver });
}

async function online(config: AlertmanagerConfig, context: ProbeContext, options: CallOptions): Promise<string> {
  const check = await open(config, context);
  try {
    const { readings, problems, why } = await check.check(options);
    if (why !== undefined) throw why;
    return problems[0] ?? `alertmanager answers${readings.length === 0 ? '' : `, and has ${config.watchdog}`}`;
  } finally {
    await check.close();
  }
}

export default defineProbe({
  kind: 'alertmanager',
  measures:
    'Whether every Alertmanager answers, sees its cluster, delivers notifications, and has the alert that always fires: neither silenced nor inhibited, and on its way to the right receiver.',
  check: { config: Config, target: agentsTarget, names: agentNames, open, online },
  runbook: {
    reading: [
      { run: "{kubectl} logs -l '{selector}' --since=15m --tail=50 --prefix", see: 'Which receiver fails, and why?' },
      { run: "curl -sS -m 10 '{url}/api/v2/status'", see: 'Its cluster. Who silenced what: {url}/#/silences.' },
      'No Watchdog: Prometheus, Status > Runtime & Build Information, shows the Alertmanagers that it sends to.',
    ],
    unreadable: [
      {
        run: "{kubectl} get pods -l '{selector}' -o wide",
        see: 'Does it run? Until then no alert of Prometheus reaches anybody.',
      },
      { run: "curl -sS -m 10 '{url}/-/ready'", see: 'Does it run? Until then no alert of Prometheus reaches anybody.' },
    ],
    blind: wayToThem('/-/ready'),
  },
});
