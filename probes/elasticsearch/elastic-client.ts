/**
 * The official client, made to talk to every Elasticsearch 6–9 and OpenSearch: plain `application/json`, no product
 * check, no retries (the engine asks again), bounded answers. Every failure leaves as a ProbeError.
 */
import { readFile } from 'node:fs/promises';
import { Client, Transport, type TransportRequestOptions } from '@elastic/elasticsearch';
import type { z } from 'zod';
import { isRetryable, ProbeError } from '../../src/probe.ts';
import { Failure, failureOfAbort } from '../http/failure.ts';
import { BoundedConnection } from './bounded-connection.ts';
import type { ClusterConfig } from './elastic-config.ts';

const json = {
  jsonContentType: 'application/json',
  ndjsonContentType: 'application/x-ndjson',
  accept: 'application/json',
};

/** OpenSearch and Elasticsearch up to 7.10 send no product header and answer 406 to vendored media types. */
class PlainTransport extends Transport {
  constructor(options: ConstructorParameters<typeof Transport>[0]) {
    const { productCheck: _, ...rest } = options;
    super({ ...rest, vendoredHeaders: json });
  }
}

/** What is asked, in words for an error message, and what the user of the canary needs for it. */
export interface Errand {
  /** After "Cannot": `search "logs-*"`. */
  readonly what: string;
  /** After "Grant": `read on the index`. */
  readonly grant: string;
  /** After "Check" when the answer is 404. */
  readonly check?: string;
}

export interface Elastic {
  /** Asks once; the answer must fit the schema. @throws ProbeError */
  ask<Answer>(
    errand: Errand,
    answer: z.ZodType<Answer>,
    signal: AbortSignal,
    call: (client: Client, options: TransportRequestOptions) => Promise<unknown>,
  ): Promise<Answer>;
  close(): Promise<void>;
}

/** @throws ProbeError `config` when `ca_file` cannot be read. Contacts nothing. */
export async function openElastic(config: ClusterConfig): Promise<Elastic> {
  const { origin } = new URL(config.url);
  const ca = config.ca_file === undefined ? undefined : await readAuthority(config.ca_file);
  const client = new Client({
    ...{
      node: config.url,
      maxRetries: 0,
      Transport: PlainTransport,
      Connection: BoundedConnection,
      enableMetaHeader: false,
    },
    // Slow logs and audit logs show who asked.
    headers: { 'user-agent': 'logcanary', 'x-opaque-id': 'logcanary' },
    ...(config.auth === undefined
      ? {}
      : { auth: 'api_key' in config.auth ? { apiKey: config.auth.api_key } : config.auth }),
    ...(ca === undefined ? {} : { tls: { ca } }),
  });
  return {
    async ask(errand, answer, signal, call) {
      try {
        signal.throwIfAborted();
        const parsed = answer.safeParse(await call(client, { signal }));
        if (!parsed.success) throw new Failure('JSON of something else', { reason: 'bad_answer' });
        return parsed.data;
      } catch (error) {
        throw explain(errand, origin, signal.aborted ? failureOfAbort(signal) : toFailure(error));
      }
    },
    close: () => client.close(),
  };
}

async function readAuthority(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ProbeError(`Cannot read ca_file "${file}". Set it to a PEM file that logcanary may read.`, {
      reason: 'config',
      cause,
    });
  }
}

/** Only the connection's failures carry causes: the client's own errors hold the request, and so tokens. */
function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const name = error instanceof Error ? error.name : '';
  if (name === 'DeserializationError') return new Failure('JSON that is cut or malformed', { reason: 'bad_answer' });
  return new Failure(`an error of our client (${name})`, { reason: 'internal' });
}

function explain(errand: Errand, origin: string, failure: Failure): ProbeError {
  const { reason, retryAfterMs, cause } = failure;
  return new ProbeError(`Cannot ${errand.what}: ${failure.message} from ${origin}. ${advice(errand, failure)}`, {
    ...{ reason, retryable: isRetryable(reason), cause },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const notTheCluster =
  'Check that url leads to Elasticsearch or OpenSearch itself, not to Kibana, a login page or a redirect.';

function advice(errand: Errand, { reason, message }: Failure): string {
  switch (reason) {
    case 'auth':
      return message.startsWith('401')
        ? 'Check auth: user name, password or API key.'
        : `Grant ${errand.grant} to the canary user.`;
    case 'not_found':
      return `Check ${errand.check ?? 'that url leads to the cluster itself'}.`;
    case 'rejected':
      return message.endsWith('_exception)')
        ? 'Check index and fields: the cluster does not take this request.'
        : notTheCluster;
    case 'bad_answer':
      return notTheCluster;
    case 'tls':
      return 'Set ca_file to the authority that signed its certificate, or check http against https in url.';
    case 'dns':
    case 'refused':
    case 'network':
      return 'Check url, and that the cluster can be reached from here.';
    case 'too_large':
      return 'Lower max_hits, or name only the fields that hold the line.';
    case 'aborted':
      return 'Nothing to change: logcanary is stopping.';
    default:
      return 'Look at the health of the cluster; logcanary asks again by itself.';
  }
}
