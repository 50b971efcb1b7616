import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { IncidentFacts } from '../../src/core/incident.ts';
import type { NotificationAction, Notifier } from '../../src/core/notifier.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import type { MisbehavingServer } from '../fakes/misbehaving-server.ts';
import { awkward, expectNoSecret } from './notifier-facts.ts';

export interface NotifierCase {
  readonly name: string;
  /** Starts the vendor's fake. */
  start(): Promise<MisbehavingServer>;
  /** A notifier that sends to the vendor's path on `origin`. */
  open(origin: string, clock: Clock): Notifier;
  /** What must never be seen in an error. */
  readonly secrets: readonly string[];
  /** The one status that may mean accepted, with the body that says so. `any`: so does every 2xx, whatever it holds. */
  readonly accepts: { readonly status: number; readonly body: string; readonly any?: boolean };
  /** Bodies, with that same status, that are no acceptance though they may look like one. */
  readonly refusals: readonly string[];
}

/** What every channel must do, whatever the other side does. Call it inside the channel's own test file. */
export function notifierContract(subject: NotifierCase): void {
  describe(`${subject.name} as a notifier`, () => {
    let server: MisbehavingServer;
    const clock = handClock(sampleSince);
    const wide = new AbortController().signal;

    beforeAll(async () => {
      server = await subject.start();
    });
    afterAll(() => server.close());
    afterEach(() => {
      server.script();
      expect(clock.running).toBe(0);
    });

    const send = (
      facts: IncidentFacts,
      action: NotificationAction = 'trigger',
      origin = server.origin,
      signal = wide,
    ) => subject.open(origin, clock).send({ action, facts, pageUrl: 'https://logcanary.example/?a=1&b=2' }, { signal });
    const failure = async (sent: Promise<unknown>): Promise<NotifyError> => {
      const error = await sent.then(
        () => 'it was accepted',
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof NotifyError)) throw new Error(`expected a NotifyError, got ${inspect(error)}`);
      expectNoSecret(error, subject.secrets);
      return error;
    };
    const isAccepting = (status: number) =>
      subject.accepts.any === true ? status >= 200 && status < 300 : status === subject.accepts.status;
    const arrival = async (before: number) => vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(before));

    test('given a working vendor, when an incident opens and is over, then both are accepted', async () => {
      const before = server.requests.length;
      await send(sampleFacts());
      await send(resolvedFacts(), 'resolve');
      expect(server.requests.length - before).toBe(2);
    });

    test('given each status from 200 to 599, then only the vendor’s own is accepted and retrying is said right', async () => {
      for (let status = 200; status < 600; status += 1) {
        server.script({ as: 'answer', status, body: subject.accepts.body });
        if (isAccepting(status)) {
          await send(sampleFacts());
          continue;
        }
        const error = await failure(send(sampleFacts()));
        const lasting = status >= 400 && status < 500 && ![408, 425, 429].includes(status);
        expect({ status, retryable: error.retryable }).toEqual({ status, retryable: !lasting });
        expect(error.message).toContain(String(status));
      }
    });

    test('given the accepting status with another body, then it is not accepted', async () => {
      for (const body of subject.refusals) {
        server.script({ as: 'answer', status: subject.accepts.status, body });
        await failure(send(sampleFacts()));
      }
    });

    test.skipIf(subject.accepts.any)(
      'given a proxy’s HTML with the accepting status, then it is not accepted and may be sent again',
      async () => {
        const body = `<!doctype html><p>Sign in to continue to ${subject.secrets.join(' ')}`;
        server.script({ as: 'answer', status: subject.accepts.status, headers: { 'content-type': 'text/html' }, body });
        expect(await failure(send(sampleFacts()))).toMatchObject({ reason: 'bad_answer', retryable: true });
      },
    );

    test('given a redirect, then it is not followed', async () => {
      for (const status of [301, 302, 303, 307, 308]) {
        const before = server.requests.length;
        server.script({ as: 'answer', status, headers: { location: `${server.origin}/elsewhere` } });
        expect(await failure(send(sampleFacts()))).toMatchObject({ reason: 'bad_answer', retryable: true });
        expect(server.requests.length - before).toBe(1);
      }
    });

    test.each([
      ['seconds', { 'retry-after': '17' }, 17_000],
      [
        'a date, by the answer’s own clock',
        dated('Thu, 19 Nov 2026 20:00:30 GMT', 'Thu, 19 Nov 2026 20:00:00 GMT'),
        30_000,
      ],
      ['a date in the past', dated('Thu, 19 Nov 2026 19:00:00 GMT', 'Thu, 19 Nov 2026 20:00:00 GMT'), 0],
      ['a year', { 'retry-after': '31536000' }, 3_600_000],
      ['nonsense', { 'retry-after': 'soon' }, undefined],
    ])(
      'given 429 and Retry-After in %s, then the wait is passed on within bounds',
      async (_, headers, retryAfterMs) => {
        server.script({ as: 'answer', status: 429, headers, body: 'slow down' });
        const error = await failure(send(sampleFacts()));
        expect({ ...error }).toMatchObject({ reason: 'rate_limited', retryable: true, retryAfterMs });
      },
    );

    test('given an answer that breaks off, then a refusal’s head still counts and an acceptance does not', async () => {
      server.script({ as: 'cut', status: 429, headers: { 'retry-after': '5' } });
      expect(await failure(send(sampleFacts()))).toMatchObject({
        reason: 'rate_limited',
        retryable: true,
        retryAfterMs: 5_000,
      });
      server.script({ as: 'cut', status: subject.accepts.status });
      expect(await failure(send(sampleFacts()))).toMatchObject({ reason: 'bad_answer', retryable: true });
    });

    test.each(['silent', 'stall'] as const)(
      'given a %s vendor, when the time is up, then it is a timeout',
      async (as) => {
        const before = server.requests.length;
        server.script(as === 'stall' ? { as, status: subject.accepts.status } : { as });
        const failed = failure(send(sampleFacts()));
        await arrival(before);
        clock.expire();
        expect(await failed).toMatchObject({ reason: 'timeout', retryable: true });
      },
    );

    test('given a silent vendor, when we stop, then the call ends as aborted', async () => {
      const before = server.requests.length;
      const stop = new AbortController();
      server.script({ as: 'silent' });
      const failed = failure(send(sampleFacts(), 'trigger', server.origin, stop.signal));
      await arrival(before);
      stop.abort(new Error('shutting down'));
      expect(await failed).toMatchObject({ reason: 'aborted', retryable: true });
    });

    test('given a signal that has already ended, then nothing is sent', async () => {
      const before = server.requests.length;
      const failed = failure(send(sampleFacts(), 'trigger', server.origin, AbortSignal.abort(new Error('over'))));
      expect(await failed).toMatchObject({ reason: 'aborted' });
      expect(server.requests.length).toBe(before);
    });

    test('given a body of 1 GB, then only a bounded part of it is read', async () => {
      for (const status of [subject.accepts.status, 400, 503]) {
        const before = server.flooded;
        server.script({ as: 'flood', status, bytes: 1_000_000_000 });
        const error = await failure(send(sampleFacts()));
        expect(error.retryable).toBe(status !== 400);
        expect(error.message.length).toBeLessThan(1_000);
        expect(server.flooded - before).toBeLessThan(50_000_000);
      }
    });

    test.each([
      ['reset', 'network'],
      ['garbage', 'bad_answer'],
    ] as const)('given a connection that ends in a %s, then it may be sent again', async (as, reason) => {
      server.script({ as });
      expect(await failure(send(sampleFacts()))).toMatchObject({ reason, retryable: true });
    });

    test('given nobody listens, then it is refused and may be sent again', async () => {
      const gone = await subject.start();
      await gone.close();
      expect(await failure(send(sampleFacts(), 'trigger', gone.origin))).toMatchObject({
        reason: 'refused',
        retryable: true,
      });
    });

    test('given a name without an address, then it is a DNS failure and may be sent again', async () => {
      const sent = send(sampleFacts(), 'trigger', 'http://no-such-host.invalid');
      expect(await failure(sent)).toMatchObject({ reason: 'dns', retryable: true });
    });

    test('given TLS spoken to a port without TLS, then it is a TLS failure and may be sent again', async () => {
      const sent = send(sampleFacts(), 'trigger', server.origin.replace('http:', 'https:'));
      expect(await failure(sent)).toMatchObject({ reason: 'tls', retryable: true });
    });

    test('given a vendor that repeats our secrets, then no error shows them', async () => {
      const [secret] = subject.secrets;
      const body = JSON.stringify({
        status: 'invalid event',
        ok: false,
        error: secret,
        message: secret,
        errors: subject.secrets,
      });
      for (const status of [200, 202, 400, 403, 404, 429, 500]) {
        if (subject.accepts.any && isAccepting(status)) continue;
        server.script({ as: 'answer', status, body });
        expect((await failure(send(sampleFacts()))).message).toContain('***');
      }
    });

    test.each(awkward())('given %s, then the vendor takes it', async (_, facts) => {
      await send(facts);
    });
  });
}

function dated(retryAfter: string, date: string): Record<string, string> {
  return { 'retry-after': retryAfter, date };
}
