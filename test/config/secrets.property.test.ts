import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { variable } from '../../src/config/field.ts';
import { loadConfig } from '../../src/config/load.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { fakeNotifiers, fakeProbes } from './fake-kinds.ts';

/** Places where a secret may stand, right or wrong. Each is a whole file with `@` for the value. */
const places = [
  'keys: [{ id: a, secret: @ }]',
  'keys: [{ id: a, secret: [@] }]',
  'keys: [{ id: a, secret: { value: @ } }]',
  'http: { secret: @, token: @ }',
  'notify: [{ slack: { webhook_url: @ } }]',
  'notify: [{ slack: { webhook_url: @, min_severity: @ } }]',
  'notify: [{ pagerduty: { routing_key: @ } }]',
  'notify: [{ pagerduty: { routing_key: x, password: @ } }]',
  'notify: [{ webhook: { url: @, secret: @ } }, { email: { password: @ } }, { alertmanager: { bearer_token: @ } }]',
  'heartbeats: [{ url: @ }]',
  'pipelines: [{ name: p, hops: [{ name: h, elasticsearch: { url: "https://es", auth: { api_key: @ } }, within: 1s }] }]',
];

/** Places where only an expanded value is secret. */
const expandedPlaces = [
  'deployment: @',
  'listen: @',
  'ledger: @',
  'pipelines: [{ name: @, lost_after: @, loss: { budget: @ }, inject: [{ enters: @, max_rate: @ }], hops: [{ name: h, after: @, within: @ }] }]',
  'pipelines: [{ name: p, inject: [{ shapes: [@] }], hops: @ }]',
  'pipelines: [{ name: p, hops: [{ name: h, kinesis: { stream: s, region: r, read: @ }, within: 1s }] }]',
  'expected_pings: [{ name: @, every: @ }, { name: @ }]',
];

const secret = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9+/=_-]{12,60}$/),
  fc.string({ unit: 'binary', minLength: 12, maxLength: 60 }).map((text) => `Zq${text.replaceAll('\0', '')}`),
  fc.stringMatching(/^[A-Za-z0-9]{12,30}$/).map((body) => `http://admin:${body}@es:9200/"\\`),
);

async function faults(text: string, env: Record<string, string>): Promise<string> {
  const options = { file: 'f.yml', text, env, probes: fakeProbes, notifiers: fakeNotifiers };
  return loadConfig(options).then(
    () => '',
    (error: unknown) => messageOf(error),
  );
}

function expectHidden(message: string, value: string): void {
  const written = JSON.stringify(value).slice(1, -1);
  expect(message.includes(value) || message.includes(written)).toBe(false);
}

describe('secrets in faults', () => {
  it('given any secret written at any secret place, when faults are told, then none holds it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), secret, async (place, value) => {
        const message = await faults(
          place.replaceAll('@', () => JSON.stringify(value)),
          {},
        );
        expect(message).not.toBe('');
        expectHidden(message, value);
      }),
      { numRuns: 150 },
    );
  });

  it('given any secret from the environment at any place, when faults are told, then none holds it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places, ...expandedPlaces), secret, async (place, value) => {
        const message = await faults(place.replaceAll('@', `"${variable('SECRET')}"`), { SECRET: value });
        expect(message).not.toBe('');
        expectHidden(message, value);
        const inside = await faults(place.replaceAll('@', `"x-${variable('SECRET')}-y"`), { SECRET: value });
        expectHidden(inside, value);
      }),
      { numRuns: 150 },
    );
  });

  it('given a file that is cut anywhere, when its faults of form are told, then no value of it is quoted', async () => {
    const value = 'correct-horse-battery-staple';
    const text = `keys: [{ id: a, secret: "${value}" }]\nhttp:\n  secret: ${value}\n  other: '${value}'\n @${value}: x: y\n`;
    for (let length = 0; length <= text.length; length++) expectHidden(await faults(text.slice(0, length), {}), value);
  });

  it('given a check of a notifier that quotes what it got, then it is told without the value', async () => {
    const message = await faults('notify: [{ slack: { webhook_url: "ftp://hooks/T0/B0/xyz" } }]', {});
    expect(message).toContain('"***" is not an https address.');
  });
});
