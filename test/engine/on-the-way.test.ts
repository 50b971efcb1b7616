/** What is said to be looked at first when lines do not come: what the configuration knows to carry them. */
import { expect, test } from 'vitest';
import type { FilledRunbook } from '../../src/core/first-look.ts';
import { flowLooks } from '../../src/engine/on-the-way.ts';
import type { HopState, StreamState } from '../../src/engine/state.ts';

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
    flowLooks(hop as unknown as HopState, 'stopped', { streams: [] }).map(({ run, see }) => run ?? see ?? ''),
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

test('given a stop of which it is not known on which side of the stream it is, then what is on either side is named', () => {
  const pipeline = { checks: [agent, age].map((runbook) => ({ runbook, failures: 0 })), injectors: [] };
  const stream = { parent: undefined, pipeline, runbook: own };
  const index = { parent: stream, pipeline, runbook: own } as unknown as HopState;
  const between = { from: 'the emitters', to: 'index' };
  const looks = flowLooks(index, 'stopped', { streams: [], between });
  expect(looks.map(({ run, see }) => run ?? see)).toEqual(['agent logs', 'ask the hop', 'iterator age']);
});

test('given that the stream in between cannot be read, then what asks it why comes before the hop behind it', () => {
  const pipeline = { checks: [{ runbook: agent, failures: 0 }], injectors: [] };
  const stream = { parent: undefined, pipeline, runbook: { unreadable: [{ run: 'describe stream' }] } };
  const index = { parent: stream, pipeline, runbook: own } as unknown as HopState;
  const alert = { parent: index, pipeline, runbook: own } as unknown as HopState;
  const between = { from: 'the emitters', to: 'index' };
  const told = (hop: HopState) => flowLooks(hop, 'stopped', { streams: [], between }).map(({ run, see }) => run ?? see);
  expect(told(index)).toEqual(['agent logs', 'describe stream', 'ask the hop']);
  // However deep: all that is above it cannot be read.
  expect(told(alert).slice(0, 2)).toEqual(['agent logs', 'ask the hop']);
});

test('given many injectors alike, then one of a stream concerned is named', () => {
  const injectors = ['a', 'b'].map((name) => ({ runbook: { 'into-first-hop': [{ run: `tail ${name}` }] } }));
  const stream = { parent: undefined, pipeline: { checks: [], injectors }, runbook: own } as unknown as HopState;
  const streams = [{ injector: injectors[1] }] as unknown as readonly StreamState[];
  expect(flowLooks(stream, 'stopped', { streams }).map(({ run, see }) => run ?? see)).toEqual([
    'tail b',
    'ask the hop',
    'its log',
  ]);
});
