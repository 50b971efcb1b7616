import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { createFaultBoard, type FaultName, type FaultSwitch, faultNames } from '../../src/sandbox/fault-board.ts';
import { type FaultServer, serveFaults } from '../../src/sandbox/fault-server.ts';

let server: FaultServer;
afterEach(() => server.stop());

async function open(host = '127.0.0.1'): Promise<void> {
  const nothing: FaultSwitch = () => {};
  const switches = Object.fromEntries(faultNames.map((name) => [name, nothing])) as Record<FaultName, FaultSwitch>;
  server = await serveFaults(createFaultBoard(switches), { host, port: 0 });
}

function statusOf(method: string, path: string, host: string): Promise<number> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, path, method, headers: { host }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', reject);
    call.end();
  });
}

test.each([
  'evil.example',
  'evil.example:9780',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  '[::ffff:1.2.3.4]',
  'a b',
])('given the faults on loopback, when a request comes by the name "%s", then nothing is switched', async (host) => {
  await open();
  for (const method of ['PUT', 'DELETE', 'POST'])
    expect(await statusOf(method, '/sandbox/faults/agent-drops', host)).toBe(403);
  expect(await statusOf('GET', '/sandbox/faults', host)).toBe(200);
});

test.each(['127.0.0.1', '127.0.0.1:9780', 'localhost:80', 'LOCALHOST', '[::1]:9780', '127.8.8.8'])(
  'given the faults on loopback, when a request comes by the name "%s", then it is switched',
  async (host) => {
    await open();
    expect(await statusOf('PUT', '/sandbox/faults/agent-drops', host)).toBe(204);
    expect(await statusOf('DELETE', '/sandbox/faults/agent-drops', host)).toBe(204);
  },
);

test('given a token in the path, when a request comes by any name, then the token decides', async () => {
  await open('127.1');
  const { pathname } = new URL(server.url);
  expect(await statusOf('PUT', `${pathname}/sandbox/faults/agent-drops`, 'my-laptop.example')).toBe(204);
  expect(await statusOf('PUT', '/sandbox/faults/agent-drops', '127.0.0.1')).toBe(404);
});

test('given a page of another site, when its browser asks whether it may switch a fault, then no answer says yes', async () => {
  await open();
  const answer = await fetch(`${server.url}/sandbox/faults/agent-drops`, {
    method: 'OPTIONS',
    headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'PUT' },
  });
  expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
});
