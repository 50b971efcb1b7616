/** An AWS service that speaks JSON (Kinesis, CloudWatch), scripted by the test. On 127.0.0.1 only. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** An operation's answer that never comes. */
export const never = new Promise<never>(() => {});

/** Thrown by an operation: answered as AWS answers its own errors. */
export class AwsFault extends Error {
  readonly status: number;

  constructor(name: string, status = 400) {
    super(`${name}, says the fake`);
    this.name = name;
    this.status = status;
  }
}

export type Operation = (input: Record<string, unknown>) => unknown;

export interface AwsJsonService {
  readonly endpoint: string;
  /** Operations called, in order, with what they were given. */
  readonly calls: readonly { readonly operation: string; readonly input: Record<string, unknown> }[];
  stop(): Promise<void>;
}

/** By operation name, without the service's prefix; others are answered with UnknownOperationException. */
export async function startAwsJsonService(operations: Record<string, Operation>): Promise<AwsJsonService> {
  const calls: { operation: string; input: Record<string, unknown> }[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const input = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    calls.push({ operation, input });
    const { status, body } = await answerOf(operations[operation], input);
    // AWS answers in the version of JSON it was asked in
    response.writeHead(status, { 'content-type': request.headers['content-type'] }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answerOf(
  operation: Operation | undefined,
  input: Record<string, unknown>,
): Promise<{ status: number; body: unknown }> {
  try {
    if (operation === undefined) throw new AwsFault('UnknownOperationException');
    return { status: 200, body: await operation(input) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { status: error instanceof AwsFault ? error.status : 500, body: { __type: name, message } };
  }
}
