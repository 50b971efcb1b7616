/** How to reach a cluster: what every Kubernetes probe is configured with. */
import { z } from 'zod';

const eks = z.strictObject({
  cluster: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/, 'not a name of an EKS cluster')
    .describe('Its name.'),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .describe('AWS region of the cluster.'),
  access_key_id: z.string().min(1).optional().describe("Default: the AWS SDK's own chain."),
  secret_access_key: z.string().min(1).optional().describe('Belongs to access_key_id.'),
  session_token: z.string().min(1).optional().describe('Belongs to temporary keys.'),
});

export const kubernetesFields = {
  namespace: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'not a name of a namespace')
    .describe('Namespace of the pods.'),
  kubeconfig: z
    .string()
    .min(1)
    .optional()
    .describe('Path of a kubeconfig. Default: KUBECONFIG, then ~/.kube/config, then the pod that we run in.'),
  context: z.string().min(1).optional().describe('Context in the kubeconfig. Default: its current one.'),
  url: z
    .string()
    .superRefine((text, check) => {
      const fault = faultOf(text);
      if (fault !== undefined) check.addIssue({ code: 'custom', message: fault });
    })
    .optional()
    .describe('Address of the API server, instead of a kubeconfig: https://host:6443.'),
  token: z.string().min(1).optional().describe('Bearer token for url.'),
  token_file: z.string().min(1).optional().describe('File with the bearer token for url; read again as it is renewed.'),
  eks: eks.optional().describe('Sign in to an EKS cluster as an AWS identity; needs url.'),
  ca_file: z.string().min(1).optional().describe("PEM file of the authority that signed url's certificate."),
};

/** `@see clusterFaults` for what goes together. */
export interface ClusterConfig {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly token_file?: string | undefined;
  readonly eks?: z.infer<typeof eks> | undefined;
  readonly ca_file?: string | undefined;
}

/** For `superRefine`: a cluster is found either by url or by a kubeconfig, and signed in to in one way. */
export function checkCluster(config: ClusterConfig, check: z.RefinementCtx): void {
  const say = (path: string, message: string) => check.addIssue({ code: 'custom', path: [path], message });
  const ways = (['token', 'token_file', 'eks'] as const).filter((key) => config[key] !== undefined);
  if (ways.length > 1) say(ways[1] ?? '', `is a second way to sign in beside ${ways[0]}. Write one of them.`);
  if (config.url === undefined) {
    for (const key of [...ways, ...(config.ca_file === undefined ? [] : (['ca_file'] as const))])
      say(key, 'belongs to url. Write url, or leave signing in to the kubeconfig.');
    return;
  }
  for (const key of ['kubeconfig', 'context'] as const)
    if (config[key] !== undefined) say(key, 'does not go with url. Write one of them.');
  if (ways.length === 0 && !isLoopback(new URL(config.url)))
    say('url', 'needs token, token_file or eks to sign in with.');
  if (
    config.eks !== undefined &&
    (config.eks.access_key_id === undefined) !== (config.eks.secret_access_key === undefined)
  )
    say('eks', 'access_key_id and secret_access_key go together. Write both or neither.');
}

/** Never repeats the text: it may hold a password. */
function faultOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return 'not an https address. Write https://host:6443.';
  if (url.username !== '' || url.password !== '')
    return 'holds credentials. Write them under token, token_file or eks.';
  if (url.search !== '' || url.hash !== '') return 'has a query or fragment. Write https://host:6443.';
  // `kubectl proxy` speaks plain HTTP on loopback
  if (url.protocol === 'http:' && !isLoopback(url)) return 'is not https: a token would go out unencrypted.';
  return undefined;
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** What is called, for messages and rate sharing, before it is known where a kubeconfig points. */
export function targetOf({ url, context, kubeconfig }: ClusterConfig): string {
  if (url !== undefined) return hostOf(url);
  if (context !== undefined) return `context-${context.replace(/[^\w.:/-]/g, '-')}`;
  return kubeconfig === undefined ? 'kubernetes' : 'kubeconfig';
}

/** How people ask the same cluster: the command, up to its namespace. Undefined where a shell would take a name for something else. */
export function kubectlFor(namespace: string, { context, url }: ClusterConfig): string | undefined {
  if (context === undefined || url !== undefined) return `kubectl -n ${namespace}`;
  return /^[\w.:@/-]+$/.test(context) ? `kubectl --context ${context} -n ${namespace}` : undefined;
}

/** `host:port` of an API server's address. */
export function hostOf(server: string): string {
  const { hostname, port, protocol } = new URL(server);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}
