/** Whether kube-state-metrics answers, is of now, and shows every node. */
import { z } from 'zod';
import { type CallOptions, type Check, defineProbe, type ProbeContext } from '../src/probe.ts';
import { openTargets } from './agents/agent-check.ts';
import { agentFields, agentNames, agentsTarget, agentsThrough, oneWayToAgents } from './agents/agent-config.ts';
import { wayToThem } from './agents/agent-looks.ts';

const Config = z.strictObject(agentFields(8080)).refine(...oneWayToAgents);
type StateConfig = z.output<typeof Config>;

const setup = { kind: 'kube-state-metrics', needs: 'its port (8080, not the telemetry port 8081)' };

async function open(config: StateConfig, context: ProbeContext): Promise<Check> {
  const { createKubeStateCheck, kubeStatePatienceMs } = await import('./agents/kube-state.ts');
  const targets = await openTargets(config, context, kubeStatePatienceMs);
  return createKubeStateCheck({ setup, clock: context.clock, targets });
}

async function online(config: StateConfig, context: ProbeContext, options: CallOptions): Promise<string> {
  const check = await open(config, context);
  try {
    const { problems, why } = await check.check(options);
    if (why !== undefined) throw why;
    return problems[0] ?? 'kube-state-metrics answers and shows nodes';
  } finally {
    await check.close();
  }
}

export default defineProbe({
  kind: 'kube-state-metrics',
  measures:
    'Whether kube-state-metrics answers, how old what it shows is, and (found through the API server) whether it shows every Ready node.',
  check: { config: Config, target: agentsTarget, through: agentsThrough, names: agentNames, open, online },
  runbook: {
    reading: [
      {
        run: "{kubectl} logs -l '{selector}' --since=15m --tail=20 --prefix",
        see: 'Watches that the API server refuses (RBAC)? Restarts for too little memory?',
      },
      'What is behind it (state_* of Metricbeat, rules on kube_*) is as old as it is.',
    ],
    unreadable: [
      {
        run: "{kubectl} get pods -l '{selector}' -o wide",
        see: 'Does it run? Its page grows with the number of pods, and takes time.',
      },
      'Does it run? Its page grows with the number of pods, and takes time.',
    ],
    blind: wayToThem(),
  },
});
