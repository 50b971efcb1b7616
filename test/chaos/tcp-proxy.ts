/** Stands between `run` and one target, byte for byte, and spoils the connection as told. On 127.0.0.1 only. */
import { once } from 'node:events';
import net from 'node:net';
import type { Clock } from '../../src/lib/clock.ts';
import type { Random } from '../../src/sandbox/seeded-random.ts';

/** What becomes of connections, new ones and those that are open. */
export type Trouble =
  | 'none'
  /** Every piece of an answer comes `lateMs` later. */
  | 'late'
  /** The answer comes byte by byte, `trickleMs` apart. */
  | 'trickle'
  /** Reset after the first bytes of the answer. */
  | 'cut'
  /** Accepted; nothing that is sent gets through, nothing comes back. */
  | 'silent'
  /** Nothing listens. */
  | 'refuse'
  /** What is sent gets through and is acted upon; nothing comes back. */
  | 'one-way'
  /** Headers of a 200, then a body without an end, as fast as it is read. */
  | 'endless';

const lateMs = 700;
const trickleMs = 100;
/** `cut` lets so many bytes of an answer through, at most. */
const cutWithin = 200;
const endlessHead = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n';
const endlessPiece = Buffer.alloc(64 * 1024, ' ');

export interface TcpProxy {
  /** `http://127.0.0.1:port`, to be written where the target's origin stood. */
  readonly origin: string;
  /** Of everything from now on. A connection that an earlier trouble swallowed is reset: it cannot be made whole. */
  suffer(trouble: Trouble): Promise<void>;
  /** Connections ever accepted. */
  readonly accepted: number;
  /** Connections that met a trouble. */
  readonly spoiled: number;
  close(): Promise<void>;
}

interface Pair {
  readonly client: net.Socket;
  readonly target: net.Socket;
  /** What went through is not all that was sent. */
  torn: boolean;
}

interface Proxying {
  readonly clock: Clock;
  readonly random: Random;
  readonly pairs: Set<Pair>;
  readonly closing: AbortSignal;
  trouble: Trouble;
  accepted: number;
  spoiled: number;
}

/** @param upstream the target's origin, `http://127.0.0.1:port` */
export async function startTcpProxy(upstream: string, clock: Clock, random: Random): Promise<TcpProxy> {
  const { hostname, port } = new URL(upstream);
  const stop = new AbortController();
  const state: Proxying = {
    ...{ clock, random, closing: stop.signal, trouble: 'none', accepted: 0, spoiled: 0 },
    pairs: new Set(),
  };
  const server = net.createServer((client) => void join(state, client, net.connect(Number(port), hostname)));
  const own = await listen(server, 0);
  return {
    origin: `http://127.0.0.1:${own}`,
    async suffer(trouble) {
      const before = state.trouble;
      state.trouble = trouble;
      for (const pair of state.pairs) if (pair.torn || trouble === 'refuse') reset(pair);
      if (trouble === 'refuse' && before !== 'refuse') await new Promise((done) => server.close(done));
      if (trouble !== 'refuse' && before === 'refuse') await listen(server, own);
    },
    get accepted() {
      return state.accepted;
    },
    get spoiled() {
      return state.spoiled;
    },
    async close() {
      stop.abort(new DOMException('the proxy is closed', 'AbortError'));
      for (const pair of state.pairs) reset(pair);
      if (server.listening) await new Promise((done) => server.close(done));
    },
  };
}

async function listen(server: net.Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as net.AddressInfo).port;
}

function join(state: Proxying, client: net.Socket, target: net.Socket): void {
  const pair = { client, target, torn: false };
  state.accepted += 1;
  state.pairs.add(pair);
  client.on('error', () => client.destroy()).on('data', (bytes: Buffer) => onRequest(state, pair, bytes));
  client.on('close', () => {
    state.pairs.delete(pair);
    target.destroy();
  });
  // one after the other: what comes late must not be overtaken
  let turn = Promise.resolve();
  target
    .on('error', () => client.destroy())
    .on('data', (bytes: Buffer) => {
      target.pause();
      turn = turn.then(() => onAnswer(state, pair, bytes)).then(() => void target.resume());
    });
  target.on('end', () => void turn.then(() => pair.torn || client.end()));
}

function reset({ client, target }: Pair): void {
  client.resetAndDestroy();
  target.destroy();
}

function spoil(state: Proxying, pair: Pair): void {
  if (!pair.torn) state.spoiled += 1;
  pair.torn = true;
}

function onRequest(state: Proxying, pair: Pair, bytes: Buffer): void {
  if (state.trouble === 'endless' && !pair.torn) pour(pair.client);
  if (state.trouble === 'silent' || state.trouble === 'endless') spoil(state, pair);
  else pair.target.write(bytes);
}

async function onAnswer(state: Proxying, pair: Pair, bytes: Buffer): Promise<void> {
  const { clock, closing, random } = state;
  switch (state.trouble) {
    case 'none':
      pair.client.write(bytes);
      return;
    case 'late':
      state.spoiled += 1;
      await clock.sleep(lateMs, closing).catch(() => undefined);
      pair.client.write(bytes);
      return;
    case 'trickle':
      state.spoiled += 1;
      return trickle(state, pair.client, bytes);
    case 'cut':
      spoil(state, pair);
      pair.client.write(bytes.subarray(0, Math.floor(random() * Math.min(cutWithin, bytes.length))), () => reset(pair));
      return;
    default:
      spoil(state, pair);
  }
}

/** Until it is through, nobody listens any more, or the trouble is over: then the rest at once. */
async function trickle(state: Proxying, client: net.Socket, bytes: Buffer): Promise<void> {
  let at = 0;
  for (; at < bytes.length && state.trouble === 'trickle' && !client.destroyed; at += 1) {
    client.write(bytes.subarray(at, at + 1));
    await state.clock.sleep(trickleMs, state.closing).catch(() => undefined);
  }
  client.write(bytes.subarray(at));
}

function pour(client: net.Socket): void {
  const more = () => {
    while (!client.destroyed && client.write(endlessPiece));
  };
  client.on('drain', more).write(endlessHead);
  more();
}
