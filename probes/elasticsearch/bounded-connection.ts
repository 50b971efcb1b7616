/**
 * The connection underneath the official client. Its own one would do but for three things: it inflates gzip without a
 * bound, it hands 3xx on as success, and it keeps only the message of a socket error (empty for `localhost`), so that
 * refused, DNS and TLS cannot be told apart.
 */
import {
  BaseConnection,
  type ConnectionRequestOptions,
  type ConnectionRequestOptionsAsStream,
  type ConnectionRequestParams,
  type ConnectionRequestResponse,
  type ConnectionRequestResponseAsStream,
} from '@elastic/elasticsearch';
import { type Dispatcher, Pool } from 'undici';
import { Failure, failureOfError } from '../http/failure.ts';
import { failureOfStatus } from './failure.ts';

/** The largest answer taken, bytes. A page of hits that does not fit is asked for again in smaller pages. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** As much of an error's body as is read for the exception's name. */
const MAX_ERROR_BYTES = 64 * 1024;
/** One process seldom has more than a look and a check in flight per cluster. */
const MAX_CONNECTIONS = 4;

type ConnectionOptions = ConstructorParameters<typeof BaseConnection>[0];

export class BoundedConnection extends BaseConnection {
  private readonly pool: Pool;

  constructor(options: ConnectionOptions) {
    super(options);
    const ca = this.tls?.ca;
    const connect = ca === undefined ? {} : { ca };
    this.pool = new Pool(this.url.origin, { connections: MAX_CONNECTIONS, pipelining: 1, connect });
  }

  override request(
    params: ConnectionRequestParams,
    options: ConnectionRequestOptions,
  ): Promise<ConnectionRequestResponse>;
  override request(
    params: ConnectionRequestParams,
    options: ConnectionRequestOptionsAsStream,
  ): Promise<ConnectionRequestResponseAsStream>;
  /** @throws Failure for everything but a 2xx with a JSON body within bounds. */
  override async request(
    params: ConnectionRequestParams,
    options: ConnectionRequestOptions,
  ): Promise<ConnectionRequestResponse & ConnectionRequestResponseAsStream> {
    const { signal } = options;
    try {
      const { statusCode, headers, body } = await this.send(this.toDispatch(params, signal));
      if (statusCode >= 300)
        throw failureOfStatus(statusCode, await read(body, MAX_ERROR_BYTES, () => undefined), headers['retry-after']);
      assertPlainJson(headers);
      const text = await read(body, MAX_ANSWER_BYTES, refuseLarge);
      return { statusCode, headers, body: text } as ConnectionRequestResponse & ConnectionRequestResponseAsStream;
    } catch (error) {
      throw failureOfError(error, signal);
    }
  }

  /**
   * A connection kept from the last look may have been closed meanwhile (a load balancer's idle time-out, a restart),
   * which shows only when it is used. Everything we ask is a read, so it is asked once more on a new one.
   */
  private async send(request: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await this.pool.request(request);
    } catch (error) {
      if (!isClosed(error)) throw error;
      return this.pool.request(request);
    }
  }

  private toDispatch(params: ConnectionRequestParams, signal: AbortSignal | undefined): Dispatcher.RequestOptions {
    const prefix = this.url.pathname.replace(/\/$/, '');
    const query = params.querystring === undefined || params.querystring === '' ? '' : `?${params.querystring}`;
    return {
      ...{ method: params.method as Dispatcher.HttpMethod, path: `${prefix}${params.path}${query}` },
      ...{ headers: { ...this.headers, ...params.headers }, body: params.body ?? null, signal: signal ?? null },
    };
  }

  override async close(): Promise<void> {
    await this.pool.destroy();
  }
}

function isClosed(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(String(error.code))
  );
}

function assertPlainJson(headers: ConnectionRequestResponse['headers']): void {
  const { 'content-encoding': encoding, 'content-type': type } = headers;
  if (encoding !== undefined && encoding !== 'identity')
    throw new Failure('a compressed body that was not asked for', { reason: 'bad_answer' });
  if (type === undefined || !/^application\/(vnd\.elasticsearch\+)?json/i.test(type))
    throw new Failure('something other than JSON', { reason: 'bad_answer' });
}

function refuseLarge(): never {
  throw new Failure(`an answer over ${MAX_ANSWER_BYTES / 1024 / 1024} MiB`, { reason: 'too_large' });
}

/** Reads at most `limit` bytes, then calls `over` and stops; leaving the loop closes the connection. */
async function read(body: AsyncIterable<Buffer>, limit: number, over: () => void): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limit) {
      over();
      break;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
