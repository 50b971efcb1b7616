/** Speaks to the `run` that listens where a configuration says. */
import type { Config } from '../core/pipeline.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { type CliIo, CommandExit } from './command.ts';

/** How long it has to answer, ms: it commits first. */
const deadlineMs = 10_000;

export interface Ask {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/api/v1`, beginning with a slash. */
  readonly path: string;
  readonly body?: object;
  /** What is asked for, in the plural or without a number, where a sentence begins: `Silences`. */
  readonly what: string;
}

export interface Asker {
  readonly config: Config;
  readonly clock: Clock;
  readonly io: CliIo;
}

/** The answer's JSON; undefined for an empty one. @throws CommandExit 2 where it refuses what is wanted, 1 where it cannot be done */
export async function askRunning({ config, clock, io }: Asker, ask: Ask): Promise<unknown> {
  const { host, port } = config.listen;
  const { secret } = config.http;
  if (ask.method !== 'GET' && secret === undefined) throw new CommandExit(2, noSecret(ask.what));
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/api/v1${ask.path}`;
  const deadline = clock.deadline(deadlineMs, io.signal);
  try {
    const headers = { authorization: `Bearer ${secret ?? ''}`, 'content-type': 'application/json' };
    const body = ask.body === undefined ? {} : { body: JSON.stringify(ask.body) };
    const answer = await fetch(url, { method: ask.method, headers, signal: deadline.signal, ...body });
    const text = await answer.text();
    if (!answer.ok) throw new CommandExit(answer.status === 400 ? 2 : 1, refusalOf(answer.status, text));
    return text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    if (error instanceof CommandExit) throw error;
    const said = deadline.expired ? 'no answer within 10 s' : messageOf(error);
    const Failure = isNobody(error) ? NobodyListens : CommandExit;
    throw new Failure(
      1,
      `Cannot reach logcanary at ${host}:${port}: ${said}. Is "logcanary run" up with this configuration?`,
    );
  } finally {
    deadline.clear();
  }
}

/** Nobody listens there; whatever else went wrong may be somebody who does. */
export class NobodyListens extends CommandExit {}

function isNobody(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.every(isNobody);
  return ('code' in error && error.code === 'ECONNREFUSED') || isNobody(error.cause);
}

function noSecret(what: string): string {
  return `${what} need http: { secret: … } in the configuration, so that not everybody can silence pages.`;
}

function refusalOf(status: number, text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string } };
    if (error?.message !== undefined) return error.message;
  } catch {
    // Something else than logcanary answered.
  }
  return `logcanary answered ${status}. Check "listen" and "http.secret" in the configuration.`;
}
