/** The sandbox's Elasticsearch-shaped index: the wire of OpenSearch 2 or Elasticsearch, with named faults. Loopback only. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Clock } from '../lib/clock.ts';
import { IndexCluster, type Product } from './index-cluster.ts';
import { IndexFault } from './index-fault.ts';
import { answer, type IndexFaults } from './index-routes.ts';
import { defaultLimits, IndexStore, type StoreLimits } from './index-store.ts';

export interface IndexServerOptions {
  readonly clock: Clock;
  /** Default: any free one. */
  readonly port?: number;
  /** Who it says it is. Default: opensearch. */
  readonly product?: Product;
  /** Default: 2.19.1 for OpenSearch, 9.1.4 for Elasticsearch. */
  readonly version?: string;
  /** Size of each node's disk. Default: 100 GB. */
  readonly diskBytes?: number;
  readonly limits?: Partial<StoreLimits>;
}

export interface IndexServer {
  /** `http://127.0.0.1:<port>`; the same after an outage. */
  readonly url: string;
  /** Documents kept, searchable or not yet. */
  documents(): number;
  /** Stops for good and frees the port. */
  stop(): Promise<void>;
  /** Really stops listening and cuts every connection; off: listens on the same port again. */
  down(on: boolean): Promise<void>;
  /** Writes are refused with 429 `es_rejected_execution_exception`, each second `_bulk` as a whole; reads go on. */
  rejects(on: boolean): void;
  /** Every index is blocked as by the flood stage; reads go on. */
  readOnly(on: boolean): void;
  /** The disk of node `index-1` grows from 60 % to 94 % within 17 s; off: back to 60 %. */
  diskFilling(on: boolean): void;
  /** A document becomes searchable 11.8 s after it was indexed instead of within 1 s. */
  slowRefresh(on: boolean): void;
  /** One shard of every index does not answer searches. */
  partialShards(on: boolean): void;
}

/** `http.max_content_length` is 100 MB; the sandbox needs far less. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
const inflate = promisify(gunzip);

export async function createIndexServer(options: IndexServerOptions): Promise<IndexServer> {
  const { clock } = options;
  const product = options.product ?? 'opensearch';
  const store = new IndexStore(clock, { ...defaultLimits, ...options.limits });
  const version = options.version ?? (product === 'opensearch' ? '2.19.1' : '9.1.4');
  const cluster = new IndexCluster({ product, version, diskBytes: options.diskBytes ?? 100e9 }, clock, store);
  store.namesIgnored = cluster.namesIgnored;
  const faults: IndexFaults & { bulkCalls: number } = {
    rejects: false,
    readOnly: false,
    partialShards: false,
    bulkCalls: 0,
  };
  const world = { store, cluster, clock, faults };
  const handle = (request: IncomingMessage, response: ServerResponse) => void respond(world, request, response);
  let server: Server | undefined = await listen(handle, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = once(closing, 'close');
    closing.close();
    closing.closeAllConnections();
    await closed;
  };
  // One after another, so that quick on, off, on ends as last asked.
  let turn = Promise.resolve();
  const inTurn = (what: () => Promise<void>) => {
    turn = turn.then(what, what);
    return turn;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    documents: () => store.documents,
    stop: () => inTurn(close),
    down: (on) =>
      inTurn(async () => {
        if (on) await close();
        else server ??= await listen(handle, port);
      }),
    rejects(on) {
      faults.rejects = on;
    },
    readOnly(on) {
      faults.readOnly = on;
    },
    diskFilling: (on) => cluster.fill(on),
    slowRefresh(on) {
      if (on) store.slow = true;
      else store.hurry();
    },
    partialShards(on) {
      faults.partialShards = on;
    },
  };
}

async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  port: number,
): Promise<Server> {
  const server = createServer(handle);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

type World = Parameters<typeof answer>[0] & { faults: { bulkCalls: number } };

async function respond(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await outcome(world, request);
  const vendored = /application\/vnd\.elasticsearch\+json; ?compatible-with=(\d)/.exec(request.headers.accept ?? '');
  const opensearch = world.cluster.options.product === 'opensearch';
  response.writeHead(status, {
    'content-type':
      vendored !== null && world.cluster.productHeader
        ? vendored[0]
        : opensearch
          ? 'application/json; charset=UTF-8'
          : 'application/json',
    ...(world.cluster.productHeader ? { 'x-elastic-product': 'Elasticsearch' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : JSON.stringify(body));
}

async function outcome(world: World, request: IncomingMessage): Promise<{ status: number; body: object }> {
  try {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const body = await readBody(request);
    assertReadable(world, request, body);
    // The real server refuses either the whole request or its items, depending on where memory ran out: show both.
    if (path.at(-1) === '_bulk' && world.faults.rejects && world.faults.bulkCalls++ % 2 === 1)
      throw new IndexFault(429, 'es_rejected_execution_exception', 'rejected execution of coordinating operation');
    return answer(world, { method: request.method ?? 'GET', path, query: url.searchParams, body });
  } catch (error) {
    if (error instanceof IndexFault) return { status: error.status, body: error.body() };
    if (error instanceof URIError)
      return { status: 400, body: new IndexFault(400, 'illegal_argument_exception', 'malformed uri').body() };
    return {
      status: 500,
      body: new IndexFault(500, 'exception', error instanceof Error ? error.message : String(error)).body(),
    };
  }
}

/** OpenSearch and Elasticsearch up to 7.10 know no vendored media types; all refuse what is not JSON. */
function assertReadable(world: World, request: IncomingMessage, body: string): void {
  const [type, accept] = [request.headers['content-type'] ?? '', request.headers.accept ?? ''];
  const vendoredKnown = world.cluster.options.product === 'elasticsearch' && world.cluster.atLeast(7, 11);
  if (!vendoredKnown && `${type} ${accept}`.includes('application/vnd.elasticsearch'))
    throw new IndexFault(
      406,
      'media_type_header_exception',
      `Content-Type header [${type || accept}] is not supported`,
    );
  if (body !== '' && !/^application\/(vnd\.elasticsearch\+)?(x-nd)?json/.test(type))
    throw new IndexFault(406, 'media_type_header_exception', `Content-Type header [${type}] is not supported`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES)
      throw new IndexFault(
        413,
        'content_too_long_exception',
        `entity content is too long [${bytes}] for the configured buffer limit [${MAX_REQUEST_BYTES}]`,
      );
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  if (request.headers['content-encoding'] !== 'gzip') return whole.toString();
  return (await inflate(whole, { maxOutputLength: MAX_REQUEST_BYTES })).toString();
}
