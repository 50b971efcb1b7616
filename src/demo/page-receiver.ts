import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One PagerDuty event as it came in. */
export interface ReceivedPage {
  readonly event_action?: string;
  readonly dedup_key?: string;
  readonly payload?: { readonly summary?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

export interface PageReceiver {
  readonly url: URL;
  readonly pages: readonly ReceivedPage[];
  stop(): Promise<void>;
}

const kept = 200;
const bodyLimit = 512_000;

/** Stands where PagerDuty would, on loopback: takes events, answers as PagerDuty does, keeps the latest. */
export async function receivePages(): Promise<PageReceiver> {
  const pages: ReceivedPage[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyLimit) chunks.push(chunk);
    });
    request.on('end', () => {
      const event = parse(Buffer.concat(chunks).toString('utf8'));
      const accepted = event !== undefined && size <= bodyLimit;
      if (accepted) pages.push(event);
      if (pages.length > kept) pages.shift();
      response.writeHead(accepted ? 202 : 400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          accepted
            ? { status: 'success', message: 'Event processed', dedup_key: event.dedup_key }
            : { status: 'invalid event' },
        ),
      );
    });
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/v2/enqueue`),
    pages,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function parse(text: string): ReceivedPage | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as ReceivedPage) : undefined;
  } catch {
    return undefined;
  }
}
