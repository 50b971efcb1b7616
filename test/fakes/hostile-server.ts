/** An HTTP server that answers every request with the misbehaviour it was switched to. On 127.0.0.1 only. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo, Socket } from 'node:net';

type Misbehave = (response: http.ServerResponse, server: HostileServer) => void;

const page = '<!DOCTYPE html><html><body><h1>It works!</h1> <form action="/login"></form></body></html>';
const chunk = Buffer.alloc(64 * 1024, 'x');
const gigabyte = 1024 ** 3;

const status =
  (code: number, body = page, headers: http.OutgoingHttpHeaders = { 'content-type': 'text/html' }): Misbehave =>
  (response) =>
    response.writeHead(code, headers).end(body);

/** Answers that end by themselves. */
const answering = {
  'HTML with 200': status(200),
  'an empty 200': status(200, '', {}),
  'JSON of something else': status(200, '{"hello":["world"]}', { 'content-type': 'application/json' }),
  'a JSON number': status(200, '42', { 'content-type': 'application/json' }),
  'cut JSON': status(200, '{"took":3,"Shards":[{"ShardId":"shard', { 'content-type': 'application/json' }),
  'a body shorter than promised': (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 4096 });
    response.write('{"took":3,', () => response.destroy());
  },
  'a body that is not the gzip it says': status(200, page, { 'content-encoding': 'gzip' }),
  'a redirect': (response) => response.writeHead(302, { location: '/trap' }).end(),
  'a permanent redirect': (response) => response.writeHead(301, { location: '/trap' }).end(page),
  'HTML with 400': status(400),
  'HTML with 401': status(401),
  'HTML with 403': status(403),
  'HTML with 404': status(404),
  'HTML with 429': status(429),
  'HTML with 500': status(500),
  'HTML with 503': status(503),
  'a reset connection': (response) => (response.socket as Socket | null)?.resetAndDestroy(),
  'a hung-up connection': (response) => response.destroy(),
} satisfies Record<string, Misbehave>;

/** Answers without an end: whoever reads them must stop by itself. */
const flooding = {
  'a body of 1 GB': (response, server) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': gigabyte });
    pour(response, server, gigabyte);
  },
  'an endless body': (response, server) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    pour(response, server, Number.POSITIVE_INFINITY);
  },
  'an error with an endless body': (response, server) => {
    response.writeHead(500, { 'content-type': 'text/html' });
    pour(response, server, Number.POSITIVE_INFINITY);
  },
} satisfies Record<string, Misbehave>;

/** Keeps the caller waiting for ever: only the caller's deadline ends it. */
const stalling = {
  silence: () => {},
  'headers and then silence': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{');
  },
  'an error and then silence': (response) => {
    response.writeHead(503, { 'content-type': 'text/html' });
    response.write('<');
  },
  'headers that never end': (response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\nx-a: b\r\n');
  },
} satisfies Record<string, Misbehave>;

const all: Record<string, Misbehave> = { ...answering, ...flooding, ...stalling };

export type Answering = keyof typeof answering;
export type Flooding = keyof typeof flooding;
export type Stalling = keyof typeof stalling;
export const answeringMisbehaviours = Object.keys(answering) as Answering[];
export const floodingMisbehaviours = Object.keys(flooding) as Flooding[];
export const stallingMisbehaviours = Object.keys(stalling) as Stalling[];

export interface HostileServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** `https://127.0.0.1:<port>` with a certificate nobody trusts. */
  readonly untrustedUrl: string;
  /** `http://127.0.0.1:<port>` where nothing listens. */
  readonly refusingUrl: string;
  /** What the next requests get; also forgets what was counted. */
  misbehave(as: Answering | Flooding | Stalling): void;
  /** Resolves when the next request has arrived. */
  requested(): Promise<void>;
  /** Bytes of flooding bodies that went into sockets since `misbehave`. */
  readonly poured: number;
  /** Requests since `misbehave` that followed a redirect. */
  readonly trapped: number;
  stop(): Promise<void>;
}

export async function startHostileServer(): Promise<HostileServer> {
  const state = { behaviour: answering['HTML with 200'] as Misbehave, poured: 0, trapped: 0 };
  const arrivals = http.createServer((request, response) => {
    request.resume();
    response.on('error', () => {});
    if (request.url?.startsWith('/trap')) state.trapped += 1;
    arrivals.emit('arrival');
    state.behaviour(response, server);
  });
  const untrusted = https.createServer(certificate(), (_request, response) => response.end(page));
  const refusing = http.createServer();
  const [port, tlsPort, closedPort] = await Promise.all([listen(arrivals), listen(untrusted), listen(refusing)]);
  await close(refusing);
  const server = {
    url: `http://127.0.0.1:${port}`,
    untrustedUrl: `https://127.0.0.1:${tlsPort}`,
    refusingUrl: `http://127.0.0.1:${closedPort}`,
    misbehave(as: string) {
      Object.assign(state, { behaviour: all[as], poured: 0, trapped: 0 });
    },
    async requested() {
      await once(arrivals, 'arrival');
    },
    get poured() {
      return state.poured;
    },
    set poured(bytes: number) {
      state.poured = bytes;
    },
    get trapped() {
      return state.trapped;
    },
    stop: async () => {
      await Promise.all([close(arrivals), close(untrusted)]);
    },
  };
  return server;
}

/** Writes as fast as the reader takes it, so that what went into the socket is what the reader let in. */
function pour(response: http.ServerResponse, server: HostileServer, bytes: number): void {
  let left = bytes;
  const counter = server as { poured: number };
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= chunk.length;
      counter.poured += chunk.length;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
  };
  more();
}

/** The self-signed pair that the Kinesis emulator ships; no certificate of ours to renew. */
function certificate(): { key: string; cert: string } {
  return createRequire(import.meta.url)('kinesis-local/server.json').server;
}

async function listen(server: http.Server | https.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function close(server: http.Server | https.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
