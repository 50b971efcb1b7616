/** Canaries printed on every node of a cluster, by the emitters of deploy/kubernetes. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { openEmitters, tryEmitters } from './kubernetes/emitter-injector.ts';
import { checkCluster, kubectlFor, kubernetesFields, targetOf } from './kubernetes/kubernetes-config.ts';

const EMITTERS = 'app.kubernetes.io/name=logcanary-emitter';
const selector = z.string().min(1);

const Config = z
  .strictObject({
    ...kubernetesFields,
    namespace: kubernetesFields.namespace
      .default('logcanary')
      .describe('Namespace of the emitters. Default logcanary.'),
    selector: selector.default(EMITTERS).describe('Labels of their pods. Default: those of deploy/kubernetes.'),
    secret: z
      .string()
      .regex(/^[A-Za-z0-9_-]{16,128}$/, 'not 16 to 128 letters, digits, - and _')
      .optional()
      .describe('What the emitters ask for: the content of deploy/kubernetes/emitter-secret.'),
    via: z
      .enum(['auto', 'proxy', 'exec'])
      .default('auto')
      .describe('How pods are reached through the API server. Default auto: proxy, and exec where that does not work.'),
    routes: z
      .array(
        z.strictObject({
          tenant: z
            .string()
            .regex(/^[A-Za-z0-9._-]{1,40}$/)
            .describe('For people and for localisation.'),
          namespace: kubernetesFields.namespace,
          selector: selector.default(EMITTERS).describe('Labels of its emitters.'),
        }),
      )
      .min(1)
      .optional()
      .describe('Several sets of emitters, one for each route that logs can take; instead of namespace and selector.'),
    agents: z
      .strictObject({ namespace: kubernetesFields.namespace, selector: selector.describe('Labels of their pods.') })
      .optional()
      .describe('The log agents: their revision becomes a label of each stream.'),
  })
  .superRefine(checkCluster);

/** Of several routes the first: the same emitters, as a rule. */
function namesOf(config: z.output<typeof Config>) {
  const { namespace, selector: pods } = config.routes?.[0] ?? config;
  const { agents } = config;
  return {
    kubectl: kubectlFor(namespace, config),
    selector: pods,
    kubectl_agents: agents && kubectlFor(agents.namespace, config),
    agents: agents?.selector,
  };
}

export default defineProbe({
  kind: 'kubernetes',
  measures: 'Nothing by itself: prints canaries on every node, where the log agents pick them up.',
  inject: { config: Config, target: targetOf, names: namesOf, open: openEmitters, online: tryEmitters },
  runbook: {
    injection: [
      {
        run: "{kubectl} get --raw '/readyz?verbose'",
        see: 'Does the API server answer? No, or 5xx: it is down, and so is more than this.',
      },
      { run: "{kubectl} get pods -l '{selector}' -o wide", see: 'Is one not running, or restarting?' },
      {
        run: "{kubectl} logs -l '{selector}' --since=15m --tail=5 --prefix",
        see: 'Errors? 403 in this page is a missing grant of logcanary (its Role); 5xx and time-outs are the API server itself.',
      },
    ],
    blind: [
      {
        run: "{kubectl} get --raw '/readyz?verbose'",
        see: 'Does the API server answer? If it does: 401 and 403 in this page are the ServiceAccount or kubeconfig of logcanary, a time-out is its network.',
      },
    ],
    uncovered: [
      { run: "{kubectl} get pods -l '{selector}' -o wide", see: 'On which nodes is none, or none ready?' },
      {
        run: '{kubectl} get events --sort-by=.lastTimestamp',
        see: 'Why is it not scheduled or not ready: taints, quota, image?',
      },
    ],
    'into-first-hop': [
      { run: "{kubectl_agents} logs -l '{agents}' --since=15m --tail=20 --prefix", see: 'Errors of its output?' },
      { run: "{kubectl_agents} get pods -l '{agents}' -o wide", see: 'Is one not running, or restarting?' },
    ],
  },
});
