/** One message through one SMTP server, with a deadline, and its failures in our words without secrets. */
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Clock } from '../lib/clock.ts';
import { NotifyError, type Reason } from '../lib/errors.ts';
import { short } from './plain-text.ts';
import { sendTimeoutMs } from './post.ts';

/** Code points of a server's answer that an error quotes. */
const quoteLimit = 300;
/** Bytes of one answer of the server; RFC 5321 allows 512 a line. */
const responseLimit = 64 * 1024;

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** `starttls`: refused where the server has none. `implicit`: from the first byte. */
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

export interface Smtp {
  /**
   * Resolves with the recipients that the server refused, when it took the message for at least one.
   * @throws NotifyError
   */
  send(envelope: Envelope, message: Buffer, options: { readonly signal: AbortSignal }): Promise<readonly string[]>;
}

export function openSmtp(server: SmtpServer, { name, clock }: { readonly name: string; readonly clock: Clock }): Smtp {
  const library = import('nodemailer/lib/smtp-connection');
  library.catch(() => undefined); // reported by the first send, which awaits the same promise
  return {
    async send(envelope, message, { signal }) {
      const deadline = clock.deadline(sendTimeoutMs, signal);
      try {
        const { default: Connection } = await library;
        deadline.signal.throwIfAborted();
        return await converse(new Connection(optionsOf(server)), server, {
          envelope,
          message,
          signal: deadline.signal,
        });
      } catch (error) {
        throw failed(name, server, error, { expired: deadline.expired, aborted: signal.aborted });
      } finally {
        deadline.clear();
      }
    },
  };
}

function optionsOf({ host, port, tls }: SmtpServer) {
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    name: 'logcanary.invalid', // ours, not the machine's: a host name is nobody's business
    connectionTimeout: sendTimeoutMs,
    greetingTimeout: sendTimeoutMs,
    socketTimeout: sendTimeoutMs,
    dnsTimeout: sendTimeoutMs,
    socketCloseTimeout: 0,
    maxResponseSize: responseLimit,
    allowInternalNetworkInterfaces: true,
  };
}

interface Task {
  readonly envelope: Envelope;
  readonly message: Buffer;
  readonly signal: AbortSignal;
}

