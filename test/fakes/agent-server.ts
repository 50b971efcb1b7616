/** An agent's monitoring port on loopback: pages by path, as the test has set them. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AgentServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** host:port, as the checks name it. */
  readonly name: string;
  /** Path without query → body; objects are sent as JSON. What is not in it is 404, as all these agents answer. */
  pages: Record<string, string | object>;
  /** Instead of any page. */
  broken: number | undefined;
  /** Paths with queries, as they were asked for. */
  readonly asked: string[];
  /** Headers of the newest request. */
  headers: http.IncomingHttpHeaders;
  stop(): Promise<void>;
}

export async function startAgentServer(pages: Record<string, string | object>): Promise<AgentServer> {
  const server = http.createServer((request, response) => {
    const path = request.url ?? '/';
    agent.asked.push(path);
    agent.headers = request.headers;
    const page = agent.pages[path.split('?')[0] ?? ''];
    if (agent.broken !== undefined) return response.writeHead(agent.broken).end('broken');
    if (page === undefined) return response.writeHead(404).end('not found');
    const isText = typeof page === 'string';
    response.writeHead(200, { 'content-type': isText ? 'text/plain; version=0.0.4' : 'application/json' });
    return response.end(isText ? page : JSON.stringify(page));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const name = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const agent: AgentServer = {
    ...{ url: `http://${name}`, name, pages, broken: undefined, asked: [], headers: {} },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return agent;
}
