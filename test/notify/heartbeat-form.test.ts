/** What each heartbeat service is sent. */
import { expect, test } from 'vitest';
import { type HeartbeatForm, heartbeatForms } from '../../src/core/pipeline.ts';
import { doubtOf, formOf, pingRequest, type Sign } from '../../src/notify/heartbeat-form.ts';

const everyMs = 60_000;
const signs: readonly Sign[] = ['alive', 'failing', 'starting'];
const sentTo = (url: string) => signs.map((sign) => pingRequest({ url, everyMs }, sign, 'disk full & more'));

test('given Healthchecks, when we live, fail and start, then it is its ping, /fail with the reason, and /start', () => {
  const url = 'https://hc-ping.com/5ec2e7';
  expect(sentTo(url)).toEqual([
    { method: 'GET', url },
    { method: 'POST', url: `${url}/fail`, body: 'disk full & more' },
    { method: 'GET', url: `${url}/start` },
  ]);
});

test('given a slug that may be created, when we fail, then the question stays at the end', () => {
  const [, failing] = sentTo('https://hc-ping.com/key/prod-logs?create=1');
  expect(failing?.url).toBe('https://hc-ping.com/key/prod-logs/fail?create=1');
});

test("given Dead Man's Snitch, when we live and fail, then the second has a status and a text", () => {
  const url = 'https://nosnch.in/c2354d53d2';
  expect(sentTo(url)).toEqual([
    { method: 'GET', url },
    { method: 'GET', url: `${url}?s=1&m=disk+full+%26+more` },
    undefined,
  ]);
});

test('given Cronitor, when we live and fail, then the state says so, beside what the address asks already', () => {
  expect(sentTo('https://cronitor.link/p/apikey/logs?env=prod')).toEqual([
    { method: 'GET', url: 'https://cronitor.link/p/apikey/logs?env=prod&state=ok' },
    { method: 'GET', url: 'https://cronitor.link/p/apikey/logs?env=prod&state=fail&message=disk+full+%26+more' },
    undefined,
  ]);
});

test('given Better Stack, when we live and fail, then it is its address, and /fail with the reason', () => {
  const url = 'https://uptime.betterstack.com/api/v1/heartbeat/token';
  expect(sentTo(url)).toEqual([
    { method: 'GET', url },
    { method: 'POST', url: `${url}/fail`, body: 'disk full & more' },
    undefined,
  ]);
});

test('given any other address, when we do not live, then only silence says so', () => {
  const url = 'https://push.example/api/push/abc?status=up';
  expect(sentTo(url)).toEqual([{ method: 'GET', url }, undefined, undefined]);
});

test('given a host that only looks like one of theirs, or a form that is set, then the host does not decide', () => {
  expect(formOf({ url: 'https://hc-ping.com.evil.example/x', everyMs })).toBe('plain');
  expect(formOf({ url: 'https://hc-ping.com/x', everyMs, form: 'plain' })).toBe('plain');
  expect(formOf({ url: 'https://checks.example/ping/x', everyMs, form: 'healthchecks' })).toBe('healthchecks');
});

test('given a long reason with emoji, when it is sent, then it is cut between characters', () => {
  for (const form of heartbeatForms) {
    const ping = pingRequest({ url: 'https://x.example/p', everyMs, form }, 'failing', '🐤'.repeat(5_000));
    const text = ping?.body ?? new URL(ping?.url ?? 'https://none.example').searchParams.get('m') ?? '';
    expect([...text].length).toBeLessThanOrEqual(1_000);
    expect(text).toMatch(/^🐤*$/u);
  }
});

test('given an answer, then only Healthchecks says no with 200', () => {
  const doubts = (form: HeartbeatForm) => doubtOf({ url: 'https://x.example', everyMs, form }, 'OK (not found)\n');
  expect(heartbeatForms.map(doubts)).toEqual([undefined, 'not found', undefined, undefined, undefined]);
  expect(doubtOf({ url: 'https://hc-ping.com/x', everyMs }, 'OK')).toBeUndefined();
});
