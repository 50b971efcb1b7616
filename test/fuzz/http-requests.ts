/** Requests that no browser and no scraper would send, at the real server over real sockets. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { scanRecord } from '../../src/core/scan.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createClock } from '../../src/lib/clock.ts';
import { createFaultBoard, type FaultName, type FaultSwitch, faultNames } from '../../src/sandbox/fault-board.ts';
import { guardedFaults } from '../../src/sandbox/fault-server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { healthyStatus, sampleToken } from '../http/sample-status.ts';
import { byteEdits, editBytes, spices } from './mutation.ts';
import { checking, type FuzzTarget, refuse } from './target.ts';

const secret = 'Zq7plantedSecretXw9kL3';
const methods = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'PROPFIND',
  'CONNECT',
  'TRACE',
);
const parts = fc.oneof(
  fc.constantFrom(
    'hooks',
    'hop',
    'ping',
    'alert',
    'api',
    'v1',
    'status',
    'canaries',
    'metrics',
    'sandbox',
    'faults',
    'agent-drops',
    '',
    '.',
    '..',
    '%2e%2e',
    '%00',
    '%',
    '%E0%A4%A',
    '*',
    '__proto__',
    sampleToken,
    secret,
  ),
  fc.stringMatching(/^[!-~]{0,12}$/),
);
const paths = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(
        ['hooks', 'hop', 'alert'],
        ['hooks', 'ping', 'cron'],
        ['sandbox', 'faults', 'index-down'],
        ['api', 'v1', 'status'],
      ),
      fc.array(parts, { maxLength: 6 }),
    ),
    fc.option(
      fc.array(
        fc.oneof(fc.constantFrom('secret=', 'secret[]=', `secret=${secret}`, '&', '=', 'a'.repeat(3_000)), parts),
        { maxLength: 4 },
      ),
    ),
  )
  .map(([list, query]) => `/${list.join('/')}${query === null ? '' : `?${query.join('')}`}`);
const headers = fc.array(
  fc.oneof(
    fc.constantFrom(
      `Authorization: Bearer ${secret}`,
      'Authorization: Bearer',
      `Authorization: Basic ${secret}`,
      'Content-Encoding: gzip',
      'Content-Encoding: br',
      'Content-Encoding: deflate',
      'Content-Type: application/json; charset=utf-99',
      'Transfer-Encoding: chunked',
      'Content-Length: 5',
      'Content-Length: -5',
      'Content-Length: 99999999999',
      'Expect: 100-continue',
      'Upgrade: websocket',
      'Accept: application/openmetrics-text;version=1.0.0;q=1e999',
      'Range: bytes=0-0',
      'If-None-Match: *',
      'Host: evil.example',
    ),
    fc.tuple(fc.stringMatching(/^[A-Za-z-]{1,12}$/), fc.stringMatching(/^[ -~]{0,40}$/)).map((pair) => pair.join(': ')),
  ),
  { maxLength: 4 },
);
const bodies = fc.oneof(
  fc.constant(Buffer.alloc(0)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.array(spices, { maxLength: 20 }).map((all) => Buffer.from(all.join(''))),
);
const requests = fc
  .tuple(methods, paths, headers, bodies, fc.option(byteEdits, { freq: 6 }))
  .map(([method, path, list, body, edits]) => {
    const length = list.some((one) => /^(content-length|transfer-encoding)/i.test(one))
      ? []
      : [`Content-Length: ${body.length}`];
    const head = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close', ...length, ...list].join(
      '\r\n',
    );
    const bytes = Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), body]);
    return edits === null ? bytes : editBytes(bytes, edits);
  });

/** Everything that came back until the other side closed. What is sent is all there is: the sender has ended. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('end', () => socket.end());
    socket.end(bytes);
  });
}

function board() {
  const nothing: FaultSwitch = () => {};
  const switches = Object.fromEntries(faultNames.map((name) => [name, nothing])) as Record<FaultName, FaultSwitch>;
  return createFaultBoard(switches);
}

export const httpTargets: readonly FuzzTarget[] = [
  {
    name: 'HTTP requests',
    runs: 250,
    async open() {
      const logged: string[] = [];
      const server = await createHttpServer({
        listen: { host: '127.0.0.1', port: 0 },
        secret,
        status: healthyStatus,
        trace: async () => ({ state: 'malformed', note: 'no token' }),
        hook: async (name, bytes) => ({
          accepted: true,
          known: name === 'alert',
          found: scanRecord(bytes).finds.length,
        }),
        ping: async (name) => name === 'cron',
        build: { version: '0.1.0', configHash: 'abcdef0123456789' },
        log: createLog({ level: 'debug', stream: { write: (text) => logged.push(text) } }),
        clock: createClock(),
        extra: guardedFaults(board(), '127.0.0.1').routes,
      });
      const property = fc.asyncProperty(requests, async (bytes) => {
        const answer = await exchange(server.port, bytes);
        const [head = ''] = answer.split('\r\n\r\n');
        if (answer !== '' && !/^HTTP\/1\.1 \d{3} /.test(answer)) refuse('that is no HTTP');
        if (/^HTTP\/1\.1 5(?!03)/.test(answer)) refuse(`it failed inside: ${head}`);
        if (/\n {4}at |node_modules|file:\/\//.test(answer)) refuse('a stack in the answer');
        const said = `${answer}${logged.splice(0).join('')}`;
        if (said.includes(secret)) refuse('the secret in the answer or the log');
        const alive = await exchange(
          server.port,
          Buffer.from('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
        );
        if (!alive.startsWith('HTTP/1.1 200')) refuse('it does not answer any more');
      });
      return checking(property, () => server.close());
    },
  },
];
