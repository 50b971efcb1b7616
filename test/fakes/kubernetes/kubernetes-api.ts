/**
 * A Kubernetes API server for tests, on loopback over HTTP or HTTPS: lists in pages, selectors, `Status` refusals, tokens
 * that expire, RBAC from manifests, pod logs, pod proxy, exec over WebSocket; and it misbehaves on demand. No watches: we
 * have none.
 */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { closeServer } from '../../../src/sandbox/close-server.ts';
import { type AccessControl, createAccessControl } from './access-control.ts';
import { type ApiRequest, readApiPath } from './api-path.ts';
import { Refusal } from './api-status.ts';
import { createObjectStore, type ObjectStore } from './object-store.ts';
import { createPodExec, type PodExec } from './pod-exec.ts';
import { createPodLogs, type PodLogs } from './pod-log.ts';
import { createPodProxy, type PodProxy } from './pod-proxy.ts';

export type Misbehaviour =
  | { readonly as: 'refuse'; readonly code: number; readonly message?: string; readonly retryAfter?: number }
  /** Takes the request and never answers. */
  | { readonly as: 'silent' }
  /** Answers 200, half of a body, then nothing more. */
  | { readonly as: 'stall' }
  /** Does what was asked, but cuts the connection in the middle of the answer. */
  | { readonly as: 'cut' }
  /** Breaks the connection before doing anything. */
  | { readonly as: 'reset' }
  /** 200 with a page of HTML, as a login proxy answers. */
  | { readonly as: 'page' };

export interface ApiCall extends ApiRequest {
  readonly authorization: string | undefined;
  readonly url: string;
  readonly accept: string | undefined;
  /** Bytes of the body. */
  readonly bytes: number;
}

export interface KubernetesApi {
  /** `http://127.0.0.1:PORT`, or `https:`. */
  readonly url: string;
  /** PEM of the certificate, for HTTPS; its name is `Unknown`, so clients need `tls-server-name`. */
  readonly certificate: string;
  readonly objects: ObjectStore;
  readonly access: AccessControl;
  readonly logs: PodLogs;
  readonly proxy: PodProxy;
  readonly exec: PodExec;
  /** Everything that was asked, oldest first. */
  readonly calls: readonly ApiCall[];
  /** The next `times` requests that `when` picks are treated so; for ever by default. Without arguments: none any more. */
  misbehave(how?: Misbehaviour, options?: { times?: number; when?: (call: ApiRequest) => boolean }): void;
  stop(): Promise<void>;
}

export interface KubernetesApiOptions {
  /** Wall time, ms. */
  readonly now: () => number;
  readonly tls?: boolean;
}

interface Plan {
  readonly how: Misbehaviour;
  readonly when: (call: ApiRequest) => boolean;
  left: number;
}

export async function startKubernetesApi({ now, tls = false }: KubernetesApiOptions): Promise<KubernetesApi> {
  const objects = createObjectStore();
  const parts = { objects, access: createAccessControl(now), logs: createPodLogs(objects, now) };
  const { exec, proxy } = { exec: createPodExec(), proxy: createPodProxy(objects) };
  const calls: ApiCall[] = [];
  let plans: Plan[] = [];

  function planFor(request: ApiRequest): Misbehaviour | undefined {
    const plan = plans.find(({ left, when }) => left > 0 && when(request));
    if (plan === undefined) return undefined;
    plan.left -= 1;
    return plan.how;
  }

  /** Notes the call and lets it in. @throws Refusal */
  function enter(
    incoming: http.IncomingMessage,
    bytes: number,
  ): { request: ApiRequest; how: Misbehaviour | undefined } {
    const request = readApiPath(incoming.method ?? 'GET', incoming.url ?? '/');
    if (request === undefined) throw new Refusal(404, '404 page not found');
    const { authorization, accept } = incoming.headers;
    calls.push({ ...request, authorization, accept, url: incoming.url ?? '', bytes });
    const how = planFor(request);
    if (how?.as === 'refuse')
      throw new Refusal(how.code, how.message ?? 'the server is told to refuse', {
        ...(how.retryAfter === undefined ? {} : { retryAfter: how.retryAfter }),
      });
    if (how === undefined || how.as === 'cut') {
      const no = parts.access.judge(incoming.headers.authorization, request);
      if (no !== undefined) throw no;
    }
    return { request, how };
  }

  async function answer(request: ApiRequest, incoming: http.IncomingMessage, body: Buffer) {
    if (request.subresource === 'proxy') return proxy.forward(request, incoming, body);
    const type = request.subresource === 'log' ? 'text/plain' : 'application/json';
    const object = () => JSON.stringify(objects.answer(request, incoming.headers.accept));
    const text = request.subresource === 'log' ? parts.logs.answer(request) : object();
    return { status: 200, headers: { 'content-type': type }, body: text };
  }

  const server = createServer(tls, async (incoming, response) => {
    try {
      const body = await bodyOf(incoming);
      const { request, how } = enter(incoming, body.length);
      if (how !== undefined && how.as !== 'cut') return misbehaveWith(how, response);
      const { status, headers, body: text } = await answer(request, incoming, body);
      if (how?.as === 'cut') return cutShort(response, text);
      response.writeHead(status, { ...headers, date: new Date(now()).toUTCString() }).end(text);
    } catch (error) {
      const no = error instanceof Refusal ? error : new Refusal(500, String(error));
      response.writeHead(no.code, no.headers).end(no.body);
    }
  });
  server.on('upgrade', (incoming, socket, head) => {
    try {
      const { request, how } = enter(incoming, 0);
      if (how?.as === 'silent' || how?.as === 'stall') return;
      if (how !== undefined) return void socket.destroy();
      if (objects.find('pods', request.namespace, request.name ?? '') === undefined)
        throw new Refusal(404, `pods "${request.name}" not found`);
      exec.upgrade(request.name ?? '', request.query, incoming, socket, head);
    } catch (error) {
      refuseUpgrade(socket, error instanceof Refusal ? error : new Refusal(500, String(error)));
    }
  });
  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => sockets.add(socket.on('close', () => sockets.delete(socket))));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...{ ...parts, exec, proxy, calls, certificate: certificate().cert },
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    misbehave(how, { times = Number.POSITIVE_INFINITY, when = () => true } = {}) {
      plans = how === undefined ? [] : [...plans, { how, when, left: times }];
    },
    async stop() {
      exec.close();
      // connections that were upgraded are no longer the server's own
      for (const socket of sockets) socket.destroy();
      await closeServer(server as http.Server);
    },
  };
}

type Answerer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

function createServer(tls: boolean, answerer: Answerer): http.Server | https.Server {
  return tls ? https.createServer(certificate(), answerer) : http.createServer(answerer);
}

/** The self-signed pair that the Kinesis emulator ships; no certificate of ours to renew. */
function certificate(): { key: string; cert: string } {
  return createRequire(import.meta.url)('kinesis-local/server.json').server;
}

async function bodyOf(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function misbehaveWith(how: Misbehaviour, response: http.ServerResponse): void {
  if (how.as === 'reset') response.socket?.destroy();
  if (how.as === 'page') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
  if (how.as === 'stall') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"kind":');
  }
}

function cutShort(response: http.ServerResponse, body: string | Buffer): void {
  const bytes = Buffer.from(body);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length + 1 });
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
}

function refuseUpgrade(socket: Duplex, { code, body, headers }: Refusal): void {
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}`).join('\r\n');
  socket.end(`HTTP/1.1 ${code} Refused\r\n${head}\r\n\r\n${body}`);
}
