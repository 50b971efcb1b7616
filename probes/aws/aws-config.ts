/** What every AWS probe is told: where, and as whom. */
import { z } from 'zod';
import { boundedHandler } from './bounded-handler.ts';

/** The keys that every AWS probe's config has beside its own. */
export const awsFields = {
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .optional()
    .describe(
      "AWS region, for example ap-northeast-1. Default: the AWS SDK's own chain (AWS_REGION, profile); never guessed.",
    ),
  endpoint: z
    .url({ protocol: /^https?$/, error: 'not an http or https address' })
    .refine(
      (url) => new URL(url).username === '' && new URL(url).password === '',
      'holds credentials; use access_key_id',
    )
    .optional()
    .describe('Address of a VPC endpoint or an emulator. Default: the public endpoint of the region.'),
  access_key_id: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Default: the AWS SDK's own chain (environment, profile, web identity, container, instance); for plain HTTP on loopback the key of the emulators.",
    ),
  secret_access_key: z.string().min(1).optional().describe('Belongs to access_key_id.'),
  session_token: z.string().min(1).optional().describe('Belongs to temporary keys.'),
};

export interface AwsConfig {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly access_key_id?: string | undefined;
  readonly secret_access_key?: string | undefined;
  readonly session_token?: string | undefined;
}

/** One half of a key pair alone is always a mistake. */
export const bothHalvesOfKey = [
  (config: Partial<AwsConfig>) => (config.access_key_id === undefined) === (config.secret_access_key === undefined),
  { error: 'access_key_id and secret_access_key go together. Write both or neither.' },
] as const;

/** The host:port that calls of this service go to. https://docs.aws.amazon.com/general/latest/gr/rande.html */
export function awsTarget(service: string, config: AwsConfig): string {
  if (config.endpoint !== undefined) return new URL(config.endpoint).host;
  if (config.region === undefined) return `${service}.amazonaws.com`;
  return `${service}.${config.region}.amazonaws.com${config.region.startsWith('cn-') ? '.cn' : ''}`;
}

/** For runbooks: the command of people who ask the same region. */
export function awsCommand({ region, endpoint }: AwsConfig): string {
  const where = [
    region === undefined ? '' : ` --region ${region}`,
    endpoint === undefined ? '' : ` --endpoint-url ${endpoint}`,
  ];
  return `aws${where.join('')}`;
}

/** The only key pair that s3rver knows (its `lib/models/account.js`); other emulators take any. */
const emulatorKey = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/**
 * Options for any AWS client: one attempt per call (retries would multiply the load on a shard that others read, too),
 * bounded answers, HTTP/1.1 (the emulators speak no HTTP/2, and only SubscribeToShard needs it).
 */
export async function awsClientOptions(config: AwsConfig, maxAnswerBytes: number) {
  const { NodeHttpHandler } = await import('@smithy/node-http-handler');
  const credentials = credentialsOf(config);
  return {
    ...regionOf(config),
    maxAttempts: 1,
    requestHandler: boundedHandler(new NodeHttpHandler(), maxAnswerBytes),
    ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** An emulator on this machine has no region of its own, but signing needs one. */
function regionOf({ region, endpoint }: AwsConfig): { region?: string } {
  if (region !== undefined) return { region };
  return isPlainLoopback(endpoint) ? { region: 'us-east-1' } : {};
}

function credentialsOf(config: AwsConfig) {
  if (config.access_key_id !== undefined && config.secret_access_key !== undefined) {
    return {
      accessKeyId: config.access_key_id,
      secretAccessKey: config.secret_access_key,
      ...(config.session_token === undefined ? {} : { sessionToken: config.session_token }),
    };
  }
  return isPlainLoopback(config.endpoint) ? emulatorKey : undefined;
}

/** AWS is not to be found behind plain HTTP on this machine: only an emulator is, and it must work on any laptop. */
function isPlainLoopback(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return false;
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'http:' && (hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.'));
}
