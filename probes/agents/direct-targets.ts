/** Agents at fixed addresses, asked over the network. */
import { readFile } from 'node:fs/promises';
import type { Dispatcher, Pool } from 'undici';
import { type Clock, type Deadline, ProbeError } from '../../src/probe.ts';
import { failureOfError } from '../http/failure.ts';
import type { AddressConfig } from './agent-config.ts';
import type { Agent, AgentAnswer, AgentTargets } from './agent-targets.ts';

/** One question at a time is asked of an agent; the second connection is for the moment in which the first one dies. */
const maxConnections = 2;

/** @throws ProbeError `config` when `ca_file` cannot be read. Contacts nothing. */
export async function openDirectTargets(
  config: AddressConfig,
  clock: Clock,
  patienceMs: number,
): Promise<AgentTargets> {
  const undici = await import('undici');
  const ca = config.ca_file === undefined ? undefined : await readAuthority(config.ca_file);
  const urls = (config.urls ?? [config.url ?? '']).map((text) => new URL(text));
  const pools = urls.map(
    ({ origin }) =>
      new undici.Pool(origin, { connections: maxConnections, pipelining: 1, connect: ca === undefined ? {} : { ca } }),
  );
  const agents = urls.map((url, at) =>
    agentAt(url, pools[at] as Pool, headersOf(config), (signal) => clock.deadline(patienceMs, signal)),
  );
  return {
    list: async ({ signal }) => {
      if (signal.aborted) throw stopped(signal);
      return { agents, absent: new Map() };
    },
    close: async () => void (await Promise.all(pools.map((pool) => pool.destroy()))),
  };
}

function agentAt(
  url: URL,
  pool: Pool,
  headers: Record<string, string>,
  until: (signal: AbortSignal) => Deadline,
): Agent {
  const prefix = url.pathname.replace(/\/$/, '');
  return {
    place: { name: url.host, node: url.host },
    address: url.origin,
    incarnation: '',
    async fetch(path, { signal }): Promise<AgentAnswer> {
      const deadline = until(signal);
      try {
        const request = { method: 'GET', path: `${prefix}${path}`, headers, signal: deadline.signal } as const;
        const answer = await send(pool, request);
        return { status: answer.statusCode, headers: answer.headers, body: untilDeadline(answer.body, deadline) };
      } catch (error) {
        deadline.clear();
        throw failureOfError(error, deadline.signal);
      }
    },
  };
}

async function* untilDeadline(body: AsyncIterable<Uint8Array>, deadline: Deadline): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw failureOfError(error, deadline.signal);
  } finally {
    deadline.clear();
  }
}

/** A connection kept from the last check may have been closed meanwhile, which shows only now: once more on a new one. */
async function send(pool: Pool, request: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
  try {
    return await pool.request(request);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(code)) throw error;
    return pool.request(request);
  }
}

function headersOf({ auth }: AddressConfig): Record<string, string> {
  const named = { 'user-agent': 'logcanary', accept: 'application/json, text/plain;version=0.0.4' };
  if (auth === undefined) return named;
  if ('token' in auth) return { ...named, authorization: `Bearer ${auth.token}` };
  const credentials = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
  return { ...named, authorization: `Basic ${credentials}` };
}

async function readAuthority(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const message = `Cannot read ca_file "${file}". Set it to a PEM file that logcanary may read.`;
    throw new ProbeError(message, { reason: 'config', cause });
  }
}

function stopped(signal: AbortSignal): ProbeError {
  const { message, reason } = failureOfError(undefined, signal);
  return new ProbeError(`Cannot ask the agents: ${message}. Nothing to change: logcanary asks again.`, { reason });
}
