import { z } from 'zod';
import { type MisbehavingServer, startMisbehavingServer, type VendorAnswer } from './misbehaving-server.ts';

const atMost = (limit: number) => (text: string) => Array.from(text).length <= limit;

/** An alert as the alert API takes it, with its limits: https://docs.opsgenie.com/docs/alert-api */
const Alert = z.strictObject({
  message: z.string().min(1).refine(atMost(130)),
  alias: z.string().min(1).refine(atMost(250)),
  description: z.string().refine(atMost(15_000)).optional(),
  priority: z.enum(['P1', 'P2', 'P3', 'P4', 'P5']).optional(),
  source: z.string().refine(atMost(100)).optional(),
  entity: z.string().refine(atMost(512)).optional(),
  tags: z
    .array(z.string().min(1).refine(atMost(50)))
    .max(20)
    .optional(),
  details: z.record(z.string(), z.string()).optional(),
});
const Closing = z.strictObject({ source: z.string().optional(), note: z.string().refine(atMost(25_000)).optional() });
export type OpsgenieAlert = z.infer<typeof Alert>;

export interface OpsgenieServer extends MisbehavingServer {
  readonly url: string;
  /** Alerts as they were created, oldest first. */
  readonly created: readonly OpsgenieAlert[];
  /** Aliases that have an open alert. */
  readonly open: ReadonlySet<string>;
}

/** Opsgenie's, and Jira Service Management's, alerts on loopback: create, and close by alias. Both answer 202. */
export async function startOpsgenieServer(apiKey: string): Promise<OpsgenieServer> {
  const created: OpsgenieAlert[] = [];
  const open = new Set<string>();
  const server = await startMisbehavingServer(({ method, path, headers, body }) => {
    if (method === 'GET') return status(path, headers.authorization, { apiKey, created });
    if (headers.authorization !== `GenieKey ${apiKey}`) return answer(403, { message: 'Key format is not valid!' });
    const [, alias] = /^\/v2\/alerts\/([^/]+)\/close\?identifierType=alias$/.exec(path) ?? [];
    if (alias !== undefined) {
      if (!Closing.safeParse(JSON.parse(body)).success)
        return answer(422, { message: 'Request body is not processable.' });
      open.delete(decodeURIComponent(alias));
      return accepted();
    }
    if (path !== '/v2/alerts') return answer(404, { message: 'Not found' });
    const parsed = Alert.safeParse(JSON.parse(body));
    if (!parsed.success) return answer(422, { message: 'Request body is not processable.' });
    created.push(parsed.data);
    open.add(parsed.data.alias);
    return accepted(created.length);
  });
  return Object.defineProperties(server as OpsgenieServer, {
    url: { value: `${server.origin}/v2/alerts` },
    created: { value: created },
    open: { value: open },
  });
}

/** As who Jira Service Management is asked. */
export const jsmReader = { api_user: 'canary@example.com', api_token: 'ATATT-planted-token' };

/**
 * Of the alert created as the so manieth one: Opsgenie's and JSM's answers.
 * https://docs.opsgenie.com/docs/alert-api#get-request-status
 */
function status(
  path: string,
  authorization: string | undefined,
  { apiKey, created }: { apiKey: string; created: readonly OpsgenieAlert[] },
): VendorAnswer {
  const basic = Buffer.from(`${jsmReader.api_user}:${jsmReader.api_token}`).toString('base64');
  const [, jsm, id] = /^\/(jsm\/)?v[12]\/alerts\/requests\/([^/]+)$/.exec(path) ?? [];
  if (authorization !== (jsm === undefined ? `GenieKey ${apiKey}` : `Basic ${basic}`))
    return answer(403, { message: 'Not allowed' });
  const alert = created[Number(id?.slice(requestIdBase.length)) - 1];
  if (alert === undefined) return answer(404, { message: 'Request not found. It might not be processed, yet.' });
  const outcome = { action: 'Create', isSuccess: true, status: 'Created alert', alias: alert.alias };
  return answer(200, jsm === undefined ? { data: outcome, took: 0.02, requestId: id } : outcome);
}

const requestIdBase = '43a29c5c-3dbf-4fa4-9c26-';

function accepted(place = 0): VendorAnswer {
  return answer(202, {
    result: 'Request will be processed',
    took: 0.1,
    requestId: `${requestIdBase}${String(place).padStart(12, '0')}`,
  });
}

function answer(status: number, body: object): VendorAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}
