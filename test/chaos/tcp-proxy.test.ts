/** A proxy that does not do what it is told would make an ordeal that proves nothing. */
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClock } from '../../src/lib/clock.ts';
import { startTcpProxy, type TcpProxy, type Trouble } from './tcp-proxy.ts';

const answer = 'x'.repeat(30);
/** Enough for all that comes at once, and for the first bytes of what comes slowly, ms. */
const patienceMs = 2_000;

let target: http.Server;
let requests: number;
let proxy: TcpProxy;

beforeEach(async () => {
  requests = 0;
  target = http.createServer((_request, response) => {
    requests += 1;
    response.end(answer);
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  proxy = await startTcpProxy(`http://127.0.0.1:${(target.address() as AddressInfo).port}`, createClock(), () => 0.5);
});
afterEach(async () => {
  await proxy.close();
  target.close();
  target.closeAllConnections();
});

/** What one request gives: the answer, the code of the failure, or `nothing` within the patience. */
async function ask(): Promise<string> {
  const limit = createClock().deadline(patienceMs).signal;
  try {
    const response = await fetch(proxy.origin, { signal: limit, headers: { connection: 'close' } });
    return await response.text();
  } catch (error) {
    if (limit.aborted) return 'nothing';
    const { cause } = error as { cause?: { code?: string } };
    return cause?.code ?? String(error);
  }
}

test.each<[Trouble, string, number]>([
  ['none', answer, 1],
  ['late', answer, 1],
  ['trickle', 'nothing', 1],
  ['cut', 'ECONNRESET', 1],
  ['silent', 'nothing', 0],
  ['refuse', 'ECONNREFUSED', 0],
  ['one-way', 'nothing', 1],
  ['endless', 'nothing', 0],
])(
  'given the trouble %j, when asked, then it gives %j, and %i requests reached the target',
  async (trouble, gives, reached) => {
    await proxy.suffer(trouble);
    expect([await ask(), requests]).toEqual([gives, reached]);
    await proxy.suffer('none');
    expect(await ask()).toBe(answer);
  },
);

test('given an open connection that an answer was swallowed on, when all is well again, then it is reset', async () => {
  await proxy.suffer('one-way');
  const socket = net.connect(Number(new URL(proxy.origin).port), '127.0.0.1');
  const reset = once(socket, 'error');
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await vi.waitFor(() => expect(proxy.spoiled).toBe(1));
  await proxy.suffer('none');
  expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
});
