/** Agents that are all away: pods that are there and not ready are no wrong selector. */
import { expect, test } from 'vitest';
import type { AgentListing } from '../../../probes/agents/agent-targets.ts';
import { createSurvey } from '../../../probes/agents/survey.ts';
import { forever } from '../../contract/bench.ts';
import { rejectionOf } from '../../contract/probe-error.ts';
import { handClock } from '../../fakes/hand-clock.ts';

function survey(absent: AgentListing['absent']) {
  let now = 1_800_000_000_000;
  const clock = { ...handClock(now), now: () => now, monotonicMs: () => now };
  const targets = { list: async () => ({ agents: [], absent }), close: async () => {} };
  const read = () => Promise.reject(new Error('nobody is asked'));
  const pass = (ms: number) => {
    now += ms;
  };
  return {
    pass,
    check: createSurvey({ setup: { kind: 'filebeat', needs: 'its HTTP endpoint' }, clock, targets, read }),
  };
}

test('given pods that are all not ready, when checked, then that is told once it lasts, and is never called a wrong selector', async () => {
  const why = 'is not ready (CrashLoopBackOff)';
  const { pass, check } = survey(new Map([...'ab'].map((node) => [`node-${node}`, why])));
  const first = await check.check(forever);
  expect(first).toMatchObject({ problems: [], readings: [], why: { reason: 'partial' } });
  expect(first.why?.message).toContain('None of the 2 filebeat agents is ready');
  pass(181_000);
  const { problems } = await check.check(forever);
  expect(problems).toEqual([expect.stringContaining('filebeat is not ready (CrashLoopBackOff) on node-a, node-b')]);
});

test('given no pod at all, when checked, then it says what to look at', async () => {
  const { check } = survey(new Map());
  expect(String(await rejectionOf(check.check(forever)))).toContain('Check namespace and selector');
});
