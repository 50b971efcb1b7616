import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { createFaultBoard, type FaultName, type FaultSwitch, faultNames } from '../../src/sandbox/fault-board.ts';
import { type FaultServer, serveFaults } from '../../src/sandbox/fault-server.ts';

let server: FaultServer;
afterEach(() => server.stop());

function board(switches: Partial<Record<FaultName, FaultSwitch>> = {}) {
  const nothing: FaultSwitch = () => {};
  const all: Record<string, FaultSwitch> = Object.fromEntries(faultNames.map((name) => [name, nothing]));
  return createFaultBoard({ ...all, ...switches } as Record<FaultName, FaultSwitch>);
}
const call = async (method: 'GET' | 'PUT' | 'DELETE', url: string) => {
  const { statusCode, body } = await request(url, { method });
  const text = await body.text();
  return { statusCode, body: text === '' ? undefined : JSON.parse(text) };
};

test('given the faults on loopback, when one is put and deleted, then each answers 204 and the list tells', async () => {
  server = await serveFaults(board(), { host: '127.0.0.1', port: 0 });
  const active = async () => {
    const { body } = await call('GET', `${server.url}/sandbox/faults`);
    return body.faults.filter((fault: { active: boolean }) => fault.active);
  };
  expect(await call('PUT', `${server.url}/sandbox/faults/agent-drops`)).toEqual({ statusCode: 204, body: undefined });
  expect(await active()).toEqual([{ name: 'agent-drops', active: true }]);
  expect(await call('DELETE', `${server.url}/sandbox/faults/agent-drops`)).toEqual({
    statusCode: 204,
    body: undefined,
  });
  expect(await active()).toEqual([]);
});

test('given an unknown fault or path, when it is asked for, then the answer is 404 with an error in JSON', async () => {
  server = await serveFaults(board(), { host: '127.0.0.1', port: 0 });
  for (const path of ['/sandbox/faults/nonsense', '/elsewhere']) {
    const { statusCode, body } = await call('PUT', `${server.url}${path}`);
    expect([statusCode, typeof body.error]).toEqual([404, 'string']);
  }
});

test('given a fault that is not possible here, when it is put, then the answer is 409', async () => {
  server = await serveFaults(board({ 'clock-stepped': undefined }), { host: '127.0.0.1', port: 0 });
  expect((await call('PUT', `${server.url}/sandbox/faults/clock-stepped`)).statusCode).toBe(409);
});

test('given a switch that fails, when it is put, then the answer is 500, the fault stays off and can be tried again', async () => {
  let tries = 0;
  const flaky = () => {
    tries += 1;
    if (tries === 1) throw new Error('not now');
  };
  server = await serveFaults(board({ 'index-down': flaky }), { host: '127.0.0.1', port: 0 });
  expect((await call('PUT', `${server.url}/sandbox/faults/index-down`)).statusCode).toBe(500);
  expect((await call('PUT', `${server.url}/sandbox/faults/index-down`)).statusCode).toBe(204);
});

test('given an address that is not plainly loopback, when the faults are served there, then only the URL with its token works', async () => {
  server = await serveFaults(board(), { host: '127.1', port: 0 });
  const { origin, pathname } = new URL(server.url);
  expect(pathname.length).toBeGreaterThan(30);
  expect((await call('PUT', `${origin}/sandbox/faults/agent-drops`)).statusCode).toBe(404);
  expect((await call('PUT', `${origin}${pathname}/sandbox/faults/agent-drops`)).statusCode).toBe(204);
});
