/**
 * An EKS token is a presigned call of STS GetCallerIdentity that names the cluster, made here and sent nowhere but to it.
 * https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/token/token.go
 */
import { ProbeError } from '../../src/probe.ts';
import type { ClusterConfig } from './kubernetes-config.ts';

/** The server takes a token for 15 minutes after its stamp, whatever the URL says; the AWS CLI speaks of 14. ms */
export const TOKEN_LASTS_MS = 14 * 60_000;
/** Renewed this long after it was made, ms: early enough for some failed tries. */
export const TOKEN_RENEW_MS = 10 * 60_000;
/** `X-Amz-Expires` of all known clients, seconds. Same source. */
const EXPIRES_SECONDS = 60;

type EksConfig = NonNullable<ClusterConfig['eks']>;

/** A new token, stamped with this time (ms, wall clock). @throws ProbeError `auth` without AWS credentials */
export async function makeEksToken(config: EksConfig, wallMs: number): Promise<string> {
  const { KinesisClient } = await import('@aws-sdk/client-kinesis');
  const { cluster, region } = config;
  // any client of the SDK brings its chain of credentials and its signer; this one is there anyway
  const client = new KinesisClient({ region, ...keysOf(config) });
  try {
    const signer: object = await client.config.signer();
    if (!isPresigner(signer)) throw new TypeError('the signer of the AWS SDK cannot presign');
    const host = `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
    const request = {
      ...{ method: 'GET', protocol: 'https:', hostname: host, path: '/', headers: { host, 'x-k8s-aws-id': cluster } },
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    };
    const presigned = await signer.presign(request, {
      ...{ expiresIn: EXPIRES_SECONDS, signingDate: new Date(wallMs), signingService: 'sts', signingRegion: region },
    });
    const query = new URLSearchParams(presigned.query);
    return `k8s-aws-v1.${Buffer.from(`https://${host}/?${query}`).toString('base64url')}`;
  } catch (error) {
    // the SDK's messages may repeat what was signed
    const name = error instanceof Error ? error.name : 'an error';
    const message = `Cannot sign in to EKS cluster "${cluster}": ${name} from the AWS SDK. Give logcanary AWS credentials (environment, profile, role), or access_key_id under eks.`;
    throw new ProbeError(message, { reason: 'auth', retryable: true });
  } finally {
    client.destroy();
  }
}

/** What the SDK's signer can do beyond what its client's type says. */
interface Presigner {
  presign(request: object, options: object): Promise<{ readonly query: Record<string, string> }>;
}

function isPresigner(signer: object): signer is Presigner {
  return 'presign' in signer && typeof signer.presign === 'function';
}

function keysOf({ access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token }: EksConfig) {
  if (accessKeyId === undefined || secretAccessKey === undefined) return {};
  const session = session_token === undefined ? {} : { sessionToken: session_token };
  return { credentials: { accessKeyId, secretAccessKey, ...session } };
}
