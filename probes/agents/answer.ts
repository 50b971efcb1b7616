/** What an agent answered, read within bounds, and what its failure means for the one who set it up. */
import type { z } from 'zod';
import { isRetryable, ProbeError, type Reason } from '../../src/probe.ts';
import { failureOfStatus } from '../elasticsearch/failure.ts';
import { Failure, failureOfError } from '../http/failure.ts';
import type { Agent, AgentAnswer } from './agent-targets.ts';
import { isRemark, readSample, type Sample } from './prometheus-text.ts';

/** A Fluent Bit with a hundred plugins answers 300 KB; a Fluentd that shows its configuration, more. */
const maxAnswerBytes = 8 * 1024 * 1024;
const maxErrorBytes = 16 * 1024;
/** Longer than any honest sample: labels of a pod come to a few KB. */
const maxLine = 64 * 1024;

export interface Asking {
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

/** The answer's JSON. @throws Failure */
export async function askJson<T>({ agent, signal }: Asking, path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await guarded(signal, async () => readText(await accepted(agent, path, signal)));
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) throw new Failure(`JSON of something else at ${path}`, { reason: 'bad_answer' });
  return parsed.data;
}

/** The samples of an answer in the Prometheus format whose lines are wanted. @throws Failure when a wanted line cannot be read */
export async function askSamples(
  { agent, signal }: Asking,
  path: string,
  wanted: (line: string) => boolean,
  maxBytes = maxAnswerBytes,
): Promise<readonly Sample[]> {
  return guarded(signal, async () => {
    const samples: Sample[] = [];
    let lines = 0;
    for await (const line of linesOf(await accepted(agent, path, signal), maxBytes)) {
      if (isRemark(line)) continue;
      lines += 1;
      // The first line is always read: an answer of something else has no wanted line to be seen by.
      if (lines > 1 && !wanted(line)) continue;
      const sample = readSample(line);
      if (sample === undefined) throw new Failure(`something other than metrics at ${path}`, { reason: 'bad_answer' });
      if (wanted(line)) samples.push(sample);
    }
    if (lines === 0) throw new Failure(`no metrics at ${path}`, { reason: 'bad_answer' });
    return samples;
  });
}

/** What it resolves to, or undefined where the agent has no such page. */
export async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Failure && error.reason === 'not_found') return undefined;
    throw error;
  }
}

async function guarded<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ProbeError) throw error;
    throw signal.aborted ? failureOfError(undefined, signal) : failureOfError(error, signal);
  }
}

/** The answer if it is a success in plain text. */
async function accepted(agent: Agent, path: string, signal: AbortSignal): Promise<AgentAnswer> {
  const answer = await agent.fetch(path, { signal });
  const { status, headers } = answer;
  if (status >= 300) throw failureOfStatus(status, await readStart(answer), headers['retry-after']);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new Failure('a compressed body that was not asked for', { reason: 'bad_answer' });
  return answer;
}

async function readText({ body }: AgentAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw tooLarge(maxAnswerBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** As much of an error's body as tells what it is. */
async function readStart({ body }: AgentAnswer): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString('utf8');
    if (text.length > maxErrorBytes) break;
  }
  return text.slice(0, maxErrorBytes);
}

async function* linesOf({ body }: AgentAnswer, maxBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let rest = '';
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLine) throw new Failure('a line without an end', { reason: 'bad_answer' });
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  yield rest;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure('JSON that is cut or malformed', { reason: 'bad_answer' });
  }
}

function tooLarge(maxBytes: number): Failure {
  return new Failure(`an answer over ${maxBytes / 1024 / 1024} MiB`, { reason: 'too_large' });
}

// ------------------------------------------------------------------------------------------------ errors

/** What to set in the agent so that it can be read. */
export interface Setup {
  /** `fluent-bit` */
  readonly kind: string;
  /** After "Check": `HTTP_Server On in its [SERVICE]`. */
  readonly needs: string;
}

/** A failure as the one who set the agent up reads it. */
export function agentError(setup: Setup, agent: Agent, error: unknown): ProbeError {
  if (error instanceof ProbeError) return error;
  const failure =
    error instanceof Failure
      ? error
      : new Failure('an error of our own', { reason: 'internal', ...(error === undefined ? {} : { cause: error }) });
  const { reason, retryAfterMs, cause } = failure;
  const where = agent.address.includes(agent.place.name) ? agent.address : `${agent.place.name} (${agent.address})`;
  return new ProbeError(`Cannot read ${setup.kind} at ${where}: ${failure.message}. ${advice(setup, reason)}`, {
    ...{ reason, retryable: isRetryable(reason), cause },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function advice({ kind, needs }: Setup, reason: Reason): string {
  switch (reason) {
    case 'auth':
      return 'Check auth: user name and password, or token; or the proxy in front of it.';
    case 'not_found':
    case 'refused':
    case 'bad_answer':
      return `Check ${needs}, and that the address is that of ${kind} itself.`;
    case 'tls':
      return 'Set ca_file to the authority that signed its certificate, or check http against https.';
    case 'dns':
    case 'network':
      return 'Check the address, and that it can be reached from here.';
    case 'aborted':
      return 'Nothing to change: logcanary is stopping.';
    default:
      return `Look at the health of ${kind}; logcanary asks again by itself.`;
  }
}
