import { z } from 'zod';
import type { IncidentFacts } from '../core/incident.ts';
import type { Notification } from '../core/notifier.ts';
import type { Severity } from '../core/pipeline.ts';
import type { EpochMs } from '../lib/clock.ts';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { NotifyError } from '../lib/errors.ts';
import { address } from './address.ts';
import { alertAt } from './alertmanager-alert.ts';
import type { ChannelContext, NotifierDefinition } from './definition.ts';
import { linksOf } from './links.ts';
import { isoUtc } from './moments.ts';
import { noteLines } from './note-line.ts';
import { cut, short } from './plain-text.ts';
import { type Answer, openPost, type PostRequest, type Refusal, refusalOf, secretsOf } from './post.ts';
import { type Voice, voiceOf } from './voice.ts';
import { plainText, title } from './wording.ts';

/** As often as Prometheus by default (`--rules.alert.resend-delay`): https://prometheus.io/docs/prometheus/latest/command-line/prometheus/ */
const renewEveryMs = 60_000;
/** An alert that nobody renews is resolved by Alertmanager: below this, a slow restart of ours would look like recovery. */
const shortestExpiryMs = 5 * renewEveryMs;
/** Code points of a label and of an annotation; Alertmanager has no limits of its own, what it sends to has. */
const labelLimit = 255;
const annotationLimit = 10_000;

/** https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
const labels = z.record(
  z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'write a label name: letters, digits and _, not beginning with a digit'),
  z.string('write a text').max(labelLimit),
);

const Config = z.strictObject({
  /** Of every member of a cluster, never of a load balancer before it: each must hear of each alert. */
  url: z.union([address, z.array(address).min(1).max(10)], {
    error: 'write the address of POST /api/v2/alerts, or a list with that of each member',
  }),
  bearer_token: z.string('write the token').min(1, 'write the token').optional(),
  username: z.string('write the user').min(1, 'write the user').optional(),
  password: z.string('write the password').min(1, 'write the password').optional(),
  /** More labels, for routing. */
  labels: labels.default({}),
  /** When Alertmanager takes an alert for over that we have not renewed. */
  expire_after: z.string().default('30m').transform(expiry),
});
type Config = z.infer<typeof Config>;

/**
 * Alerts in Alertmanager (API v2), renewed while they are open. Accepted means that at least one member took it: the others get
 * it with the next renewal.
 */
const alertmanager: NotifierDefinition<Config> = {
  kind: 'alertmanager',
  config: Config,
  defaultMinSeverity: 'warning',
  deduplicates: true,
  renewEveryMs,
  open(config, context) {
    const post = openPost(context);
    const voice = voiceOf(context);
    const headers = authorization(config);
    const secrets = secretForms(config);
    const put = async (url: string, body: string, signal: AbortSignal) => {
      const request: PostRequest = { url, headers, body, secrets: [...secrets, ...secretsOf(url)] };
      const answer = await post.send(request, { signal });
      const refusal = judge(answer);
      if (refusal !== undefined) throw post.refused(request, answer, refusal);
    };
    return {
      name: context.name,
      kind: 'alertmanager',
      async send(notification, { signal }) {
        const body = JSON.stringify(alertsOf(notification, { config, voice, wall: context.clock.wall() }));
        const members = [config.url].flat();
        const outcomes = await Promise.allSettled(members.map((url) => put(url, body, signal)));
        oneTookIt(outcomes, context);
        return undefined;
      },
      prove: ({ facts }, { signal }) => {
        const labels = { ...config.labels, ...labelsOf(facts), severity: facts.severity };
        return alertAt(post, { members: [config.url].flat(), headers, secrets }, labels, signal);
      },
    };
  },
};
export default alertmanager;

/** @throws NotifyError of a member that may take it later, else the first member's, when none took it */
function oneTookIt(outcomes: readonly PromiseSettledResult<void>[], { name, log }: ChannelContext): void {
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (errors.length === 0) return;
  const passing = errors.find((error) => error instanceof NotifyError && error.retryable);
  if (errors.length === outcomes.length) throw passing ?? errors[0];
  for (const error of errors)
    log.warn({ notifier: name }, `One of its members did not take it: ${String(error.message)}`);
}

