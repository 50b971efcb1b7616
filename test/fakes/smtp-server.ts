/** An SMTP server on loopback that keeps what it is sent, and misbehaves at the step it is told to. RFC 5321, RFC 4954. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export type SmtpStep = 'greeting' | 'ehlo' | 'starttls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'quit';

/** What it does at a step in place of the usual: a reply, or something no server should do. */
export type SmtpScript = { readonly at: SmtpStep } & (
  | { readonly reply: string }
  | { readonly as: 'silent' | 'reset' | 'garbage' | 'flood' }
);

export interface SmtpMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it crossed the wire, without its final full stop. */
  readonly raw: string;
}

export interface SmtpServerOptions {
  /** Only who signs in with these may send. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Offers STARTTLS, with a certificate that nobody trusts. */
  readonly tls?: boolean;
  readonly refusedRecipients?: readonly string[];
}

export interface SmtpServer {
  readonly port: number;
  readonly mails: readonly SmtpMail[];
  /** Commands received, oldest first, by their first word. */
  readonly commands: readonly string[];
  script(script?: SmtpScript): void;
  close(): Promise<void>;
}

interface Shared {
  readonly options: SmtpServerOptions;
  readonly mails: SmtpMail[];
  readonly commands: string[];
  script: SmtpScript | undefined;
}

export async function startSmtpServer(options: SmtpServerOptions = {}): Promise<SmtpServer> {
  const shared: Shared = { options, mails: [], commands: [], script: undefined };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    new Session(shared, socket).greet();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    mails: shared.mails,
    commands: shared.commands,
    script(script) {
      shared.script = script;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

class Session {
  readonly #shared: Shared;
  #socket: Socket;
  #rest = '';
  #from = '';
  #to: string[] = [];
  #inBody = false;
  #signedIn = false;

  constructor(shared: Shared, socket: Socket) {
    this.#shared = shared;
    this.#socket = socket;
    this.#listen();
  }

  greet(): void {
    this.#answer('greeting', '220 127.0.0.1 ESMTP fake');
  }

  #listen(): void {
    this.#socket.on('data', (chunk) => this.#take(chunk.toString('latin1')));
  }

  #take(text: string): void {
    this.#rest += text;
    for (;;) {
      const end = this.#rest.indexOf(this.#inBody ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const whole = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + (this.#inBody ? 5 : 2));
      if (this.#inBody) this.#keep(whole);
      else this.#command(whole);
    }
  }

  #keep(raw: string): void {
    this.#inBody = false;
    this.#answer('body', '250 2.0.0 taken', () =>
      this.#shared.mails.push({ from: this.#from, to: this.#to, raw: Buffer.from(raw, 'latin1').toString('utf8') }),
    );
  }

  #command(line: string): void {
    const { options, commands } = this.#shared;
    const verb = (line.split(/[ :]/)[0] ?? '').toUpperCase();
    const [, address = ''] = /<([^>]*)>/.exec(line) ?? [];
    commands.push(verb);
    if (verb === 'EHLO') this.#answer('ehlo', this.#capabilities());
    else if (verb === 'STARTTLS') this.#answer('starttls', '220 2.0.0 go ahead', () => this.#secure());
    else if (verb === 'AUTH') this.#auth(line.split(' ')[2] ?? '');
    else if (verb === 'QUIT') this.#answer('quit', '221 2.0.0 bye', () => this.#socket.end());
    else if (options.login && !this.#signedIn) this.#write('530 5.7.0 Authentication required');
    else this.#envelope(verb, address);
  }

  #envelope(verb: string, address: string): void {
    const refused = this.#shared.options.refusedRecipients?.includes(address) === true;
    if (verb === 'MAIL') this.#answer('mail', '250 2.1.0 ok', () => this.#begin(address));
    else if (verb === 'RCPT' && refused) this.#write('550 5.1.1 no such user');
    else if (verb === 'RCPT') this.#answer('rcpt', '250 2.1.5 ok', () => this.#to.push(address));
    else if (verb === 'DATA') this.#answer('data', '354 go on', () => this.#expectBody());
    else this.#write('502 5.5.2 what?');
  }

  #begin(from: string): void {
    this.#from = from;
    this.#to = [];
  }

  #expectBody(): void {
    this.#inBody = true;
  }

  #capabilities(): string {
    const { login, tls } = this.#shared.options;
    const extra = [...(tls ? ['STARTTLS'] : []), ...(login ? ['AUTH PLAIN LOGIN'] : []), 'SIZE 1000000', '8BITMIME'];
    return ['127.0.0.1', ...extra].map((line, at) => `250${at === extra.length ? ' ' : '-'}${line}`).join('\r\n');
  }

  #auth(given: string): void {
    const { login } = this.#shared.options;
    const [, user, password] = Buffer.from(given, 'base64').toString('utf8').split('\0');
    this.#signedIn = user === login?.user && password === login?.password;
    this.#answer('auth', this.#signedIn ? '235 2.7.0 welcome' : '535 5.7.8 Authentication credentials invalid');
  }

  #secure(): void {
    this.#socket.removeAllListeners('data');
    this.#socket = new TLSSocket(this.#socket, { isServer: true, ...certificate() });
    this.#socket.on('error', () => {});
    this.#listen();
  }

  /** The usual reply and its effect, unless the script wants something else at this step. */
  #answer(step: SmtpStep, reply: string, effect: () => unknown = () => {}): void {
    const { script } = this.#shared;
    if (script?.at !== step) {
      this.#write(reply);
      effect();
    } else if ('reply' in script) this.#write(script.reply);
    else if (script.as === 'reset') this.#socket.destroy();
    else if (script.as === 'garbage') this.#write('HTTP/1.1 400 Bad Request');
    else if (script.as === 'flood') this.#flood();
  }

  #write(reply: string): void {
    this.#socket.write(`${reply}\r\n`);
  }

  #flood(): void {
    const line = `250-${'x'.repeat(60_000)}\r\n`;
    for (let sent = 0; sent < 1_000 && !this.#socket.destroyed; sent += 1) {
      if (!this.#socket.write(line)) return void this.#socket.once('drain', () => this.#flood());
    }
  }
}

/** The self-signed pair that the Kinesis emulator ships; no certificate of ours to renew. */
function certificate(): { key: string; cert: string } {
  return createRequire(import.meta.url)('kinesis-local/server.json').server;
}
