/** The emitters' container logs, as the API server serves them from the nodes. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { checkCluster, kubectlFor, kubernetesFields, targetOf } from './kubernetes/kubernetes-config.ts';
import { openLogObserver, tryLogs } from './kubernetes/log-observer.ts';

const Config = z
  .strictObject({
    ...kubernetesFields,
    selector: z
      .string()
      .min(1)
      .default('app.kubernetes.io/name=logcanary-emitter')
      .describe('Labels of the pods. Default: those of deploy/kubernetes.'),
    container: z.string().min(1).default('emitter').describe('The container. Default emitter.'),
    max_pods: z
      .number()
      .int()
      .min(1)
      .max(2000)
      .default(200)
      .describe('Logs of one look, two calls each at ten a second. With more pods no look is complete. Default 200.'),
    max_read_bytes: z
      .number()
      .int()
      .min(1024)
      .max(16 * 1024 * 1024)
      .default(1024 * 1024)
      .describe('Bytes of one log in one look. Default 1 MiB.'),
  })
  .superRefine(checkCluster);

export default defineProbe({
  kind: 'kubernetes-log',
  measures: "Injection until the canary stands in the log of the emitter's container.",
  observe: {
    config: Config,
    target: targetOf,
    through: targetOf,
    names: (config: z.output<typeof Config>) => ({
      kubectl: kubectlFor(config.namespace, config),
      selector: config.selector,
      container: config.container,
    }),
    open: openLogObserver,
    online: tryLogs,
  },
  asksAgain: 'Not possible: logs on a node are rotated away after some MB, which may be minutes.',
  runbook: {
    stopped: [
      {
        run: "{kubectl} logs -l '{selector}' -c {container} --since=15m --tail=5 --prefix",
        see: 'The emitter was asked but printed nothing: errors?',
      },
      { run: "{kubectl} get pods -l '{selector}' -o wide", see: 'Is one not running, or restarting?' },
    ],
    unreadable: [
      {
        run: '{kubectl} auth can-i get pods --subresource=log',
        see: 'Logs come through the API server from the kubelet: see both.',
      },
    ],
    blind: [
      {
        run: '{kubectl} auth can-i get pods --subresource=log',
        see: 'Logs come through the API server from the kubelet: see both.',
      },
    ],
    unproven: [
      {
        run: "{kubectl} get pods -l '{selector}' -o wide",
        see: 'Are these the emitters, and is {container} their container?',
      },
    ],
  },
});
