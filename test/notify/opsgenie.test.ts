import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notification } from '../../src/core/notifier.ts';
import { silentLog } from '../../src/lib/log.ts';
import { jsm, opsgenie } from '../../src/notify/opsgenie.ts';
import { notifierContract } from '../contract/notifier.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import { type OpsgenieServer, startOpsgenieServer } from '../fakes/opsgenie-server.ts';

const api_key = '12345678-planted-key-90abcdef';
const context = { name: 'opsgenie', clock: handClock(sampleSince), log: silentLog };

for (const definition of [opsgenie, jsm]) {
  notifierContract({
    name: definition.kind,
    start: () => startOpsgenieServer(api_key),
    open: (origin, clock) => definition.open({ api_key, url: `${origin}/v2/alerts` }, { ...context, clock }),
    secrets: [api_key],
    accepts: { status: 202, body: '{"result":"Request will be processed","took":0.1,"requestId":"r-1"}' },
    refusals: ['', 'ok', '{"result":"Request will be processed"}', '{"requestId":7}', '{"requestId":"r'],
  });
}

describe('opsgenie', () => {
  let server: OpsgenieServer;
  beforeAll(async () => {
    server = await startOpsgenieServer(api_key);
  });
  afterAll(() => server.close());

  const send = async (notification: Notification) => {
    const notifier = opsgenie.open(
      { api_key, url: server.url },
      { ...context, links: { runbook: 'https://wiki.example/' } },
    );
    await notifier.send(notification, { signal: new AbortController().signal });
    return server.created.at(-1);
  };

  test('given an open incident, then its alert says what, where and what to do, and is closed by the same alias', async () => {
    expect(await send({ action: 'trigger', facts: sampleFacts() })).toMatchObject({
      message: 'prod logs STOPPED stream→index: all 3 nodes',
      alias: sampleFacts().dedupKey,
      description: expect.stringMatching(/420 overdue[\s\S]+Runbook: https:\/\/wiki\.example\/$/),
      priority: 'P1',
      entity: 'tokyo/prod/index',
      tags: ['logcanary', 'stopped', 'critical'],
    });
    expect(server.open.size).toBe(1);
    await send({ action: 'resolve', facts: resolvedFacts() });
    expect(server.open.size).toBe(0);
    expect(server.requests.at(-1)?.body).toContain('RECOVERED');
  });

  test('given an update, then nothing is sent', async () => {
    const before = server.requests.length;
    await send({ action: 'update', facts: sampleFacts() });
    expect(server.requests.length).toBe(before);
  });

  test('given a key that an address cannot hold as it is, then the alert is still closed', async () => {
    for (const dedupKey of ['a/b?c=d#e', 'k'.repeat(300)]) {
      await send({ action: 'trigger', facts: sampleFacts({ dedupKey }) });
      expect(server.open.size).toBe(1);
      await send({ action: 'resolve', facts: resolvedFacts({ dedupKey }) });
      expect(server.open.size).toBe(0);
    }
  });
});

describe('the configuration of opsgenie and jsm', () => {
  test('given only a key, then alerts go to Atlassian', () => {
    expect(opsgenie.config.parse({ api_key }).url).toBe('https://api.opsgenie.com/v2/alerts');
    expect(jsm.config.parse({ api_key }).url).toBe('https://api.atlassian.com/jsm/ops/integration/v2/alerts');
  });

  test.each([
    ['no key', {}],
    ['a short key', { api_key: 'sesame' }],
    ['an unknown setting', { api_key, apikey: 'sesame' }],
  ])('given %s, then it is refused without showing the value', (_, config) => {
    const { error } = opsgenie.config.safeParse(config);
    expect(error?.issues).toHaveLength(1);
    expect(error?.message).not.toContain('sesame');
  });
});
