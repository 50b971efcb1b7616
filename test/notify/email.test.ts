import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Notification } from '../../src/core/notifier.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import email from '../../src/notify/email.ts';
import { awkward, expectNoSecret } from '../contract/notifier-facts.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import { type SmtpScript, type SmtpServer, startSmtpServer } from '../fakes/smtp-server.ts';

const password = 'smtp-planted-Zq7Xw9kL3-password';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const secrets = [password, base64(password), base64(`\0canary\0${password}`)];
const addresses = { from: 'canary@example.com', to: ['oncall@example.com', 'lead@example.com'] };
const clock = handClock(sampleSince);
const wide = new AbortController().signal;

let server: SmtpServer;
let secure: SmtpServer;
beforeAll(async () => {
  const login = { user: 'canary', password };
  server = await startSmtpServer({ login, refusedRecipients: ['gone@example.com'] });
  secure = await startSmtpServer({ tls: true });
});
afterAll(() => Promise.all([server.close(), secure.close()]));
afterEach(() => {
  server.script();
  expect(clock.running).toBe(0);
});

const optionsOf = (changes: object = {}) =>
  email.config.parse({
    host: '127.0.0.1',
    port: server.port,
    tls: 'none',
    user: 'canary',
    password,
    ...addresses,
    ...changes,
  });
const send = (notification: Notification, changes: object = {}, signal = wide, log = silentLog) =>
  email.open(optionsOf(changes), { name: 'mail', clock, log, zone: 'Asia/Tokyo' }).send(notification, { signal });
const trigger = (changes = {}) => ({ action: 'trigger', facts: sampleFacts(changes) }) as const;

async function failure(sent: Promise<unknown>): Promise<NotifyError> {
  const error = await sent.then(
    () => 'it was accepted',
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof NotifyError)) throw new Error(`expected a NotifyError, got ${inspect(error)}`);
  expectNoSecret(error, secrets);
  return error;
}

/** Headers unfolded, and the body decoded from quoted-printable or base64. */
function last(): { headers: string; body: string } {
  const [head = '', ...rest] = (server.mails.at(-1)?.raw ?? '').split('\r\n\r\n');
  const coded = rest.join('\r\n\r\n');
  const quoted = coded
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  const bytes = /base64/.test(head) ? Buffer.from(coded, 'base64') : Buffer.from(quoted, 'latin1');
  const plain = /quoted-printable|base64/.test(head);
  return { headers: head.replace(/\r\n\s+/g, ' '), body: plain ? bytes.toString('utf8') : coded };
}
const headerOf = (name: string) => new RegExp(`^${name}: (.*)$`, 'mi').exec(last().headers)?.[1];

describe('email', () => {
  test('given an open incident, then the mail says it in its subject, and the rest in plain text', async () => {
    await send({ ...trigger(), pageUrl: 'https://logcanary.example/' });
    expect(server.mails.at(-1)).toMatchObject({ from: addresses.from, to: addresses.to });
    expect(headerOf('Auto-Submitted')).toBe('auto-generated');
    expect(headerOf('Importance')).toBe('high');
    const { body } = last();
    expect(body).toContain('prod logs STOPPED stream→index: all 3 nodes');
    expect(body).toContain('Since 03:02 JST (18:02Z).');
    expect(body).toContain('Incident: https://logcanary.example/#inc-7');
  });

  test('given a whole incident, then its mails are one thread, each with an id that stays the same over retries', async () => {
    await send(trigger());
    const first = headerOf('Message-ID');
    await send(trigger());
    expect(headerOf('Message-ID')).toBe(first);
    await send({ action: 'resolve', facts: resolvedFacts() });
    expect(headerOf('Message-ID')).not.toBe(first);
    expect([headerOf('In-Reply-To'), headerOf('References')]).toEqual([first, first]);
    await send(trigger({ id: 'inc-8' }));
    expect(headerOf('Message-ID')).not.toBe(first);
  });

  test.each(awkward())('given %s, then the server takes it, and no header is made of it', async (_, facts) => {
    const before = server.mails.length;
    await send({ action: 'trigger', facts });
    expect(server.mails.length - before).toBe(1);
    const names = last()
      .headers.split('\r\n')
      .map((line) => line.split(':')[0]);
    expect(new Set(names).size).toBe(names.length);
    expect(server.mails.at(-1)?.raw.length).toBeLessThan(100_000);
  });

  test('given names with line feeds that would be headers, then they stay in the subject', async () => {
    await send(trigger({ pipeline: 'prod\r\nBcc: evil@example.com' }));
    expect(last().headers).not.toMatch(/^Bcc/m);
    expect(server.mails.at(-1)?.to).toEqual(addresses.to);
  });

  test('given one recipient that the server refuses, then the others get it and the log says so', async () => {
    const said: string[] = [];
    const log = { ...silentLog, warn: (_: object, message: string) => void said.push(message) };
    await send(trigger(), { to: ['gone@example.com', 'oncall@example.com'] }, wide, log);
    expect(server.mails.at(-1)?.to).toEqual(['oncall@example.com']);
    expect(said).toEqual(['1 of 2 recipients were refused: check to.']);
    const error = await failure(send(trigger(), { to: ['gone@example.com'] }));
    expect(error).toMatchObject({ reason: 'rejected', retryable: false });
  });
});

