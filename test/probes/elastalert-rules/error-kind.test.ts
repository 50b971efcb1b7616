import { expect, test } from 'vitest';
import { errorKind, isBreaking, isDisabling, isLoading, nameIn } from '../../../probes/elastalert-rules/error-kind.ts';

/** As ElastAlert 0.2.4 and ElastAlert 2.19 write them. */
const messages: [string, string, string | undefined][] = [
  [
    "Error running query: RequestError(400, 'search_phase_execution_exception', 'Failed to parse query [message: (lcn1secret]')",
    'Error running query: RequestError, search_phase_execution_exception',
    undefined,
  ],
  [
    "Error while running alert http_post: Error posting HTTP Post alert: HTTPConnectionPool(host='10.0.0.1', port=9780): Max retries exceeded with url: /hooks/hop/alert?secret=hunter2 (Caused by NewConnectionError('refused'))",
    'Error while running alert: NewConnectionError',
    undefined,
  ],
  [
    'Error while running alert http_post: Error posting HTTP Post alert: 401 Client Error: Unauthorized for url: http://10.0.0.1/hooks/hop/alert?secret=hunter2',
    'Error while running alert: 401 Client Error',
    undefined,
  ],
  [
    "Uncaught exception running rule my rule: 'NoneType' object is not iterable",
    'Uncaught exception running rule',
    'my rule',
  ],
  ['Error running rule lag: EAException', 'Error running rule: EAException', 'lag'],
  [
    'Could not load rule /etc/elastalert/rules/a.yaml: Invalid Rule file',
    'Could not load rule',
    '/etc/elastalert/rules/a.yaml',
  ],
  ['something that no version writes: password=hunter2', 'an error', undefined],
];

for (const [message, kind, name] of messages)
  test(`given "${message.slice(0, 50)}…", when told, then only its kind is: ${kind}`, () => {
    expect(errorKind(message)).toBe(kind);
    expect(errorKind(message)).not.toMatch(/hunter2|lcn1|10\.0\.0\.1/);
    expect(nameIn(message)).toBe(name);
  });

test('given errors, when asked, then those that break off a run are known', () => {
  expect(messages.map(([message]) => isBreaking(message))).toEqual([true, false, false, true, true, false, false]);
});

test('given errors, when asked, then those that disable a rule and those of loading are known', () => {
  expect(messages.map(([message]) => isDisabling(message))).toEqual([false, false, false, true, false, false, false]);
  expect(messages.map(([message]) => isLoading(message))).toEqual([false, false, false, false, false, true, false]);
});
