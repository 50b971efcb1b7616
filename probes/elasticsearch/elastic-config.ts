/** How to reach a cluster: what both Elasticsearch probes are configured with. */
import { z } from 'zod';

const credentials = z.union([
  z.strictObject({ username: z.string().min(1), password: z.string().min(1) }),
  /** Base64 of `id:key`, as Elasticsearch shows it under `encoded`. */
  z.strictObject({ api_key: z.string().min(1) }),
]);

export const clusterConfig = {
  /** `https://host:9200`, with a path if a proxy wants one. */
  url: z.string().superRefine((text, check) => {
    const fault = faultOf(text);
    if (fault !== undefined) check.addIssue({ code: 'custom', message: fault });
  }),
  auth: credentials.optional(),
  /** PEM file of the authority that signed the cluster's certificate. */
  ca_file: z.string().min(1).optional(),
};

const cluster = z.strictObject(clusterConfig);
export type ClusterConfig = z.infer<typeof cluster>;

/** Never repeats the text: it may hold a password. */
function faultOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return 'not an http or https address. Write https://host:9200.';
  if (url.username !== '' || url.password !== '')
    return 'holds credentials. Write them under auth: { username, password } or { api_key }.';
  if (url.search !== '' || url.hash !== '') return 'has a query or fragment. Write https://host:9200.';
  return undefined;
}

/**
 * For runbooks: how people ask the same cluster. Where it wants credentials, curl asks for their own. It says why there is no answer,
 * and does not wait for one for ever.
 */
export function elasticNames({ url, auth }: ClusterConfig): Readonly<Record<string, string>> {
  return { url: url.replace(/\/$/, ''), curl: auth === undefined ? 'curl -sS -m 10' : 'curl -sS -m 10 -u "$ES_USER"' };
}

/** `host:port` of the cluster. */
export function targetOf({ url }: ClusterConfig): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}
