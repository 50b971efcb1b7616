/**
 * What kube-state-metrics knows of the nodes. Its page may have 100 MB, so it is read line by line and only the nodes' lines
 * are kept. It answers from memory: whether that is of now shows in the leases that every kubelet renews each 10 s.
 * https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics
 */
import { type Check, type CheckResult, type Clock, type EpochMs, ProbeError, type Reading } from '../../src/probe.ts';
import type { Agent, AgentListing, AgentTargets } from './agent-targets.ts';
import { agentError, askSamples, type Setup } from './answer.ts';
import { countersOf } from './counters.ts';
import { createLasting, type Lasting } from './lasting.ts';
import { named } from './named.ts';

/** A cluster of 5,000 nodes and 150,000 pods comes to about 600 MB; more than half of it is no page to be read every minute. */
const maxBytes = 256 * 1024 * 1024;
/** A page of 100 MB takes seconds. */
export const kubeStatePatienceMs = 8_000;
/** A node may have come so lately, ms, that it need not be shown yet. */
const missingMs = 3 * 60_000;
/** Leases are renewed every 10 s and nodes are given up after 40 s: two minutes are no hiccup. https://kubernetes.io/docs/concepts/architecture/leases/ */
const lagLimitS = 120;

interface Shown {
  readonly agent: Agent;
  readonly nodes: readonly string[];
  /** The newest renewal of a node's lease, s of the cluster's clock; undefined where leases are not shown. */
  readonly renewed: number | undefined;
}

export interface KubeStateOptions {
  readonly setup: Setup;
  readonly clock: Clock;
  readonly targets: AgentTargets;
}

export function createKubeStateCheck({ setup, clock, targets }: KubeStateOptions): Check {
  const lasting = createLasting();
  return {
    async check({ signal }): Promise<CheckResult> {
      const listing = await targets.list({ signal });
      const shown: Shown[] = [];
      const errors: ProbeError[] = [];
      for (const agent of listing.agents)
        await show(agent, signal).then(
          (each) => void shown.push(each),
          (error) => void errors.push(agentError(setup, agent, error)),
        );
      const [first = noneThere()] = errors;
      if (shown.length === 0) throw first;
      const problems = problemsOf(listing, shown, errors.length > 0, lasting, clock.now());
      lasting.endRound();
      const readings = shown.flatMap((each) => lagOf(each, clock.wall()));
      const { changes = [] } = listing;
      const result = { readings, problems, changes };
      return errors.length === 0 ? result : { ...result, why: partly(shown, listing, first) };
    },
    close: () => targets.close(),
  };
}

async function show(agent: Agent, signal: AbortSignal): Promise<Shown> {
  const wanted = (line: string) => /^kube_(node_info|lease_renew_time)\{/.test(line);
  const counters = countersOf(await askSamples({ agent, signal }, '/metrics', wanted, maxBytes));
  const leases = counters.all('kube_lease_renew_time');
  const ofNodes = leases.filter(
    ({ labels }) => labels.namespace === undefined || labels.namespace === 'kube-node-lease',
  );
  return {
    agent,
    nodes: [...counters.by('kube_node_info', 'node').keys()],
    renewed: ofNodes.length === 0 ? undefined : ofNodes.reduce((newest, { value }) => Math.max(newest, value), 0),
  };
}

function problemsOf(
  { absent, nodes }: AgentListing,
  shown: readonly Shown[],
  isPartial: boolean,
  lasting: Lasting,
  now: EpochMs,
): string[] {
  const long = [...absent].filter(([name]) => lasting.holds(`absent ${name}`, now, missingMs));
  const problems = long.map(([name, why]) => `kube-state-metrics ${why} on ${name} for more than 3 min`);
  // Shards have a part each: what one that is silent has is not known.
  if (isPartial) return problems;
  const known = new Set(shown.flatMap((each) => each.nodes));
  if (known.size === 0)
    return [...problems, 'kube-state-metrics shows no node: see its --resources and its ClusterRole'];
  const missing = (nodes ?? []).filter((node) => !known.has(node) && lasting.holds(`missing ${node}`, now, missingMs));
  if (missing.length === 0) return problems;
  return [...problems, `kube-state-metrics does not show ${named(missing)}, Ready for more than 3 min`];
}

function lagOf({ agent, renewed }: Shown, now: EpochMs): Reading[] {
  if (renewed === undefined || renewed <= 0) return [];
  const place = { kind: 'kube-state-metrics', ...agent.place };
  const value = Math.max(0, now / 1000 - renewed);
  const base = { measure: 'lag', subject: agent.place.name, unit: 'seconds' as const, value, agent: place };
  return [{ ...base, limit: lagLimitS, limitName: 'two minutes without a renewed node lease' }];
}

function noneThere(): ProbeError {
  const message = 'There is no kube-state-metrics to read. Check namespace and selector, and that its pods run.';
  return new ProbeError(message, { reason: 'not_found', retryable: true });
}

function partly(shown: readonly Shown[], { agents }: AgentListing, first: ProbeError): ProbeError {
  const message = `Read ${shown.length} of ${agents.length} pods of kube-state-metrics only. The first that failed: ${first.message}`;
  return new ProbeError(message.slice(0, 900), { reason: 'partial', retryable: true });
}
