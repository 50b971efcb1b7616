/** `pods/{[scheme:]name[:port]}/proxy/…`: the API server dials the pod and hands the request on, without its credentials. */
import http from 'node:http';
import type { ApiRequest } from './api-path.ts';
import { notFound, Refusal } from './api-status.ts';
import type { ObjectStore } from './object-store.ts';

export interface PodRequest {
  readonly pod: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface PodAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** What listens in a pod: a function, or a real server on loopback (`http://127.0.0.1:PORT`). `unreachable`: nothing is. */
export type PodServer = ((request: PodRequest) => PodAnswer | Promise<PodAnswer>) | string | 'unreachable';

/** An agent's pages by path, as it serves them at this port; anything else is 404. */
export function pagesAt(port: number, pages: Readonly<Record<string, string | object>>): PodServer {
  return (request) => {
    const page = request.port === port ? pages[request.path.split('?')[0] ?? ''] : undefined;
    if (page === undefined) return { status: 404, body: '' };
    return { status: 200, body: typeof page === 'string' ? page : JSON.stringify(page) };
  };
}

export interface PodProxy {
  /** Of one pod, or of all that have none of their own (`*`). */
  serve(pod: string, server: PodServer): void;
  /** @throws Refusal */
  forward(request: ApiRequest, incoming: http.IncomingMessage, body: Buffer): Promise<PodAnswer>;
}

export function createPodProxy(objects: ObjectStore): PodProxy {
  const servers = new Map<string, PodServer>();
  return {
    serve: (pod, server) => void servers.set(pod, server),
    async forward(request, incoming, body) {
      const [pod, port] = readTarget(request.name ?? '');
      const found = objects.find('pods', request.namespace, pod);
      if (found === undefined) throw notFound('pods', pod);
      const { podIP } = (found.status ?? {}) as { podIP?: string };
      if (podIP === undefined) throw new Refusal(400, 'address not allowed');
      const server = servers.get(pod) ?? servers.get('*') ?? 'unreachable';
      // what the pod gets: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/proxy/upgradeaware.go
      const { authorization: _, ...headers } = incoming.headers;
      const path = `${request.rest}${request.query.size === 0 ? '' : `?${request.query}`}`;
      const handed = { pod, port, method: incoming.method ?? 'GET', path, headers, body };
      if (typeof server === 'function') return server(handed);
      if (server === 'unreachable') throw noWay(podIP, port, 'i/o timeout');
      return dial(server, handed, () => noWay(podIP, port, 'connect: connection refused'));
    },
  };
}

function readTarget(name: string): [pod: string, port: number] {
  const parts = name.split(':');
  const [pod = '', port = '80'] = parts.length === 3 ? parts.slice(1) : parts;
  return [pod, Number(port)];
}

function noWay(ip: string, port: number, why: string): Refusal {
  return new Refusal(503, `error trying to reach service: dial tcp ${ip}:${port}: ${why}`);
}

function dial(origin: string, { method, path, headers, body }: PodRequest, refused: () => Refusal): Promise<PodAnswer> {
  return new Promise((resolve, reject) => {
    const onward = http.request(new URL(path, origin), { method, headers: { ...headers, host: new URL(origin).host } });
    onward.on('error', () => reject(refused()));
    onward.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => reject(refused()));
      response.on('end', () => {
        const { 'content-type': type = 'text/plain' } = response.headers;
        resolve({ status: response.statusCode ?? 502, headers: { 'content-type': type }, body: Buffer.concat(chunks) });
      });
    });
    onward.end(body);
  });
}
