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
  const server = await startMisbehavingServer(({ path, headers, body }) => {
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
    return accepted();
  });
  return Object.defineProperties(server as OpsgenieServer, {
    url: { value: `${server.origin}/v2/alerts` },
    created: { value: created },
    open: { value: open },
  });
}

function accepted(): VendorAnswer {
  return answer(202, {
    result: 'Request will be processed',
    took: 0.1,
    requestId: '43a29c5c-3dbf-4fa4-9c26-f4f71023e120',
  });
}

function answer(status: number, body: object): VendorAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}