describe('a server that refuses', () => {
  const steps = ['greeting', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'body'] as const;
  const replies = [
    ['421 4.3.2 shutting down', true],
    ['451 4.7.1 greylisted', true],
    ['550 5.7.1 no', false],
    ['554 5.7.1 no', false],
  ] as const;
  test.each(steps.flatMap((at) => replies.map(([reply, retryable]) => ({ at, reply, retryable }))))(
    'given $reply at $at, then whether it is tried again follows from the code, if it speaks of the message',
    async ({ at, reply, retryable }) => {
      const before = server.mails.length;
      server.script({ at, reply });
      const error = await failure(send(trigger()));
      expect({ ...error }).toMatchObject({
        code: 'NOTIFY',
        retryable: at === 'greeting' || at === 'ehlo' || retryable,
      });
      expect(error.message).toContain(`127.0.0.1:${server.port}`);
      expect(server.mails.length).toBe(before);
    },
  );

  test('given a wrong password, then it says what to check and is not tried again', async () => {
    const error = await failure(send(trigger(), { password: `${password}-old` }));
    expect(error).toMatchObject({ reason: 'auth', retryable: false });
    expect(error.message).toContain('535 5.7.8 Authentication credentials invalid from 127.0.0.1');
  });

  test('given a server that repeats the password, then no error shows it', async () => {
    for (const secret of secrets) {
      server.script({ at: 'auth', reply: `535 5.7.8 ${secret} is wrong` });
      expect((await failure(send(trigger()))).message).toContain('***');
    }
  });

  test('given an error after it took the mail, then it was taken', async () => {
    server.script({ at: 'quit', reply: '421 4.3.2 shutting down' });
    await send(trigger());
  });
});

describe('a server that misbehaves', () => {
  const steps = ['greeting', 'ehlo', 'auth', 'mail', 'data', 'body'] as const;
  const arrived = async (before: number) => vi.waitFor(() => expect(server.commands.length).toBeGreaterThan(before));

  test.each(steps)('given silence at %s, when the time is up, then it is a timeout', async (at) => {
    const before = server.commands.length;
    server.script({ at, as: 'silent' });
    const failed = failure(send(trigger()));
    if (at !== 'greeting') await arrived(before);
    clock.expire();
    expect(await failed).toMatchObject({ reason: 'timeout', retryable: true });
  });

  const ends: SmtpScript[] = steps.flatMap((at) => (['reset', 'garbage', 'flood'] as const).map((as) => ({ at, as })));
  test.each(ends)('given %o, then it is not accepted and may be sent again', async (script) => {
    const before = server.mails.length;
    server.script(script);
    const error = await failure(send(trigger()));
    expect(error.retryable).toBe(true);
    expect(error.message.length).toBeLessThan(1_000);
    expect(server.mails.length).toBe(before);
  });

  test('given we stop, then the call ends as aborted, and one that has ended already sends nothing', async () => {
    const stop = new AbortController();
    const before = server.commands.length;
    server.script({ at: 'mail', as: 'silent' });
    const failed = failure(send(trigger(), {}, stop.signal));
    await arrived(before);
    stop.abort(new Error('shutting down'));
    expect(await failed).toMatchObject({ reason: 'aborted', retryable: true });
    expect(await failure(send(trigger(), {}, stop.signal))).toMatchObject({ reason: 'aborted' });
  });

  test('given nobody listens, or a name without an address, then it may be sent again', async () => {
    const gone = await startSmtpServer();
    await gone.close();
    expect(await failure(send(trigger(), { port: gone.port }))).toMatchObject({ reason: 'refused', retryable: true });
    const nowhere = { host: 'no-such-host.invalid', user: undefined, password: undefined };
    expect(await failure(send(trigger(), nowhere))).toMatchObject({ reason: 'dns', retryable: true });
  });
});

describe('TLS', () => {
  test('given a certificate that nobody trusts, then nothing is said to it', async () => {
    const before = secure.mails.length;
    const options = { port: secure.port, tls: 'starttls', user: undefined, password: undefined };
    expect(await failure(send(trigger(), options))).toMatchObject({ reason: 'tls', retryable: true });
    expect(secure.commands).not.toContain('MAIL');
    expect(secure.mails.length).toBe(before);
  });

  test('given a server without STARTTLS where it is wanted, then the password is not said', async () => {
    const before = server.commands.length;
    await failure(send(trigger(), { tls: 'starttls' }));
    expect(server.commands.slice(before)).not.toContain('AUTH');
  });

  test('given TLS spoken to a port without TLS, then it is a TLS failure', async () => {
    expect(await failure(send(trigger(), { tls: 'implicit' }))).toMatchObject({ reason: 'tls', retryable: true });
  });
});

describe('the configuration of email', () => {
  const least = { host: 'mail.example.com', ...addresses };

  test('given a server and addresses, then STARTTLS is demanded', () => {
    expect(email.config.parse(least)).toEqual({ ...least, tls: 'starttls' });
  });

  test.each([
    ['no recipient', { ...least, to: [] }],
    ['a recipient that is no address', { ...least, to: ['sesame'] }],
    ['a sender with a line feed', { ...least, from: 'sesame@example.com\r\nBcc: x@example.com' }],
    ['a password without user', { ...least, password: 'sesame' }],
    ['a password that everybody could read', { ...least, tls: 'none', user: 'canary', password: 'sesame' }],
    ['a server with a path', { ...least, host: 'smtp://sesame/' }],
    ['an unknown setting', { ...least, pass: 'sesame' }],
  ])('given %s, then it is refused without showing the value', (_, config) => {
    const { error } = email.config.safeParse(config);
    expect(error?.issues).toHaveLength(1);
    expect(error?.message).not.toContain('sesame');
  });
});
