import { createHmac, timingSafeEqual } from 'node:crypto';
import { type MisbehavingServer, type Received, startMisbehavingServer } from './misbehaving-server.ts';

export interface WebhookEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface WebhookReceiver extends MisbehavingServer {
  readonly url: string;
  /** Events whose signature was right, oldest first. */
  readonly events: readonly WebhookEvent[];
}

/** A receiver that verifies Standard Webhooks on loopback: written from the specification, not from our sender. */
export async function startWebhookReceiver(secret: string): Promise<WebhookReceiver> {
  const events: WebhookEvent[] = [];
  const server = await startMisbehavingServer((request) => {
    if (request.path !== '/hook') return { status: 404, contentType: 'text/plain', body: 'no such hook' };
    if (Buffer.byteLength(request.body) >= 20_000) return { status: 413, contentType: 'text/plain', body: 'too large' };
    if (!verified(request, secret)) return { status: 401, contentType: 'text/plain', body: 'bad signature' };
    events.push({ id: String(request.headers['webhook-id']), ...JSON.parse(request.body) });
    return { status: 204, contentType: 'text/plain', body: '' };
  });
  return Object.defineProperties(server as WebhookReceiver, {
    url: { value: `${server.origin}/hook` },
    events: { value: events },
  });
}

function verified({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signedText = [headers['webhook-id'], headers['webhook-timestamp'], body].join('.');
  const expected = createHmac('sha256', key).update(signedText).digest();
  const given = String(headers['webhook-signature']).split(' ');
  return given.some((one) => {
    const [version, signature = ''] = one.split(',');
    const bytes = Buffer.from(signature, 'base64');
    return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
}
