/** Where agents are: what all agent checks are configured with. */
import { z } from 'zod';
import {
  type ClusterConfig,
  checkCluster,
  hostOf,
  kubectlFor,
  kubernetesFields,
  targetOf,
} from '../kubernetes/kubernetes-config.ts';

const address = z.string().superRefine((text, check) => {
  const fault = faultOf(text);
  if (fault !== undefined) check.addIssue({ code: 'custom', message: fault });
});

/** Never repeats the text: it may hold a password. */
function faultOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return 'not an http or https address. Write http://host:port.';
  if (url.username !== '' || url.password !== '')
    return 'holds credentials. Write them under auth: { username, password } or { token }.';
  if (url.search !== '' || url.hash !== '') return 'has a query or fragment. Write http://host:port.';
  return undefined;
}

const selector = z.string().regex(/^[\w.\-/=!,() ]{1,500}$/, 'not a label selector. Write app=fluent-bit.');

/** The options of an agent check whose agent listens on `port` unless it is told another. */
export function agentFields(port: number) {
  return {
    url: address
      .optional()
      .describe('Of one agent: `http://host:port`. Not of a balancer: its answers come from many.'),
    urls: z.array(address).min(1).max(1000).optional().describe('Of several agents, instead of url.'),
    auth: z
      .union([
        z.strictObject({ username: z.string().min(1), password: z.string().min(1) }),
        z.strictObject({ token: z.string().min(1) }),
      ])
      .optional()
      .describe(
        'For url and urls, where the agent asks for it: { username, password }, or { token } that is sent as bearer.',
      ),
    ca_file: z
      .string()
      .min(1)
      .optional()
      .describe('For url and urls: PEM file of the authority that signed their certificates.'),
    kubernetes: z
      .strictObject({
        ...kubernetesFields,
        selector: selector.describe("Labels of the agent's pods: `app=fluent-bit`."),
        port: z.int().min(1).max(65_535).default(port).describe(`Port of the agent in its pod. Default ${port}.`),
        node_selector: selector.optional().describe('Labels of the nodes where it should run. Default: all.'),
      })
      .superRefine(checkCluster)
      .optional()
      .describe(
        `Instead of url: the agent's pods, found and asked through the API server, at most ten calls a second in all, so of more than 300 nodes in turns (set every: 10s); rollouts and changed ConfigMaps of theirs are named in incidents: { namespace, selector, port (${port}), node_selector, and how to reach the cluster: kubeconfig, context, url, token, token_file, eks, ca_file }.`,
      ),
  };
}

export interface AddressConfig {
  readonly url?: string | undefined;
  readonly urls?: readonly string[] | undefined;
  readonly auth?: { readonly username: string; readonly password: string } | { readonly token: string } | undefined;
  readonly ca_file?: string | undefined;
}

export interface AgentPodsConfig extends ClusterConfig {
  readonly namespace: string;
  readonly selector: string;
  readonly port: number;
  readonly node_selector?: string | undefined;
}

export interface AgentConfig extends AddressConfig {
  readonly kubernetes?: AgentPodsConfig | undefined;
}

/** For `.refine`: exactly one way to find the agents. */
export const oneWayToAgents: [(config: AgentConfig) => boolean, { message: string }] = [
  ({ url, urls, kubernetes }) => [url, urls, kubernetes].filter((way) => way !== undefined).length === 1,
  { message: 'needs exactly one of url, urls and kubernetes. Write url: http://host:port.' },
];

/** `host:port`, of several the first and how many more; or the API server and the namespace. */
export function agentsTarget({ url, urls, kubernetes }: AgentConfig): string {
  if (kubernetes !== undefined) return `${targetOf(kubernetes)}/${kubernetes.namespace}`;
  const [first = 'nowhere', ...more] = (urls ?? [url ?? '']).map(placeOf);
  return more.length === 0 ? first : `${first}+${more.length}`;
}

/** For runbooks: how to find the agents. */
export function agentNames({ url, urls, kubernetes }: AgentConfig): Readonly<Record<string, string | undefined>> {
  if (kubernetes === undefined) return { url: (url ?? urls?.[0])?.replace(/\/$/, '') };
  const { namespace, selector: pods, port } = kubernetes;
  return { kubectl: kubectlFor(namespace, kubernetes), selector: pods, port: String(port) };
}

/** The API server that calls go through, with `kubernetes`. */
export function agentsThrough({ kubernetes }: AgentConfig): string | undefined {
  return kubernetes === undefined ? undefined : targetOf(kubernetes);
}

function placeOf(text: string): string {
  return URL.canParse(text) ? hostOf(text) : 'nowhere';
}
