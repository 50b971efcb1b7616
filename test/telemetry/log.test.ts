import { expect, test } from 'vitest';
import { ProbeError } from '../../src/lib/errors.ts';
import { createLog, type LogLevel } from '../../src/telemetry/log.ts';
import { sampleToken } from '../http/sample-status.ts';

function capture(options: { level?: LogLevel; pretty?: boolean } = {}) {
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text) };
  return { lines, log: createLog({ level: 'debug', ...options, stream }) };
}

test('given a canary token anywhere, when logged, then only its first 11 characters stay', () => {
  for (const pretty of [false, true]) {
    const { lines, log } = capture({ pretty });
    log.info({ token: sampleToken, deep: { list: [`saw ${sampleToken}!`] } }, `found ${sampleToken}`);
    log.error({ error: new Error(`no ${sampleToken}`) }, 'failed');
    expect(lines.join('')).toContain(sampleToken.slice(0, 11));
    expect(lines.join('')).not.toContain(sampleToken.slice(0, 12));
  }
});

test.each([
  [{ secret: 'hunter2' }],
  [{ http: { Authorization: 'Bearer hunter2' } }],
  [{ notify: [{ routing_key: 'hunter2' }] }],
  [{ a: { b: { 'X-Api-Key': 'hunter2', webhookUrl: 'https://hooks.example/hunter2' } } }],
  [{ url: 'http://127.0.0.1/hooks/hop/alert?secret=hunter2&x=1' }],
  [{ url: 'http://127.0.0.1/hooks/hop/alert/hunter2' }],
  [{ url: 'https://user:hunter2@es:9200/' }],
  [{ error: new Error('401 for Bearer hunter2hunter2') }],
  [{ a: { b: { c: { d: { e: { f: { g: 'hunter2' } } } } } } }],
])('given %j, when logged, then the secret is not in the line', (fields) => {
  for (const pretty of [false, true]) {
    const { lines, log } = capture({ pretty });
    log.warn(fields, 'careful');
    expect(lines.join('')).toContain('careful');
    expect(lines.join('')).not.toContain('hunter2');
  }
});

test('given an error of ours, when logged, then its message, code and cause are there and no stack', () => {
  const { lines, log } = capture();
  const cause = new Error('socket hang up');
  log.error({ error: new ProbeError('Cannot search.', { reason: 'network', cause }) }, 'look failed');
  const line = JSON.parse(lines[0] ?? '{}');
  expect(line).toMatchObject({
    level: 'error',
    msg: 'look failed',
    error: { message: 'Cannot search.', code: 'PROBE', reason: 'network', cause: { message: 'socket hang up' } },
  });
  expect(lines[0]).not.toContain('    at ');
});

test('given a text with line feeds and escapes, when logged for people, then it stays one line', () => {
  const { lines, log } = capture({ pretty: true });
  log.info({ name: 'a\nb\u001b[31m' }, 'one\ntwo');
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\dZ INFO {2}one\\ntwo {2}name="a\\nb\\u001b\[31m"\n$/);
});

test('given level warn, when info is logged, then nothing is written', () => {
  const { lines, log } = capture({ level: 'warn' });
  log.info({}, 'quiet');
  expect(lines).toEqual([]);
});

test('given fields that point to themselves, when logged, then it ends', () => {
  const { lines, log } = capture();
  const loop: Record<string, unknown> = { big: 10n };
  loop.self = loop;
  log.info(loop, 'round');
  expect(lines[0]).toContain('[deeper]');
});
