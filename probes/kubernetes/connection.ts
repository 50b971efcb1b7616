/**
 * One HTTP exchange with an API server. The vendor's client would open a TLS connection for each call (2.0.1 makes a new
 * dispatcher every time), read answers without a bound and lose `Retry-After`; so it only reads kubeconfigs for us.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Pool } from 'undici';
import { Failure, failureOfError } from '../http/failure.ts';
import type { Credential } from './credential.ts';
import { failureOfStatus } from './failure.ts';

/** Of one cluster at a time; more would only queue there. */
const MAX_CONNECTIONS = 8;
/** As much of an error's body as is read for the server's words. */
const MAX_ERROR_BYTES = 16 * 1024;

export interface CallRequest {
  readonly method: 'GET' | 'POST';
  /** With query, from `/api` on. */
  readonly path: string;
  readonly body?: Uint8Array;
  /** The largest answer taken, bytes. */
  readonly maxBytes: number;
  /** The longest it may take once its turn has come, ms. Default `CALL_MS`. */
  readonly timeoutMs?: number;
  /** Another form of the answer than the usual JSON. */
  readonly accept?: string;
}

export interface CallAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Connection {
  /** @throws Failure for everything but a whole 2xx within bounds */
  call(credential: Credential, request: CallRequest, signal: AbortSignal): Promise<CallAnswer>;
  close(): Promise<void>;
}

export function createConnection(): Connection {
  let open: { readonly key: string; readonly pool: Pool } | undefined;

  /** A renewed certificate or another address needs new connections; calls in flight end on the old ones. */
  function poolFor({ server, tls }: Credential, Opener: typeof Pool): Pool {
    const key = JSON.stringify([server, tls]);
    if (open?.key === key) return open.pool;
    void open?.pool.close();
    const { origin } = new URL(server);
    open = { key, pool: new Opener(origin, { connections: MAX_CONNECTIONS, pipelining: 1, connect: { ...tls } }) };
    return open.pool;
  }

  return {
    async call(credential, request, signal) {
      try {
        const { Pool: Opener } = await import('undici');
        const pool = poolFor(credential, Opener);
        const prefix = new URL(credential.server).pathname.replace(/\/$/, '');
        const { statusCode, headers, body } = await pool.request({
          ...{ method: request.method, path: `${prefix}${request.path}`, body: request.body ?? null, signal },
          headers: { ...credential.headers, ...fixedHeaders(request) },
        });
        if (statusCode >= 300) {
          const text = (await read(body, MAX_ERROR_BYTES)).bytes.toString('utf8');
          throw failureOfStatus(statusCode, text, headers['retry-after']);
        }
        const encoding = headers['content-encoding'];
        if (encoding !== undefined && encoding !== 'identity')
          throw new Failure('a compressed body that was not asked for', { reason: 'bad_answer' });
        const answer = await read(body, request.maxBytes);
        if (answer.cut)
          throw new Failure(`an answer over ${Math.ceil(request.maxBytes / 1024)} KiB`, { reason: 'too_large' });
        return { headers, body: answer.bytes };
      } catch (error) {
        throw failureOfError(error, signal);
      }
    },
    async close() {
      await open?.pool.destroy();
    },
  };
}

function fixedHeaders({ body, accept = 'application/json, */*' }: CallRequest): Record<string, string> {
  const type = body === undefined ? {} : { 'content-type': 'application/octet-stream' };
  return { 'user-agent': 'logcanary', accept, ...type };
}

/** Reads at most `limit` bytes and then stops; leaving the loop closes the connection. */
async function read(body: AsyncIterable<Buffer>, limit: number): Promise<{ bytes: Buffer; cut: boolean }> {
  const chunks: Buffer[] = [];
  let left = limit;
  for await (const chunk of body) {
    left -= chunk.length;
    if (left < 0) return { bytes: Buffer.concat(chunks), cut: true };
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks), cut: false };
}

/** True for a connection that was kept from an earlier call and closed meanwhile, which shows only when it is used. */
export function wasClosed({ cause }: Failure): boolean {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(code);
}
