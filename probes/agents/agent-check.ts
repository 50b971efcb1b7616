/** What all agent checks have in common in their definition. */
import type { CallOptions, Check, ProbeContext } from '../../src/probe.ts';
import type { AgentConfig } from './agent-config.ts';
import type { AgentFigures } from './agent-figures.ts';
import type { AgentTargets } from './agent-targets.ts';
import type { Asking, Setup } from './answer.ts';

export interface AgentKind {
  readonly setup: Setup;
  /** Loaded at open: a reader of this agent's pages, which may remember which of them it has. */
  reader(context: ProbeContext): Promise<(asking: Asking) => Promise<AgentFigures>>;
}

export async function openAgentCheck(kind: AgentKind, config: AgentConfig, context: ProbeContext): Promise<Check> {
  const [{ createSurvey }, read, targets] = await Promise.all([
    import('./survey.ts'),
    kind.reader(context),
    openTargets(config, context),
  ]);
  return createSurvey({ setup: kind.setup, clock: context.clock, targets, read });
}

/** An answer that takes longer than this, ms, is none: these pages are made in memory. */
const patienceMs = 3_000;

export async function openTargets(
  config: AgentConfig,
  context: ProbeContext,
  patience = patienceMs,
): Promise<AgentTargets> {
  if (config.kubernetes === undefined)
    return (await import('./direct-targets.ts')).openDirectTargets(config, context.clock, patience);
  return (await import('./kubernetes-targets.ts')).openKubernetesTargets(config.kubernetes, context, patience);
}

/** For `validate --online`: reads once. @throws ProbeError when not every agent answers */
export async function tryAgentCheck(
  kind: AgentKind,
  config: AgentConfig,
  context: ProbeContext,
  options: CallOptions,
): Promise<string> {
  const check = await openAgentCheck(kind, config, context);
  try {
    const { readings, why } = await check.check(options);
    if (why !== undefined) throw why;
    const agents = new Set(readings.map(({ agent }) => agent?.name));
    return `${kind.setup.kind} answers; ${agents.size} with a buffer whose size is known`;
  } finally {
    await check.close();
  }
}
