/** An agent check opened on a double of its agent, with a clock that leaps. */
import { afterEach } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import type { AnyProbe, CheckResult } from '../../src/probe.ts';
import { forever, roleOf } from '../contract/bench.ts';
import { type AgentServer, startAgentServer } from './agent-server.ts';
import { leapingClock } from './elastic-bench.ts';

export interface AgentBench {
  readonly agents: readonly AgentServer[];
  /** The first. */
  readonly agent: AgentServer;
  readonly clock: ReturnType<typeof leapingClock>;
  check(): Promise<CheckResult>;
  /** Checks every 30 s for so long. Resolves to the last result. */
  checkFor(ms: number): Promise<CheckResult>;
}

const cleanups: (() => Promise<void>)[] = [];

/** Call in the test file, so that what was opened is closed. */
export function closeAgentBenches(): void {
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });
}

export async function openAgents(
  probe: AnyProbe,
  pages: readonly Record<string, string | object>[],
  options: object = {},
): Promise<AgentBench> {
  const agents = await Promise.all(pages.map(startAgentServer));
  const [agent] = agents;
  if (agent === undefined) throw new Error('there is no agent');
  const clock = leapingClock();
  const role = roleOf(probe.check);
  const where = agents.length === 1 ? { url: agent.url } : { urls: agents.map(({ url }) => url) };
  const opened = await role.open(role.config.parse({ ...where, ...options }), { clock, log: silentLog });
  cleanups.push(...agents.map((each) => each.stop), () => opened.close());
  const check = () => opened.check(forever);
  return {
    ...{ agents, agent, clock, check },
    async checkFor(ms) {
      let result = await check();
      for (let at = 0; at < ms; at += 30_000) {
        clock.leap(30_000);
        result = await check();
      }
      return result;
    },
  };
}
