/**
 * Runs a command in a container over WebSocket: one byte of channel before each message. The lines go on stdin, never in
 * the URL, which ends up in audit logs. https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets
 */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { Failure } from '../http/failure.ts';
import type { Credential } from './credential.ts';
import { failureOfStatus } from './failure.ts';

/** v5 can close stdin; v4 cannot, so what runs must know from its input where that ends. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const STDIN = 0;
const STDOUT = 1;
const STATUS = 3;
const CLOSE = 255;
/** Bytes of stdin in one message: servers read 32 KiB at a time. */
const PIECE_BYTES = 32 * 1024;
/** As much of an error's body as is read for the server's words. */
const MAX_ERROR_BYTES = 16 * 1024;

export interface ExecRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
  readonly stdin: Uint8Array;
  /** The most stdout that is taken, bytes. */
  readonly maxBytes: number;
  /** The longest it may take once its turn has come, ms. Default `CALL_MS`. */
  readonly timeoutMs?: number;
}

export interface ExecAnswer {
  readonly stdout: Buffer;
  /** 0 when it ended well; undefined when the connection ended before the command did. */
  readonly exitCode: number | undefined;
}

/** `opened` is called just before stdin goes out. @throws Failure when it did not start, at the signal, or for more output than is taken */
export async function execInPod(
  credential: Credential,
  request: ExecRequest,
  signal: AbortSignal,
  opened: () => void,
): Promise<ExecAnswer> {
  const { WebSocket: Opener } = await import('ws');
  signal.throwIfAborted();
  const socket = new Opener(addressOf(credential.server, request), PROTOCOLS, {
    ...{ headers: { ...credential.headers, 'user-agent': 'logcanary' }, ...credential.tls },
    ...{ perMessageDeflate: false, maxPayload: request.maxBytes + 1024 },
  });
  try {
    return await converse(socket, request, signal, opened);
  } finally {
    socket.on('error', () => {});
    socket.terminate();
  }
}

function addressOf(server: string, { namespace, pod, container, command }: ExecRequest): string {
  const query = new URLSearchParams({ container, stdin: 'true', stdout: 'true' });
  for (const word of command) query.append('command', word);
  const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(pod)}/exec`;
  return `${server.replace(/^http/, 'ws')}${path}?${query}`;
}

function converse(
  socket: WebSocket,
  request: ExecRequest,
  signal: AbortSignal,
  opened: () => void,
): Promise<ExecAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let left = request.maxBytes;
    const end = (exitCode: number | undefined) => resolve({ stdout: Buffer.concat(chunks), exitCode });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    socket.on('error', reject);
    socket.on(
      'unexpected-response',
      (_asked: unknown, response: IncomingMessage) => void refused(response).then(reject),
    );
    socket.on('open', () => {
      opened();
      feed(socket, request.stdin);
    });
    socket.on('close', () => end(undefined));
    socket.on('message', (data: Buffer) => {
      const payload = data.subarray(1);
      if (data[0] === STDOUT) {
        left -= payload.length;
        chunks.push(payload);
        if (left < 0) reject(new Failure('output without an end', { reason: 'too_large' }));
      }
      // servers open each channel with an empty message
      if (data[0] === STATUS && payload.length > 0) end(exitCodeOf(payload));
    });
  });
}

function feed(socket: WebSocket, stdin: Uint8Array): void {
  for (let at = 0; at < stdin.length; at += PIECE_BYTES)
    socket.send(Buffer.concat([Buffer.of(STDIN), stdin.subarray(at, at + PIECE_BYTES)]));
  if (socket.protocol === PROTOCOLS[0]) socket.send(Buffer.of(CLOSE, STDIN));
}

/** -1 for an end that is none of the command's own: killed, container gone, an unreadable status. */
function exitCodeOf(payload: Buffer): number {
  try {
    const status = JSON.parse(payload.toString('utf8')) as {
      status?: unknown;
      details?: { causes?: readonly { reason?: unknown; message?: unknown }[] };
    };
    if (status.status === 'Success') return 0;
    const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
    const code = Number(cause?.message);
    return Number.isInteger(code) && code > 0 ? code : -1;
  } catch {
    return -1;
  }
}

async function refused(response: IncomingMessage): Promise<Failure> {
  let body = '';
  try {
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length > MAX_ERROR_BYTES) break;
    }
  } catch {
    // the status tells enough
  }
  return failureOfStatus(response.statusCode ?? 0, body, response.headers['retry-after']);
}
