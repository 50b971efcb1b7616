import { request as httpRequest } from 'node:http';
import { afterEach, expect } from 'vitest';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/http/server.ts';
import { createClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { healthyStatus } from './sample-status.ts';

/** The configured one; after each test it must not be in the log. */
export const secret = 'correct-horse-battery';
const open: HttpServer[] = [];
const logged: string[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
  expect(logged.splice(0).join('')).not.toContain(secret);
});

/** A server of the healthy sample on a free port, closed after the test. `secret: ''` configures none. */
export async function serve(given: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const server = await createHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    secret,
    status: healthyStatus,
    trace: async () => ({
      state: 'known',
      stream: 'node-1',
      seq: 4,
      plannedAt: 0,
      hops: [{ name: 'index', verdict: 'lost' }],
    }),
    hook: async () => ({ accepted: true, known: true, found: 0 }),
    ping: async () => true,
    build: { version: '0.1.0', configHash: 'abcdef0123456789' },
    log: createLog({ level: 'debug', stream: { write: (text) => logged.push(text) } }),
    clock: createClock(),
    ...given,
  });
  open.push(server);
  return server;
}

export async function errorOf(answer: Response): Promise<{ code: string; message: string }> {
  return ((await answer.json()) as { error: { code: string; message: string } }).error;
}

/** With chunks: a POST; unless told to end, it never does, so that the answer cannot have waited for its end. */
export function statusOf(
  url: string,
  headers: Record<string, string>,
  chunks?: readonly Buffer[],
  end?: 'end',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const method = chunks === undefined ? 'GET' : 'POST';
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    request.on('error', reject);
    for (const chunk of chunks ?? []) request.write(chunk);
    if (chunks === undefined || end === 'end') request.end();
  });
}
