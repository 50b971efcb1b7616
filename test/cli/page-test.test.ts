import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { register } from '../../src/cli/page-test.ts';
import type { Notification } from '../../src/core/notifier.ts';
import { createClock } from '../../src/lib/clock.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import type { AnyNotifier } from '../../src/notify/definition.ts';
import { fakeNotifiers, fakeProbes } from '../config/fake-kinds.ts';
import { runCli } from './run-cli.ts';

const cwd = join(import.meta.dirname, '../config');
const env = {
  LOGCANARY_KEY: 'a key that is long enough',
  PAGERDUTY_ROUTING_KEY: '0123456789abcdef0123456789abcdef',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.example/services/T0/B0/x',
  HEARTBEAT_URL: 'https://hc-ping.example/uuid',
};

type Send = (notification: Notification, signal: AbortSignal) => Promise<void>;

function pageTest(name: string, send: Send, clock = createClock()) {
  const notifiers: readonly AnyNotifier[] = fakeNotifiers.map((definition) => ({
    ...definition,
    open: (_, context) => ({
      name: context.name,
      kind: definition.kind,
      send: (notification, { signal }) => send(notification, signal).then(() => undefined),
    }),
  }));
  const kinds = () => Promise.resolve({ probes: fakeProbes, notifiers });
  const args = ['page-test', '--config', 'valid.yml', name];
  return runCli(args, [(program, io) => register(program, io, kinds, clock)], { cwd, env });
}

describe('page-test', () => {
  it('given a notifier that accepts, then a marked page is sent and resolved under one key', async () => {
    const sent: Notification[] = [];
    const { code, stdout } = await pageTest('slack', async (notification) => void sent.push(notification));
    expect(code).toBe(0);
    expect(stdout).toBe('slack (slack) accepted the test page.\nslack (slack) accepted its resolution.\n');
    expect(sent.map(({ action, facts }) => [action, facts.state, facts.test])).toEqual([
      ['trigger', 'open', true],
      ['resolve', 'resolved', true],
    ]);
    expect(sent[0]?.facts.dedupKey).toMatch(/^[0-9a-f]{40}$/);
    expect(sent[1]?.facts.dedupKey).toBe(sent[0]?.facts.dedupKey);
  });

  it('given one that refuses, then it is tried once and the code is 1', async () => {
    let tries = 0;
    const { code, stderr } = await pageTest('slack', () => {
      tries++;
      return Promise.reject(new NotifyError('hooks.slack.example answered 403.', { reason: 'auth' }));
    });
    expect({ code, tries }).toEqual({ code: 1, tries: 1 });
    expect(stderr).toBe('slack (slack) did not accept the test page. hooks.slack.example answered 403.\n');
  });

  it('given one that accepts the page but not its resolution, then it says what stays open', async () => {
    const { code, stderr } = await pageTest('slack', ({ action }) =>
      action === 'trigger'
        ? Promise.resolve()
        : Promise.reject(new NotifyError('It answered 500.', { reason: 'server_error' })),
    );
    expect(code).toBe(1);
    expect(stderr).toContain('did not accept its resolution: close the test page by hand. It answered 500.');
  });

  it('given one that never answers, when its 10 s are over, then the code is 1', async () => {
    const asked: number[] = [];
    const expired = new AbortController();
    const clock = {
      ...createClock(),
      deadline(ms: number) {
        asked.push(ms);
        queueMicrotask(() => expired.abort(new Error('no answer within 10000 ms')));
        return { signal: expired.signal, expired: true, clear() {} };
      },
    };
    const hang: Send = (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const { code, stderr } = await pageTest('slack', hang, clock);
    expect({ code, asked }).toEqual({ code: 1, asked: [10_000] });
    expect(stderr).toContain('no answer within 10000 ms');
  });

  it('given a name that is not there, then the names that are there are listed and the code is 2', async () => {
    const { code, stderr } = await pageTest('pager', () => Promise.resolve());
    expect(code).toBe(2);
    expect(stderr).toBe('There is no notifier "pager" in valid.yml. It has: pagerduty, slack.\n');
  });
});
