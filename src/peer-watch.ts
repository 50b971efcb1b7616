/** Asks the other logcanaries on the same pipelines how they see things, and hands what they say to the engine. */
import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import type { PeerReport } from './core/peer.ts';
import type { PeerSpec } from './core/pipeline.ts';
import type { Event } from './engine/event.ts';
import { isSigned, nonceHeader, parsePeerReport, peerPath } from './http/peer.ts';
import type { Clock } from './lib/clock.ts';
import { messageOf } from './lib/errors.ts';
import type { Log } from './lib/log.ts';

/** Between two questions: what a peer tells another one need not tell after this, ms. */
const askEveryMs = 10_000;
const answerTimeoutMs = 5_000;
/** Thousands of open incidents. */
const maxAnswerBytes = 4 * 1024 * 1024;

export interface PeerWatchOptions {
  readonly peers: readonly PeerSpec[];
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Feeds the engine; may reject while the ledger refuses. */
  submit(event: Event): Promise<void>;
}

/** Resolves when the signal aborts. */
export async function watchPeers(options: PeerWatchOptions): Promise<void> {
  await Promise.all(options.peers.map((peer) => watchOne(peer, options)));
}

async function watchOne(peer: PeerSpec, options: PeerWatchOptions): Promise<void> {
  const { name } = peer;
  const { clock, log, signal, submit } = options;
  let trouble: string | undefined;
  while (!signal.aborted) {
    const begun = clock.monotonicMs();
    const answer = await ask(peer, options);
    if (signal.aborted) return;
    const why = typeof answer === 'string' ? answer : undefined;
    if (why !== trouble) log.warn({ peer: name }, why === undefined ? 'The peer answers.' : `The peer: ${why}.`);
    trouble = why;
    // Not waited for: while the ledger refuses this would not come back, and peers are to be heard all the same.
    const event: Event =
      typeof answer === 'string'
        ? { type: 'peer-missed', name, why: answer }
        : { type: 'peer-heard', name, report: answer };
    submit(event).catch(() => undefined);
    const restMs = Math.max(0, askEveryMs - (clock.monotonicMs() - begun));
    await clock.sleep(restMs, signal).catch(() => undefined);
  }
}

/** What it says, or why that could not be had. */
async function ask(peer: PeerSpec, { clock, signal }: PeerWatchOptions): Promise<PeerReport | string> {
  const deadline = clock.deadline(answerTimeoutMs, signal);
  const { host } = new URL(peer.url);
  try {
    const nonce = randomBytes(16).toString('hex');
    const headers = { 'user-agent': 'logcanary', accept: 'application/json', [nonceHeader]: nonce };
    const answer = await request(addressOf(peer.url), { headers, signal: deadline.signal });
    const body = await readText(answer.body);
    if (answer.statusCode !== 200)
      return `HTTP ${answer.statusCode} from ${host}: is it a logcanary that knows of peers?`;
    return believed(peer, body, (secret) => isSigned(answer.headers, { secret, nonce, body }));
  } catch (error) {
    if (deadline.expired) return `no answer from ${host} within ${answerTimeoutMs / 1000} s`;
    const isOther = error instanceof SyntaxError || isOfSchema(error);
    return `cannot ask ${host}: ${isOther ? 'its answer is not that of a logcanary' : messageOf(error)}`;
  } finally {
    deadline.clear();
  }
}

/** Who holds no secret may have told, but nobody can have set a maintenance or a silence there. */
function believed({ secret }: PeerSpec, body: string, isSignedWith: (secret: string) => boolean): PeerReport | string {
  if (secret === undefined) return { ...parsePeerReport(JSON.parse(body)), maintenance: [], silences: [] };
  if (isSignedWith(secret)) return parsePeerReport(JSON.parse(body));
  return 'its answer is not signed with the secret we expect; set the same http.secret in both, or its own as peers[].secret';
}

function isOfSchema(error: unknown): boolean {
  return error instanceof Error && error.name.endsWith('ZodError');
}

/** Below the address that is configured, where a proxy may have put it. */
function addressOf(url: string): string {
  return new URL(`.${peerPath}`, url.endsWith('/') ? url : `${url}/`).href;
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error(`more than ${maxAnswerBytes} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