/** Connects, signs in, hands the message over, leaves. Whatever goes wrong in between ends the connection. */
async function converse(connection: SMTPConnection, server: SmtpServer, task: Task): Promise<readonly string[]> {
  const { signal, envelope, message } = task;
  const broken = new Promise<never>((_, reject) => {
    connection.on('error', reject);
    connection.on('end', () => reject(new Error('the server closed the connection')));
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  broken.catch(() => undefined); // after the last step there is nobody left to tell
  const step = <T>(work: (done: (error: unknown, result?: T) => void) => void): Promise<T> =>
    Promise.race([
      broken,
      new Promise<T>((resolve, reject) => work((error, result) => (error ? reject(error) : resolve(result as T)))),
    ]);
  try {
    await step((done) => connection.connect(done));
    const { user, password = '' } = server;
    if (user !== undefined) await step((done) => connection.login({ user, pass: password }, done));
    const to = [...envelope.to];
    const info = await step<{ rejected: string[] }>((done) =>
      connection.send({ from: envelope.from, to }, message, done),
    );
    connection.quit();
    return info.rejected;
  } finally {
    connection.close();
  }
}

interface Failure {
  readonly reason: Reason;
  readonly retryable: boolean;
  readonly said: string;
  readonly advice: string;
}

/** Without its cause: nodemailer's errors quote the server, and a server may quote our password. */
function failed(
  name: string,
  server: SmtpServer,
  error: unknown,
  end: { readonly expired: boolean; readonly aborted: boolean },
): NotifyError {
  const { reason, retryable, said, advice } = failureOf(error, end);
  const quote = short(redact(said, server), quoteLimit);
  return new NotifyError(`Cannot send to ${name}: ${quote} from ${server.host}:${server.port}. ${advice}`, {
    reason,
    retryable,
  });
}

const reach = 'Check that this machine may reach it.';

function failureOf(error: unknown, end: { readonly expired: boolean; readonly aborted: boolean }): Failure {
  if (end.expired) {
    return { reason: 'timeout', retryable: true, said: `no answer within ${sendTimeoutMs / 1000} s`, advice: reach };
  }
  if (end.aborted) {
    const advice = 'It is sent again after the restart.';
    return { reason: 'aborted', retryable: true, said: 'we stopped before an answer', advice };
  }
  const { code, command, originalCode, response, responseCode } = fieldsOf(error);
  // what a server says to QUIT or nothing at all is no verdict on the message
  if (responseCode !== undefined && responseCode >= 400)
    return refusalOf(responseCode, { code, command, said: response || `${responseCode}` });
  const [reason, said, advice] = withoutReply(originalCode ?? code);
  return { reason, retryable: true, said, advice };
}

interface Reply {
  readonly code: string;
  readonly command: string;
  readonly said: string;
}

/**
 * RFC 5321 §4.2.1: 4xx may pass by itself, 5xx does not; but 503 is a muddle about the order of commands, and who does not
 * even say hello has not judged the message.
 */
function refusalOf(status: number, { code, command, said }: Reply): Failure {
  if (status < 500 || status === 503 || /^(CONN|EHLO|HELO|LHLO|STARTTLS)/.test(command)) {
    const reason = status >= 450 && status <= 452 ? 'rate_limited' : 'server_error';
    const advice = "It is sent again; if this lasts, look at the server's log.";
    return { reason, retryable: true, said, advice };
  }
  if (code === 'EAUTH' || status === 530 || status === 534 || status === 535) {
    const advice = 'Check user and password, and what the server lets them send.';
    return { reason: 'auth', retryable: false, said, advice };
  }
  return { reason: 'rejected', retryable: false, said, advice: 'Check from and to, and what the server relays.' };
}

const tlsAdvice =
  "Check tls and port, the certificate, this machine's clock, and NODE_EXTRA_CA_CERTS for a CA of your own.";

/** Node's and nodemailer's codes: https://nodemailer.com/errors */
function withoutReply(code: string): readonly [Reason, string, string] {
  if (/^(ENOTFOUND|EAI_[A-Z]+|EDNS)$/.test(code)) return ['dns', 'no address', "Check host and this machine's DNS."];
  if (code === 'ECONNREFUSED') return ['refused', 'connection refused', 'Check host and port.'];
  if (code === 'ETIMEDOUT') return ['timeout', 'no answer in time', reach];
  if (/CERT|SIGNATURE|^ERR_(TLS|SSL)|^EPROTO$|^ETLS$/.test(code))
    return ['tls', 'no trusted TLS connection', tlsAdvice];
  if (code === 'EPROTOCOL') return ['bad_answer', 'an answer that is not SMTP', 'Check host and port.'];
  return ['network', 'the connection broke', reach];
}

interface Fields {
  readonly code: string;
  /** The one it answered, or `CONN` before any. */
  readonly command: string;
  readonly originalCode: string | undefined;
  readonly response: string | undefined;
  readonly responseCode: number | undefined;
}

function fieldsOf(error: unknown): Fields {
  const fields: Record<string, unknown> = error instanceof Error ? { ...error } : {};
  const text = (key: string) => (typeof fields[key] === 'string' ? fields[key] : undefined);
  const { responseCode } = fields;
  return {
    code: text('code') ?? '',
    command: text('command') ?? '',
    originalCode: text('originalCode'),
    response: text('response'),
    responseCode: typeof responseCode === 'number' ? responseCode : undefined,
  };
}

/** The password, and the forms in which it crosses the wire. */
function redact(said: string, { user = '', password }: SmtpServer): string {
  if (password === undefined) return said;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const forms = [password, base64(password), base64(`\0${user}\0${password}`)];
  return forms.reduce((rest, form) => rest.replaceAll(form, '***'), said);
}
