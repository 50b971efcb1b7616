import { describe, expect, test } from 'vitest';
import webhook from '../../probes/webhook.ts';
import { context } from '../contract/bench.ts';
import { ask } from '../contract/look.ts';
import { describeObserver } from '../contract/probe.ts';
import { canaryLines } from '../fakes/canary-lines.ts';

describeObserver('webhook', {
  probe: webhook,
  bench: async () => ({ config: {}, stop: async () => {} }),
});

describe('webhook', () => {
  test('given a hop that posts to us, when observed, then the look is complete since it was opened: before, nobody listened', async () => {
    const before = context.clock.now();
    const observer = await webhook.observe?.open({}, context);
    if (observer === undefined) throw new Error('the probe does not observe');
    const look = await ask(observer, canaryLines(1));
    expect([observer.mode, observer.finds, look.coverage, look.finds]).toEqual(['push', 'repeats', 'complete', []]);
    expect(look.since).toBeGreaterThanOrEqual(before);
    expect(look.since).toBeLessThanOrEqual(context.clock.now());
  });
});
