/** Where `run` says that it lives. On 127.0.0.1 only. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HeartbeatReceiver {
  readonly url: string;
  /** Heartbeats so far. */
  readonly beats: number;
  close(): void;
}

export async function startHeartbeatReceiver(): Promise<HeartbeatReceiver> {
  let beats = 0;
  const server = createServer((request, response) => {
    request.resume();
    beats += 1;
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping`,
    get beats() {
      return beats;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
