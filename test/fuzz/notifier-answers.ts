/** What stands where PagerDuty, Slack and the others should be, answering anything. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import type { Notifier } from '../../src/core/notifier.ts';
import { createClock } from '../../src/lib/clock.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import alertmanager from '../../src/notify/alertmanager.ts';
import { opsgenie } from '../../src/notify/opsgenie.ts';
import pagerduty from '../../src/notify/pagerduty.ts';
import { retryAfterLimitMs } from '../../src/notify/retry-after.ts';
import slack from '../../src/notify/slack.ts';
import webhook from '../../src/notify/webhook.ts';
import { resolvedFacts, sampleFacts } from '../fakes/incident-facts.ts';
import { hostileValues, spices } from './mutation.ts';
import { checking, type FuzzTarget, refuse } from './target.ts';

const secret = 'Zq7plantedSecretXw9kL3abcdefghij';
/** Where a Slack message stands that is edited. */
const receipt = '{"channel":"C1","ts":"1.2"}';

interface Said {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** The connection is cut after the body. */
  readonly cut: boolean;
}

const said: fc.Arbitrary<Said> = fc.record({
  status: fc.oneof(
    fc.constantFrom(200, 202, 204, 301, 307, 400, 401, 403, 404, 408, 425, 429, 500, 503),
    fc.integer({ min: 200, max: 599 }),
  ),
  headers: fc.array(
    fc.oneof(
      fc.tuple(
        fc.constant('retry-after'),
        fc.oneof(
          fc.constantFrom(
            '0',
            '-1',
            '9'.repeat(30),
            '1e9',
            'Sun, 06 Nov 1994 08:49:37 GMT',
            'Sun, 99 Nov 9999 99:99:99 GMT',
          ),
          fc.stringMatching(/^[ -~]{0,12}$/),
        ),
      ),
      fc.constantFrom(
        ['location', 'http://127.0.0.1:1/'] as const,
        ['content-encoding', 'gzip'] as const,
        ['content-type', 'text/html'] as const,
      ),
    ),
    { maxLength: 2 },
  ),
  body: fc.oneof(
    fc.constantFrom('', 'ok', '{"ok":true}', '{"status":"success"}', `you sent ${secret}`, '{"ok":'),
    fc.constantFrom(
      `{"data":{"isSuccess":false,"status":"${secret}"}}`,
      `[{"labels":{},"receivers":[{"name":"${secret}"}],"status":{"state":"active"}}]`,
      `{"incidents":[{"status":"triggered","incident_key":"${secret}"}]}`,
    ),
    fc
      .record(
        {
          ok: hostileValues,
          status: hostileValues,
          error: fc.oneof(hostileValues, fc.constant(secret)),
          errors: hostileValues,
          message: hostileValues,
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
    fc.array(fc.oneof(spices, fc.constant(secret)), { maxLength: 20 }).map((all) => all.join('')),
    fc.constant('x'.repeat(200_000)),
  ),
  cut: fc.boolean(),
});

async function openServer() {
  let next: Said = { status: 500, headers: [], body: '', cut: false };
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const headers = Object.fromEntries(next.headers);
      if (next.cut) headers['content-length'] = String(Buffer.byteLength(next.body) + 10);
      response.writeHead(next.status, headers);
      if (next.cut) response.write(next.body, () => response.destroy());
      else response.end(next.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}`,
    say: (what: Said) => {
      next = what;
    },
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Accepted, or a NotifyError that tells no secret and asks for no absurd wait. */
async function expectBounded(notifier: Notifier): Promise<void> {
  const { signal } = new AbortController();
  try {
    await notifier.send({ action: 'trigger', facts: sampleFacts() }, { signal });
    await notifier.send({ action: 'resolve', facts: resolvedFacts(), receipt }, { signal });
  } catch (error) {
    expectBoundedError(error);
  }
}

/** Whatever it takes the answer for, it says so in a few words without a secret. */
async function expectBoundedProof(notifier: Notifier): Promise<void> {
  const { signal } = new AbortController();
  try {
    const arrival = await notifier.prove?.({ action: 'trigger', facts: sampleFacts(), receipt }, { signal });
    const text = JSON.stringify(arrival ?? {});
    if (text.includes(secret)) refuse(`a secret: ${text}`);
    if (text.length > 1_000) refuse(`a proof of ${text.length} characters`);
  } catch (error) {
    expectBoundedError(error);
  }
}

function expectBoundedError(error: unknown): void {
  if (!(error instanceof NotifyError)) throw error;
  if (error.message.includes(secret)) refuse(`a secret: ${error.message}`);
  if (error.message.length > 1_000) refuse(`a message of ${error.message.length} characters`);
  if (!((error.retryAfterMs ?? 0) >= 0 && (error.retryAfterMs ?? 0) <= retryAfterLimitMs))
    refuse(`a wait of ${error.retryAfterMs} ms`);
}

export const notifierTargets: readonly FuzzTarget[] = [
  {
    name: 'answers of PagerDuty, Slack and other channels',
    runs: 40,
    async open() {
      const server = await openServer();
      const opening = (name: string) => ({ name, clock: createClock(), log: silentLog });
      const notifiers = [
        pagerduty.open(
          { routing_key: secret, api_token: secret, url: server.url, api_url: server.url },
          opening('pagerduty'),
        ),
        slack.open({ webhook_url: server.url }, opening('slack')),
        slack.open({ bot_token: secret, channel: 'C1', url: server.url }, opening('bot')),
        alertmanager.open({ ...alertmanager.config.parse({ url: server.url }), bearer_token: secret }, opening('am')),
        webhook.open({ url: server.url, secret }, opening('webhook')),
        opsgenie.open({ api_key: secret, url: server.url }, opening('opsgenie')),
      ];
      const property = fc.asyncProperty(said, async (what) => {
        server.say(what);
        for (const notifier of notifiers) {
          await expectBounded(notifier);
          await expectBoundedProof(notifier);
        }
      });
      return checking(property, server.close);
    },
  },
];
