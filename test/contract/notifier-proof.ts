/** What every channel that can be asked must do when it is: never take for arrived what was not seen there, and leak nothing. */
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { IncidentFacts } from '../../src/core/incident.ts';
import type { Arrival, Notifier } from '../../src/core/notifier.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import type { MisbehavingServer } from '../fakes/misbehaving-server.ts';
import { expectNoSecret } from './notifier-facts.ts';

export interface ProofCase {
  readonly name: string;
  start(): Promise<MisbehavingServer>;
  /** A notifier that sends to, and asks, the vendor's paths on `origin`. */
  open(origin: string, clock: Clock): Notifier;
  readonly secrets: readonly string[];
  /** What the vendor gives back for a message that it never took. */
  readonly unknownReceipt?: string;
  /** 404 is the vendor's word for: not there yet. */
  readonly notFoundIsAnswer?: true;
  /** Bodies with 200 that are no proof, though they may look like one. */
  readonly noProofs: readonly string[];
}

export function proofContract(subject: ProofCase): void {
  describe(`${subject.name}, asked for a message`, () => {
    let server: MisbehavingServer;
    const clock = handClock(sampleSince);
    const wide = new AbortController().signal;
    let receipt: string | undefined;

    beforeAll(async () => {
      server = await subject.start();
      receipt = await send(sampleFacts());
    });
    afterAll(() => server.close());
    afterEach(() => {
      server.script();
      expect(clock.running).toBe(0);
    });

    const send = (facts: IncidentFacts) =>
      subject.open(server.origin, clock).send({ action: 'trigger', facts }, { signal: wide });
    const prove = async (facts = sampleFacts(), held = receipt, origin = server.origin, signal = wide) => {
      const proved = subject.open(origin, clock).prove?.({ action: 'trigger', facts, receipt: held }, { signal });
      if (proved === undefined) throw new Error('it cannot be asked');
      const arrival: Arrival = await proved;
      for (const secret of subject.secrets) expect(inspect(arrival)).not.toContain(secret);
      return arrival;
    };
    const failure = async (proved: Promise<Arrival>): Promise<NotifyError> => {
      const error = await proved.then(
        (arrival) => arrival,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof NotifyError)) throw new Error(`expected a NotifyError, got ${inspect(error)}`);
      expectNoSecret(error, subject.secrets);
      return error;
    };
    const arrived = async (before: number) => vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(before));

    test('given a message that was taken, then it has arrived, and nothing was sent to learn it', async () => {
      const before = server.requests.length;
      expect(await prove()).toMatchObject({ state: 'arrived', how: expect.stringMatching(/\w/) });
      const asked = server.requests.slice(before);
      expect(asked.map(({ method, body }) => [method, body])).toEqual(asked.map(() => ['GET', '']));
    });

    test('given names with quotes, spaces, slashes and Japanese, then it is found all the same', async () => {
      const facts = sampleFacts({ pipeline: 'a"b\\c', hop: '索引 / x&y=z', dedupKey: 'k/?#&=%' });
      expect(await prove(facts, await send(facts))).toMatchObject({ state: 'arrived' });
    });

    test('given a message that was never taken, then it is missing', async () => {
      const facts = sampleFacts({ dedupKey: 'never-sent', hop: 'never-sent' });
      expect(await prove(facts, subject.unknownReceipt)).toMatchObject({ state: 'missing' });
    });

    test('given each status from 200 to 599 but its own, then it could not be looked, and whether it may pass is said', async () => {
      for (let status = 200; status < 600; status += 1) {
        if (status === 404 && subject.notFoundIsAnswer) continue;
        server.script({ as: 'answer', status, body: 'no answer of ours' });
        const error = await failure(prove());
        const lasting = status >= 400 && status < 500 && ![408, 425, 429].includes(status);
        expect({ status, retryable: error.retryable }).toEqual({ status, retryable: !lasting });
        expect(error.message).toMatch(new RegExp(`^Cannot ask .*${status}`));
      }
    });

    test('given answers that prove nothing, then it has not arrived', async () => {
      const bodies = ['', 'null', '[[]]', '{}', '"ok"', '{"ok":', '<!doctype html><p>Sign in', ...subject.noProofs];
      for (const body of bodies) {
        server.script({ as: 'answer', status: 200, body });
        const state = await prove().then(
          (arrival) => arrival.state,
          (error: unknown) => (error instanceof NotifyError ? 'blind' : 'crash'),
        );
        expect([body, ['missing', 'blind'].includes(state)]).toEqual([body, true]);
      }
    });

    test('given 429 with Retry-After, then the wait is passed on', async () => {
      server.script({ as: 'answer', status: 429, headers: { 'retry-after': '17' }, body: 'slow down' });
      expect({ ...(await failure(prove())) }).toMatchObject({ reason: 'rate_limited', retryAfterMs: 17_000 });
    });

    test('given a redirect, then it is not followed', async () => {
      const before = server.requests.length;
      server.script({ as: 'answer', status: 302, headers: { location: `${server.origin}/elsewhere` } });
      expect(await failure(prove())).toMatchObject({ reason: 'bad_answer' });
      expect(server.requests.length - before).toBe(1);
    });

    test.each(['silent', 'stall'] as const)(
      'given a %s vendor, when the time is up, then it is a timeout',
      async (as) => {
        const before = server.requests.length;
        server.script(as === 'stall' ? { as, status: 200 } : { as });
        const failed = failure(prove());
        await arrived(before);
        clock.expire();
        expect(await failed).toMatchObject({ reason: 'timeout', retryable: true });
      },
    );

    test('given a silent vendor, when we stop, then the question ends as aborted', async () => {
      const before = server.requests.length;
      const stop = new AbortController();
      server.script({ as: 'silent' });
      const failed = failure(prove(sampleFacts(), receipt, server.origin, stop.signal));
      await arrived(before);
      stop.abort(new Error('shutting down'));
      expect(await failed).toMatchObject({ reason: 'aborted' });
    });

    test('given a body of 1 GB, then only a bounded part of it is read', async () => {
      const before = server.flooded;
      server.script({ as: 'flood', status: 200, bytes: 1_000_000_000 });
      expect((await failure(prove())).message.length).toBeLessThan(1_000);
      expect(server.flooded - before).toBeLessThan(50_000_000);
    });

    test.each([
      ['reset', 'network'],
      ['garbage', 'bad_answer'],
    ] as const)('given a connection that ends in a %s, then it may be asked again', async (as, reason) => {
      server.script({ as });
      expect(await failure(prove())).toMatchObject({ reason, retryable: true });
    });

    test('given nobody listens, then it is refused', async () => {
      const gone = await subject.start();
      await gone.close();
      expect(await failure(prove(sampleFacts(), receipt, gone.origin))).toMatchObject({ reason: 'refused' });
    });

    test('given a vendor that repeats our secrets, then nothing shows them', async () => {
      const [secret = ''] = subject.secrets;
      const body = JSON.stringify({
        ok: false,
        error: secret,
        message: secret,
        status: secret,
        data: { status: secret },
      });
      for (const status of [200, 400, 401, 403, 429, 500]) {
        server.script({ as: 'answer', status, body });
        expect((await failure(prove())).message).toContain('***');
      }
    });
  });
}
