/** What peers ask each other: as JSON and back, signed. */
import { expect, test } from 'vitest';
import type { PeerReport } from '../../src/core/peer.ts';
import { isSigned, nonceHeader, parsePeerReport, peerJson } from '../../src/http/peer.ts';
import { secret, serve } from './serving.ts';

const window = { from: 1_000, until: 900_000, reason: 'upgrade', by: 'ops' };
const report: PeerReport = {
  deployment: 'tokyo',
  instance: 'abc-1',
  startedAt: 1_800_000_000_000,
  healthy: true,
  terms: { prod: '0123456789abcdef' },
  channels: { slack: 'fedcba9876543210' },
  hears: ['abc-2'],
  open: [
    {
      id: 'inc-3',
      dedupKey: '0123456789abcdef0123456789abcdef01234567',
      pipeline: 'prod',
      hop: 'index',
      kind: 'stopped',
      severity: 'critical',
      openedAt: 1_800_000_060_000,
      since: 1_800_000_000_500,
      standing: 'over',
      told: [{ notifier: 'slack', receipt: '{"ts":"1.2"}' }, { notifier: 'pagerduty' }],
    },
  ],
  taken: [{ instance: 'abc-2', id: 'inc-9', notifier: 'slack' }],
  maintenance: [{ id: 'mw-1', pipeline: 'prod', ...window }],
  silences: [{ id: 'sil-1', kind: 'slow', hop: 'index', ...window }],
};

const served = () => serve({ peer: () => report });

test('given a report, when it went out as JSON and came in, then it is the same', () => {
  expect(parsePeerReport(JSON.parse(JSON.stringify(peerJson(report))))).toEqual(report);
});

test('given a report of a newer version, when it is read, then what is not known is left out', () => {
  const json = JSON.parse(JSON.stringify(peerJson(report)));
  const newer = { ...json, moon: 'full', open: [...json.open, { ...json.open[0], kind: 'teleported' }] };
  expect(parsePeerReport(newer)).toEqual(report);
});

test.each([
  ['nothing', null],
  ['something else', { hello: ['world'] }],
  ['another standing', { ...peerJson(report), open: [{ ...peerJson(report).open[0], standing: 'perhaps' }] }],
  ['endless names', { ...peerJson(report), instance: 'x'.repeat(10_000) }],
  ['endless lists', { ...peerJson(report), hears: Array.from({ length: 10_000 }, String) }],
])('given %s, when it is read, then it is refused', (_, json) => {
  expect(() => parsePeerReport(JSON.parse(JSON.stringify(json)))).toThrow();
});

test('given a running server, when it is asked, then it needs no secret, and signs for the one who asks', async () => {
  const { url } = await served();
  const nonce = '00112233';
  const answer = await fetch(`${url}/api/v1/peer`, { headers: { [nonceHeader]: nonce } });
  const body = await answer.text();
  expect(parsePeerReport(JSON.parse(body))).toEqual(report);
  const headers = Object.fromEntries(answer.headers);
  expect(isSigned(headers, { secret, nonce, body })).toBe(true);
  expect(isSigned(headers, { secret, nonce: '00112234', body })).toBe(false);
  expect(isSigned(headers, { secret: `${secret}!`, nonce, body })).toBe(false);
  expect(isSigned(headers, { secret, nonce, body: body.replace('true', 'null') })).toBe(false);
  expect(isSigned({}, { secret, nonce, body })).toBe(false);
});

test('given a running server, when it is posted to, then 405', async () => {
  const { url } = await served();
  expect((await fetch(`${url}/api/v1/peer`, { method: 'POST' })).status).toBe(405);
});
