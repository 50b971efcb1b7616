import { z } from 'zod';
import {
  type MisbehavingServer,
  type Received,
  startMisbehavingServer,
  type VendorAnswer,
} from './misbehaving-server.ts';

/** An event as PagerDuty takes it, with its limits: https://developer.pagerduty.com/docs/send-alert-event */
const Event = z
  .strictObject({
    routing_key: z
      .string()
      .refine((key) => key.length === 32, "Length of 'routing_key' is incorrect (should be 32 characters)"),
    event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
    dedup_key: z.string().min(1).refine(atMost(255), "'dedup_key' is longer than 255 characters").optional(),
    payload: z
      .strictObject({
        summary: z.string().min(1).refine(atMost(1024), "'payload.summary' is longer than 1024 characters"),
        source: z.string().min(1),
        severity: z.enum(['critical', 'error', 'warning', 'info']),
        timestamp: z.iso.datetime().optional(),
        component: z.string().min(1).optional(),
        group: z.string().min(1).optional(),
        class: z.string().min(1).optional(),
        custom_details: z.record(z.string(), z.unknown()).optional(),
      })
      .optional(),
    images: z.array(z.object({ src: z.url({ protocol: /^https$/ }) })).optional(),
    links: z.array(z.strictObject({ href: z.url({ protocol: /^https?$/ }), text: z.string().optional() })).optional(),
    client: z.string().optional(),
    client_url: z.url().optional(),
  })
  .refine(
    ({ event_action, payload }) => event_action !== 'trigger' || payload !== undefined,
    "'payload' is missing or blank",
  )
  .refine(
    ({ event_action, dedup_key }) => event_action === 'trigger' || dedup_key !== undefined,
    "'dedup_key' is missing",
  );
export type PagerdutyEvent = z.infer<typeof Event>;

/** https://developer.pagerduty.com/docs/send-change-event */
const Change = z.strictObject({
  routing_key: z.string().refine((key) => key.length === 32, "Length of 'routing_key' is incorrect"),
  payload: z.strictObject({
    summary: z.string().min(1).refine(atMost(1024), "'payload.summary' is longer than 1024 characters"),
    source: z.string().min(1).optional(),
    timestamp: z.iso.datetime().optional(),
    custom_details: z.record(z.string(), z.unknown()).optional(),
  }),
  links: z.array(z.strictObject({ href: z.url(), text: z.string().optional() })).optional(),
});
export type PagerdutyChange = z.infer<typeof Change>;

/** May read the account's incidents. */
export const pagerdutyToken = 'u+planted0rest0token';

export interface PagerdutyServer extends MisbehavingServer {
  /** The exact address to POST to. */
  readonly url: string;
  /** Where its incidents are listed, for who has the token. */
  readonly apiUrl: string;
  /** Events answered 202, oldest first. */
  readonly events: readonly PagerdutyEvent[];
  /** Change events answered 202, oldest first: they notify nobody. */
  readonly changes: readonly PagerdutyChange[];
  /** Keys that have an open alert now. */
  readonly open: ReadonlySet<string>;
  /** How often somebody's phone would have rung: triggers of a key that had no open alert. */
  readonly pages: number;
}

/**
 * PagerDuty's `POST /v2/enqueue` on loopback: refuses what PagerDuty refuses, and keeps alerts by dedup_key.
 * @param taken is told of each event before it is answered
 */
export async function startPagerdutyServer(
  taken: (event: PagerdutyEvent) => void = () => {},
): Promise<PagerdutyServer> {
  const events: PagerdutyEvent[] = [];
  const changes: PagerdutyChange[] = [];
  const open = new Set<string>();
  let pages = 0;
  const accept = (event: PagerdutyEvent): VendorAnswer => {
    events.push(event);
    taken(event);
    const key = event.dedup_key ?? `generated-${events.length}`;
    if (event.event_action === 'trigger' && !open.has(key)) pages += 1;
    if (event.event_action === 'trigger') open.add(key);
    if (event.event_action === 'resolve') open.delete(key);
    return answer(202, { status: 'success', message: 'Event processed', dedup_key: key });
  };
  const change = ({ body }: Received): VendorAnswer => {
    const parsed = Change.safeParse(JSON.parse(body));
    if (!parsed.success) return invalid(parsed.error.issues.map(({ message }) => message));
    changes.push(parsed.data);
    return answer(202, { status: 'success', message: 'Change event processed' });
  };
  const listed = ({ path, headers }: Received): VendorAnswer => {
    if (headers.authorization !== `Token token=${pagerdutyToken}`)
      return answer(401, { error: { message: 'Unauthorized' } });
    const key = new URL(path, 'http://pagerduty').searchParams.get('incident_key') ?? '';
    const known = events.some(({ dedup_key }) => dedup_key === key);
    const status = open.has(key) ? 'triggered' : 'resolved';
    return answer(200, {
      incidents: known ? [{ id: 'PT4KHLK', incident_number: 1234, status, incident_key: null }] : [],
    });
  };
  const server = await startMisbehavingServer((request) => {
    if (request.method === 'GET' && request.path.startsWith('/incidents?')) return listed(request);
    if (request.path === '/v2/change/enqueue') return change(request);
    const refused = refusal(request);
    return refused ?? accept(Event.parse(JSON.parse(request.body)));
  });
  return Object.defineProperties(server as PagerdutyServer, {
    url: { value: `${server.origin}/v2/enqueue` },
    apiUrl: { value: `${server.origin}/incidents` },
    events: { value: events },
    changes: { value: changes },
    open: { value: open },
    pages: { get: () => pages },
  });
}

function refusal({ path, headers, body }: Received): VendorAnswer | undefined {
  if (path !== '/v2/enqueue') return answer(404, { status: 'not found' });
  if (headers['content-type'] !== 'application/json') return invalid(['Content-Type is not application/json']);
  if (Buffer.byteLength(body) > 512_000) return invalid(['Event is larger than 512 KB']);
  const parsed = Event.safeParse(JSON.parse(body));
  return parsed.success ? undefined : invalid(parsed.error.issues.map(({ message }) => message));
}

function invalid(errors: readonly string[]): VendorAnswer {
  return answer(400, { status: 'invalid event', message: 'Event object is invalid', errors });
}

function answer(status: number, body: object): VendorAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}

function atMost(limit: number): (text: string) => boolean {
  return (text) => Array.from(text).length <= limit;
}
