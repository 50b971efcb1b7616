/** What is said to be looked at first when lines do not come: what the configuration knows to carry them. */
import { expect, test } from 'vitest';
import type { FilledRunbook } from '../../src/core/first-look.ts';
import { flowLooks } from '../../src/engine/on-the-way.ts';
import type { HopState } from '../../src/engine/state.ts';

const agent: FilledRunbook = { 'into-first-hop': [{ run: 'agent logs' }, { run: 'agent pods' }] };
const either: FilledRunbook = {
  'into-first-hop': [{ run: 'logstash as agent' }],
  'out-of-first-hop': [{ run: 'logstash as consumer' }],
};
const age: FilledRunbook = { 'out-of-first-hop': [{ see: 'iterator age' }] };
const file: FilledRunbook = { 'into-first-hop': [{ run: 'tail the file' }] };
const own: FilledRunbook = { stopped: [{ run: 'ask the hop' }, { see: 'its log' }] };

/** What is shown for a stop at each of stream > index > alert. */
function shown(checks: readonly FilledRunbook[], injectors: readonly FilledRunbook[] = []): string[][] {
  const pipeline = {
    checks: checks.map((runbook) => ({ runbook, failures: 0 })),
    injectors: injectors.map((runbook) => ({ runbook })),
  };
  const stream = { parent: undefined, pipeline, runbook: own };
  const index = { parent: stream, pipeline, runbook: own };
  const alert = { parent: index, pipeline, runbook: own };
  return [stream, index, alert].map((hop) =>
    flowLooks(hop as unknown as HopState, 'stopped').map(({ run, see }) => run ?? see ?? ''),
  );
}

test.each([
  ['nothing between', [], [], ['ask the hop', 'its log'], ['ask the hop', 'its log']],
  ['agents', [agent], [], ['agent logs', 'ask the hop', 'agent pods'], ['ask the hop', 'its log']],
  [
    'agents and a consumer',
    [agent, age],
    [],
    ['agent logs', 'ask the hop', 'agent pods'],
    ['ask the hop', 'iterator age', 'its log'],
  ],
  ['Logstash alone', [either], [], ['logstash as agent', 'ask the hop', 'its log'], ['ask the hop', 'its log']],
  [
    'Logstash behind agents',
    [agent, either],
    [],
    ['agent logs', 'ask the hop', 'agent pods'],
    ['ask the hop', 'logstash as consumer', 'its log'],
  ],
  ['only the file', [], [file], ['tail the file', 'ask the hop', 'its log'], ['ask the hop', 'its log']],
] as const)(
  'given %s, then a stop names it where it stands, and nowhere else',
  (_, checks, injectors, atStream, atIndex) => {
    expect(shown(checks, injectors)).toEqual([atStream, atIndex, ['ask the hop', 'its log']]);
  },
);

test('given the same agents known twice, then they are named once', () => {
  expect(shown([agent], [agent])[0]).toEqual(['agent logs', 'ask the hop', 'agent pods']);
});
