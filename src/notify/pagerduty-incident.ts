/** Whether an incident came of an event: PagerDuty's events API says only that it has queued it. */
import { z } from 'zod';
import type { Arrival } from '../core/notifier.ts';
import { type Post, type PostRequest, secretsOf } from './post.ts';
import { ask } from './proof.ts';

const defaultUrl = 'https://api.pagerduty.com/incidents';

/** https://developer.pagerduty.com/api-reference/9d0b4b12e36f9-list-incidents */
const Listed = z.object({
  incidents: z.array(
    z.object({
      incident_number: z.int().optional(),
      status: z.enum(['triggered', 'acknowledged', 'resolved']),
      /** Null for incidents with alerts; those are found by the key of their alerts. */
      incident_key: z.string().nullish(),
    }),
  ),
});

interface Rest {
  readonly routing_key: string;
  readonly api_token?: string | undefined;
  readonly api_url?: string | undefined;
}

const withoutToken: Arrival = {
  state: 'unprovable',
  why: 'PagerDuty says only that it has queued it; with api_token (a read-only REST API key) it is looked up',
};

const unknownThere: Arrival = {
  state: 'missing',
  why: 'PagerDuty lists no incident of it: look whether the service is disabled or in maintenance, at event rules that suppress it, and whether api_token is of the same account',
};

/** @throws NotifyError when it cannot be looked */
export async function incidentAt(post: Post, rest: Rest, key: string, signal: AbortSignal): Promise<Arrival> {
  if (rest.api_token === undefined) return withoutToken;
  const request = questionOf(rest, rest.api_token, key);
  const advice = 'Check api_token (a REST API key that may read incidents) and api_url.';
  const { incidents } = await ask(post, request, { schema: Listed, advice, signal });
  const found = incidents.find(({ incident_key }) => (incident_key || key) === key);
  if (found === undefined) return unknownThere;
  const number = found.incident_number === undefined ? 'an incident' : `incident #${found.incident_number}`;
  return { state: 'arrived', how: `${number} at PagerDuty, ${found.status}` };
}

function questionOf({ routing_key, api_url = defaultUrl }: Rest, token: string, key: string): PostRequest {
  const url = new URL(api_url);
  url.searchParams.set('incident_key', key);
  url.searchParams.set('limit', '10');
  return {
    url: url.href,
    headers: { authorization: `Token token=${token}`, accept: 'application/vnd.pagerduty+json;version=2' },
    secrets: [token, routing_key, ...secretsOf(api_url)],
  };
}
