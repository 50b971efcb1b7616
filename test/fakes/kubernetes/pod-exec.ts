/**
 * `pods/NAME/exec` over WebSocket: one byte of channel before each message (0 stdin, 1 stdout, 2 stderr, 3 status), and from
 * v5 on 255 to close a channel. https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { PassThrough, type Readable } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Command {
  readonly pod: string;
  readonly container: string | undefined;
  readonly argv: readonly string[];
  /** Ends when the client closes it, which it can from v5 on. */
  readonly stdin: Readable;
  stdout(bytes: Buffer | string): void;
  stderr(bytes: Buffer | string): void;
  /** Cuts the connection in the middle, without a status. */
  cut(): void;
}

/** Runs what a container would; resolves to its exit code, or never. */
export type Runner = (command: Command) => Promise<number>;

export interface PodExec {
  run(pod: string, runner: Runner): void;
  /** Newest protocol that is spoken from now on; 1.29 and older servers stop at v4. */
  speak(newest: 'v5.channel.k8s.io' | 'v4.channel.k8s.io'): void;
  upgrade(pod: string, query: URLSearchParams, request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;
const [stdinChannel, stdoutChannel, stderrChannel, statusChannel, closeSignal] = [0, 1, 2, 3, 255];

export function createPodExec(): PodExec {
  const runners = new Map<string, Runner>();
  let spoken: readonly string[] = protocols;
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => spoken.find((protocol) => offered.has(protocol)) ?? false,
  });
  return {
    run: (pod, runner) => void runners.set(pod, runner),
    speak(newest) {
      spoken = protocols.slice(protocols.indexOf(newest));
    },
    upgrade(pod, query, request, socket, head) {
      const runner = runners.get(pod) ?? runners.get('*');
      server.handleUpgrade(request, socket, head, (connection) => {
        if (runner === undefined) return sendStatus(connection, failure('InternalError', 'container not found'));
        void serve(pod, query, connection, runner);
      });
    },
    close: () => server.close(),
  };
}

async function serve(pod: string, query: URLSearchParams, connection: WebSocket, runner: Runner): Promise<void> {
  const stdin = new PassThrough();
  connection.on('message', (data: Buffer) => receive(data, connection.protocol, stdin));
  connection.on('close', () => stdin.destroy());
  connection.on('error', () => stdin.destroy());
  stdin.on('error', () => {});
  // real servers open each channel with an empty message
  for (const channel of [stdoutChannel, stderrChannel, statusChannel]) connection.send(Buffer.of(channel));
  const write = (channel: number) => (bytes: Buffer | string) =>
    connection.send(Buffer.concat([Buffer.of(channel), Buffer.from(bytes)]));
  const command: Command = {
    ...{ pod, container: query.get('container') ?? undefined, argv: query.getAll('command'), stdin },
    ...{ stdout: write(stdoutChannel), stderr: write(stderrChannel), cut: () => connection.terminate() },
  };
  const code = await runner(command).catch(() => 126);
  sendStatus(connection, code === 0 ? { metadata: {}, status: 'Success' } : exitStatus(code));
}

function receive(data: Buffer, protocol: string, stdin: PassThrough): void {
  if (data[0] === stdinChannel && data.length > 1) stdin.write(data.subarray(1));
  if (data[0] === closeSignal && data[1] === stdinChannel && protocol === protocols[0]) stdin.end();
}

function sendStatus(connection: WebSocket, status: object): void {
  connection.send(Buffer.concat([Buffer.of(statusChannel), Buffer.from(JSON.stringify(status))]));
  connection.close(1000);
}

function exitStatus(code: number): object {
  const causes = [{ reason: 'ExitCode', message: String(code) }];
  const message = `command terminated with non-zero exit code: exit status ${code}`;
  return { ...failure('NonZeroExitCode', message), details: { causes } };
}

function failure(reason: string, message: string): object {
  return { metadata: {}, status: 'Failure', message, reason };
}
