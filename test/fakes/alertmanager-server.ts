import { z } from 'zod';
import {
  type MisbehavingServer,
  type Received,
  startMisbehavingServer,
  type VendorAnswer,
} from './misbehaving-server.ts';

/** An alert as Alertmanager takes it: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
const Alert = z
  .strictObject({
    labels: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string()),
    annotations: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string()).optional(),
    startsAt: z.iso.datetime().optional(),
    endsAt: z.iso.datetime().optional(),
    generatorURL: z.url().optional(),
  })
  .refine(({ labels }) => Object.values(labels).some((value) => value !== ''), 'at least one label pair required')
  .refine(({ startsAt = '', endsAt = '~' }) => startsAt <= endsAt, 'start time must be before end time');
export type PostedAlert = z.infer<typeof Alert>;

export interface AlertmanagerServer extends MisbehavingServer {
  /** The exact address to POST to. */
  readonly url: string;
  /** Alerts that were taken, oldest first. */
  readonly alerts: readonly PostedAlert[];
  /** `alertname hop severity` of the alerts that fire at a moment: what was posted last for a set of labels has not ended yet. */
  firing(at: number): readonly string[];
}

/** Alertmanager's `POST /api/v2/alerts` on loopback, with what it keeps of them. */
export async function startAlertmanagerServer(token?: string): Promise<AlertmanagerServer> {
  const alerts: PostedAlert[] = [];
  const latest = new Map<string, PostedAlert>();
  const server = await startMisbehavingServer((request) => {
    if (request.method === 'GET') return listed(request, [...latest.values()], token);
    const taken = alertsIn(request, token);
    if (!Array.isArray(taken)) return taken;
    for (const alert of taken) latest.set(JSON.stringify(Object.entries(alert.labels).sort()), alert);
    alerts.push(...taken);
    return { status: 200, contentType: 'application/json', body: '' };
  });
  return Object.defineProperties(server as AlertmanagerServer, {
    url: { value: `${server.origin}/api/v2/alerts` },
    alerts: { value: alerts },
    firing: {
      value: (at: number) =>
        [...latest.values()]
          .filter(({ endsAt = '' }) => Date.parse(endsAt) > at)
          .map(({ labels }) => `${labels.alertname} ${labels.hop} ${labels.severity}`),
    },
  });
}

/** What fires and matches: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
function listed({ path, headers }: Received, alerts: readonly PostedAlert[], token: string | undefined): VendorAnswer {
  const { pathname, searchParams } = new URL(path, 'http://alertmanager');
  if (pathname !== '/api/v2/alerts') return answer(404, '{"code":404,"message":"path not found"}');
  if (token !== undefined && headers.authorization !== `Bearer ${token}`) return answer(401, 'Unauthorized');
  const matchers = searchParams.getAll('filter').map((text) => /^([a-zA-Z_]\w*)=(".*")$/.exec(text));
  if (matchers.some((matcher) => matcher === null)) return answer(400, '"bad matcher format"');
  const wanted = matchers.map((matcher) => [matcher?.[1] ?? '', JSON.parse(matcher?.[2] ?? '""')] as const);
  const matching = alerts.filter(({ labels }) => wanted.every(([name, value]) => (labels[name] ?? '') === value));
  const shown = matching.map((alert) => ({
    ...alert,
    receivers: [{ name: 'oncall' }],
    status: { state: 'active', silencedBy: [], inhibitedBy: [] },
  }));
  return answer(200, JSON.stringify(shown));
}

function alertsIn({ path, headers, body }: Received, token: string | undefined): PostedAlert[] | VendorAnswer {
  if (path !== '/api/v2/alerts') return answer(404, '{"code":404,"message":"path not found"}');
  if (token !== undefined && headers.authorization !== `Bearer ${token}`) return answer(401, 'Unauthorized');
  if (headers['content-type'] !== 'application/json') return answer(415, '"unsupported media type"');
  const parsed = z.array(Alert).safeParse(JSON.parse(body));
  return parsed.success ? parsed.data : answer(400, JSON.stringify(parsed.error.issues[0]?.message));
}

function answer(status: number, body: string): VendorAnswer {
  return { status, contentType: 'application/json', body };
}
