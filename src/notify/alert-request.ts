/** What became of a request that Opsgenie, or Jira Service Management, has queued. */
import { z } from 'zod';
import type { Arrival } from '../core/notifier.ts';
import { short } from './plain-text.ts';
import { type Post, type PostRequest, redact, secretsOf } from './post.ts';
import { askFor } from './proof.ts';

/** Code points of a status that is quoted. */
const statusLimit = 120;

/** Where requests can be asked for, at `<url>/requests/<id>`, and as whom. */
export interface RequestApi {
  /** Of the alerts. */
  readonly url: string;
  readonly authorization: string;
  readonly secrets: readonly string[];
}

const Outcome = z.object({
  isSuccess: z.boolean().optional(),
  success: z.boolean().optional(),
  status: z.string().max(10_000).optional(),
});

/**
 * Opsgenie wraps it in `data`, JSM does not: https://docs.opsgenie.com/docs/alert-api#get-request-status and
 * https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v2/api-group-alerts/
 */
const Answered = z
  .union([z.object({ data: Outcome }).transform(({ data }) => data), Outcome])
  .refine(({ isSuccess, success }) => isSuccess !== undefined || success !== undefined);

/** @throws NotifyError when it cannot be looked */
export async function requestStatus(
  post: Post,
  api: RequestApi,
  id: string | undefined,
  signal: AbortSignal,
): Promise<Arrival> {
  if (id === undefined) return { state: 'unprovable', why: 'the answer to the alert held no id of the request' };
  const advice = 'Check that its key may read alerts ("Read Access"), and where it is asked.';
  const found = await askFor(post, questionOf(api, id), { schema: Answered, advice, signal });
  if (found === undefined) return { state: 'missing', why: 'the alert is queued and not processed' };
  if (found.isSuccess ?? found.success) return { state: 'arrived', how: 'the alert was created' };
  const status = short(redact(found.status ?? '', secretsIn(api)), statusLimit) || 'nothing';
  return { state: 'missing', why: `the alert was not created; it said: ${status}`, final: true };
}

function questionOf(api: RequestApi, id: string): PostRequest {
  const at = new URL(api.url);
  at.pathname = `${at.pathname.replace(/\/$/, '')}/requests/${encodeURIComponent(id)}`;
  return { url: at.href, headers: { authorization: api.authorization }, secrets: secretsIn(api) };
}

function secretsIn({ url, secrets }: RequestApi): readonly string[] {
  return [...secrets, ...secretsOf(url)];
}
