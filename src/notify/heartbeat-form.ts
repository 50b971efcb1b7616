/** How each kind of heartbeat service is told, and how it says that it took it. Pure. */
import type { HeartbeatForm, HeartbeatSpec } from '../core/pipeline.ts';

/** `alive`: all is well. `failing`: we are there, but not well. `starting`: we have just been started. */
export type Sign = 'alive' | 'failing' | 'starting';

export interface PingRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body?: string;
}

interface Form {
  /** Undefined where the service knows no such sign: then silence says it. */
  request(url: URL, sign: Sign, text: string): PingRequest | undefined;
  /** Why an answer of 2xx is no acceptance all the same. */
  doubt?(answer: string): string | undefined;
}

/** Longer texts are cut by the services; in an address they are a nuisance in everybody's logs. Code points. */
const maxBody = 1_000;
const maxQuery = 200;

const forms: Readonly<Record<HeartbeatForm, Form>> = {
  plain: { request: (url, sign) => (sign === 'alive' ? { method: 'GET', url: url.href } : undefined) },
  // https://healthchecks.io/docs/http_api/
  healthchecks: {
    request(url, sign, text) {
      if (sign === 'alive') return { method: 'GET', url: url.href };
      return sign === 'starting'
        ? { method: 'GET', url: below(url, 'start') }
        : { method: 'POST', url: below(url, 'fail'), body: cut(text, maxBody) };
    },
    // asked by UUID it always answers 200, also where it dropped the ping or nobody is watching
    doubt: (answer) => /^OK \((not found|rate limited)\)/.exec(answer)?.[1],
  },
  // https://deadmanssnitch.com/docs
  snitch: {
    request(url, sign, text) {
      if (sign === 'starting') return undefined;
      const query = sign === 'failing' ? { s: '1', m: cut(text, maxQuery) } : {};
      return { method: 'GET', url: asking(url, query) };
    },
  },
  // https://cronitor.io/docs/telemetry-api
  cronitor: {
    request(url, sign, text) {
      if (sign === 'starting') return undefined;
      const query = sign === 'failing' ? { state: 'fail', message: cut(text, maxQuery) } : { state: 'ok' };
      return { method: 'GET', url: asking(url, query) };
    },
  },
  // https://betterstack.com/docs/uptime/cron-and-heartbeat-monitor/
  betterstack: {
    request(url, sign, text) {
      if (sign === 'starting') return undefined;
      return sign === 'alive'
        ? { method: 'GET', url: url.href }
        : { method: 'POST', url: below(url, 'fail'), body: cut(text, maxBody) };
    },
  },
};

const formByHost: readonly (readonly [RegExp, HeartbeatForm])[] = [
  [/(^|\.)(hc-ping\.com|healthchecks\.io)$/, 'healthchecks'],
  [/(^|\.)nosnch\.in$/, 'snitch'],
  [/(^|\.)(cronitor\.link|cronitor\.io)$/, 'cronitor'],
  [/(^|\.)betterstack\.com$/, 'betterstack'],
];

/** As configured, else the one that the host is known for. */
export function formOf({ url, form }: HeartbeatSpec): HeartbeatForm {
  const { hostname } = new URL(url);
  return form ?? formByHost.find(([pattern]) => pattern.test(hostname))?.[1] ?? 'plain';
}

/** What to send; undefined where this sign is given by silence. `text` says why we are not well. */
export function pingRequest(spec: HeartbeatSpec, sign: Sign, text = ''): PingRequest | undefined {
  return forms[formOf(spec)].request(new URL(spec.url), sign, text);
}

/** Why an answer of 2xx was no acceptance; undefined when it was. */
export function doubtOf(spec: HeartbeatSpec, answer: string): string | undefined {
  return forms[formOf(spec)].doubt?.(answer.trim());
}

function below(url: URL, part: string): string {
  const next = new URL(url);
  next.pathname = `${next.pathname.replace(/\/+$/, '')}/${part}`;
  return next.href;
}

function asking(url: URL, query: Readonly<Record<string, string>>): string {
  const next = new URL(url);
  for (const [key, value] of Object.entries(query)) next.searchParams.set(key, value);
  return next.href;
}

function cut(text: string, most: number): string {
  return [...text].slice(0, most).join('');
}