interface Saying {
  readonly config: Config;
  readonly voice: Voice;
  /** Alertmanager compares with its own wall clock, which ours should agree with; never with ledger time. */
  readonly wall: EpochMs;
}

/** Severity is a label, for routing, so what got worse is another alert: the one that it was is over. */
function alertsOf(notification: Notification, saying: Saying): object[] {
  const { action, facts } = notification;
  const now = alertOf(notification, saying, facts.severity);
  if (action !== 'update' || facts.severity !== 'critical') return [now];
  return [now, { ...alertOf(notification, saying, 'warning'), endsAt: isoUtc(endOf(facts, saying.wall)) }];
}

function alertOf({ facts, pageUrl }: Notification, { config, voice, wall }: Saying, severity: Severity): object {
  const links = linksOf(facts, voice, pageUrl);
  const link = (...kinds: string[]) => links.find(({ kind }) => kinds.includes(kind))?.href;
  const [runbook, discover, page] = [link('runbook'), link('discover'), link('page', 'incident')];
  const ends = facts.state === 'open' ? wall + config.expire_after : endOf(facts, wall);
  return {
    labels: { ...config.labels, ...labelsOf(facts), severity },
    annotations: {
      summary: cut(title(facts, voice), annotationLimit),
      description: cut(plainText(facts, voice), annotationLimit),
      incident: short(facts.id, labelLimit),
      ...(facts.notes !== undefined && { notes: cut(noteLines(facts, voice), annotationLimit) }),
      ...(runbook !== undefined && { runbook_url: runbook }),
      ...(discover !== undefined && { discover_url: discover }),
    },
    startsAt: isoUtc(Math.min(facts.since, wall)),
    endsAt: isoUtc(ends),
    ...(page !== undefined && { generatorURL: page }),
  };
}

/** In the past, and never before the beginning, which Alertmanager refuses. */
function endOf({ since, resolvedAt }: IncidentFacts, wall: EpochMs): EpochMs {
  return Math.max(Math.min(since, wall), Math.min(resolvedAt ?? wall, wall));
}

/** What an alert is recognised by: never times, counts or evidence. */
function labelsOf({ deployment, pipeline, hop, kind, test }: IncidentFacts): Record<string, string> {
  const label = (text: string) => short(text, labelLimit);
  return {
    alertname: `Logcanary${kind.charAt(0).toUpperCase()}${kind.slice(1)}`,
    deployment: label(deployment),
    pipeline: label(pipeline),
    hop: label(hop),
    kind,
    ...(test === true && { test: 'true' }),
  };
}

/** Nothing when the member took it: 200 without a body. A 400 may have taken a part; ours are one, or one and its end. */
function judge(answer: Answer): Refusal | undefined {
  const later = 'It is sent again; if this lasts, look at its log and at proxies in between.';
  if (answer.status === 200) {
    if (answer.text.trim() === '' && !answer.truncated) return undefined;
    return { reason: 'bad_answer', retryable: true, advice: later };
  }
  const refusal = refusalOf(answer.status);
  const advice = 'Check url (it ends in /api/v2/alerts; version 1 is gone since 0.27) and its credentials.';
  return { ...refusal, advice: refusal.retryable ? later : advice };
}

function authorization({ bearer_token, username, password }: Config): Record<string, string> {
  if (bearer_token !== undefined) return { authorization: `Bearer ${bearer_token}` };
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

function secretForms(config: Config): string[] {
  const { bearer_token, password } = config;
  const basic = authorization(config).authorization?.replace(/^\w+ /, '');
  return [bearer_token, password, basic].filter((secret) => secret !== undefined);
}

function expiry(text: string, context: z.core.$RefinementCtx<string>): number {
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value >= shortestExpiryMs) return parsed.value;
  const message = parsed.ok ? `too short. Write at least ${formatDuration(shortestExpiryMs)}.` : parsed.message;
  context.addIssue({ code: 'custom', message, input: text });
  return z.NEVER;
}
