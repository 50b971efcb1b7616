/** What every probe that speaks HTTP promises against a target that answers anything but what it should. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProbeError, Reason } from '../../src/probe.ts';
import {
  type Answering,
  answeringMisbehaviours,
  type Flooding,
  floodingMisbehaviours,
  type HostileServer,
  stallingMisbehaviours,
  startHostileServer,
} from '../fakes/hostile-server.ts';
import { expectProbeError } from './probe-error.ts';

export interface HostilityOptions {
  /** One call of the probe: what it reported without throwing, and whether it claimed to know anything. */
  call(config: unknown, signal: AbortSignal): Promise<{ errors: readonly ProbeError[]; claims: boolean }>;
  config(url: string): unknown;
  readonly secrets: readonly string[];
}

const expected: Record<Answering | Flooding, readonly Reason[]> = {
  'HTML with 200': ['bad_answer'],
  'an empty 200': ['bad_answer'],
  'JSON of something else': ['bad_answer'],
  'a JSON number': ['bad_answer'],
  'cut JSON': ['bad_answer'],
  'a body shorter than promised': ['bad_answer', 'network'],
  'a body that is not the gzip it says': ['bad_answer'],
  'a redirect': ['bad_answer', 'rejected'],
  'a permanent redirect': ['bad_answer', 'rejected'],
  'HTML with 400': ['bad_answer', 'rejected'],
  'HTML with 401': ['auth'],
  'HTML with 403': ['auth'],
  'HTML with 404': ['not_found', 'bad_answer'],
  'HTML with 429': ['rate_limited'],
  'HTML with 500': ['server_error'],
  'HTML with 503': ['server_error', 'rate_limited'],
  'a reset connection': ['network'],
  'a hung-up connection': ['network'],
  'a body of 1 GB': ['too_large', 'bad_answer'],
  'an endless body': ['too_large', 'bad_answer'],
  'an error with an endless body': ['too_large', 'bad_answer', 'server_error'],
};

/** Bytes of a flood that may be let in before giving up. The largest honest answers (GetRecords) are 14 MB. */
const maxPoured = 64 * 1024 * 1024;
/** A probe that does not give up by itself must fail the test, not hold up the run. */
const patience = 10_000;

export function describeHostility({ call, config, secrets }: HostilityOptions): void {
  describe('against a hostile target', () => {
    let server: HostileServer;
    beforeAll(async () => {
      server = await startHostileServer();
    });
    afterAll(() => server.stop());

    const expectFailure = async (url: string, reasons: readonly Reason[], signal = new AbortController().signal) => {
      const outcome = await call(config(url), signal).catch((error: unknown) => ({ errors: [error], claims: false }));
      expect(outcome.claims).toBe(false);
      expect(outcome.errors.length).toBeGreaterThan(0);
      for (const error of outcome.errors) expectProbeError(error, reasons, secrets);
    };

    for (const misbehaviour of [...answeringMisbehaviours, ...floodingMisbehaviours]) {
      test(
        `given ${misbehaviour}, when called, then it fails as ${expected[misbehaviour].join(' or ')} and claims nothing`,
        async () => {
          server.misbehave(misbehaviour);
          await expectFailure(server.url, expected[misbehaviour]);
          expect(server.trapped).toBe(0);
          expect(server.poured).toBeLessThan(maxPoured);
        },
        patience,
      );
    }
    for (const misbehaviour of stallingMisbehaviours) {
      test(
        `given ${misbehaviour}, when the deadline passes, then it fails as timeout`,
        async () => {
          server.misbehave(misbehaviour);
          const abort = server.requested().then(() => new DOMException('no answer within 1 ms', 'TimeoutError'));
          await expectFailure(server.url, ['timeout'], abortedBy(abort));
        },
        patience,
      );
    }
    test(
      'given silence, when aborted for shutdown, then it fails as aborted',
      async () => {
        server.misbehave('silence');
        const abort = server.requested().then(() => new DOMException('shutting down', 'AbortError'));
        await expectFailure(server.url, ['aborted'], abortedBy(abort));
      },
      patience,
    );
    test('given nothing that listens, when called, then it fails as refused', () =>
      expectFailure(server.refusingUrl, ['refused']));
    test('given a certificate nobody trusts, when called, then it fails as tls', () =>
      expectFailure(server.untrustedUrl, ['tls']));
    test('given plain HTTP where TLS is expected, when called, then it fails as tls', async () => {
      server.misbehave('HTML with 200');
      await expectFailure(server.url.replace('http:', 'https:'), ['tls']);
    });
  });
}

function abortedBy(reason: Promise<unknown>): AbortSignal {
  const controller = new AbortController();
  reason.then((why) => controller.abort(why));
  return controller.signal;
}
