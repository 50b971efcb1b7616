import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a fake answers in place of its vendor's answer. */
export type Script =
  | {
      readonly as: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Takes the request, never answers. */
  | { readonly as: 'silent' }
  /** Answers `status` and then a body of this many bytes, as fast as it is read. */
  | { readonly as: 'flood'; readonly status: number; readonly bytes: number }
  /** Answers `status`, a first piece of body, and then nothing. */
  | { readonly as: 'stall'; readonly status: number }
  /** Answers `status`, a first piece of body, and then breaks the connection. */
  | { readonly as: 'cut'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Breaks the connection without an answer. */
  | { readonly as: 'reset' }
  /** Answers something that is not HTTP. */
  | { readonly as: 'garbage' };

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface MisbehavingServer {
  /** `http://127.0.0.1:port`. */
  readonly origin: string;
  /** Every request, oldest first, whatever it was answered. */
  readonly requests: readonly Received[];
  /** Bytes of flood that were handed to the network. */
  readonly flooded: number;
  /** Answers every request like this until it is called without a script. */
  script(script?: Script): void;
  close(): Promise<void>;
}

export interface VendorAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** An HTTP server on loopback that answers as `vendor` says, or as scripted. */
export async function startMisbehavingServer(vendor: (request: Received) => VendorAnswer): Promise<MisbehavingServer> {
  const requests: Received[] = [];
  let scripted: Script | undefined;
  let flooded = 0;
  const server = createServer(async (request, response) => {
    const received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: await bodyOf(request),
    };
    requests.push(received);
    if (scripted !== undefined) return play(scripted, request, response, (bytes) => (flooded += bytes));
    const { status, contentType, body } = vendor(received);
    response.writeHead(status, { 'content-type': contentType }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get flooded() {
      return flooded;
    },
    script: (script) => {
      scripted = script;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function play(
  script: Script,
  request: IncomingMessage,
  response: ServerResponse,
  count: (bytes: number) => void,
): void {
  if (script.as === 'answer') response.writeHead(script.status, script.headers).end(script.body);
  if (script.as === 'flood') flood(response.writeHead(script.status), script.bytes, count);
  if (script.as === 'stall') response.writeHead(script.status).write('{');
  if (script.as === 'cut') response.writeHead(script.status, script.headers).write('{', () => request.socket.destroy());
  if (script.as === 'reset') request.socket.destroy();
  if (script.as === 'garbage') request.socket.end('SSH-2.0-OpenSSH_9.6\r\n');
}

const piece = Buffer.alloc(64 * 1024, 'x');

function flood(response: ServerResponse, bytes: number, count: (bytes: number) => void): void {
  let left = bytes;
  const pour = () => {
    while (left > 0 && !response.destroyed) {
      left -= piece.length;
      count(piece.length);
      if (!response.write(piece)) return void response.once('drain', pour);
    }
    response.end();
  };
  pour();
}
