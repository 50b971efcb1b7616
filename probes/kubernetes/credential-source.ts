/** Where credentials come from: `url` with a token, its file or EKS; else a kubeconfig, or the pod that we run in. */
import path from 'node:path';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';
import { type Clock, ProbeError } from '../../src/probe.ts';
import { type Credential, type CredentialSource, REREAD_MS, readSetting, type TlsMaterial } from './credential.ts';
import { makeEksToken, TOKEN_LASTS_MS, TOKEN_RENEW_MS } from './eks-token.ts';
import { runPlugin } from './exec-plugin.ts';
import type { ClusterConfig } from './kubernetes-config.ts';

/** What was read from files lasts until the server refuses it. */
const fromFiles = { renewInMs: REREAD_MS, lastsMs: Number.POSITIVE_INFINITY };

/** Contacts nothing and reads nothing yet. */
export function credentialSource(config: ClusterConfig, clock: Clock): CredentialSource {
  const { url } = config;
  return url === undefined ? (signal) => fromKubeconfig(config, clock, signal) : () => fromUrl(url, config, clock);
}

async function fromUrl(url: string, config: ClusterConfig, clock: Clock): Promise<Credential> {
  const ca = config.ca_file === undefined ? {} : { ca: await readSetting('ca_file', config.ca_file) };
  const base = { server: url.replace(/\/+$/, ''), tls: ca };
  if (config.eks !== undefined) {
    const headers = bearer(await makeEksToken(config.eks, clock.wall()));
    return { ...base, headers, renewInMs: TOKEN_RENEW_MS, lastsMs: TOKEN_LASTS_MS };
  }
  const token = config.token_file === undefined ? config.token : await readSetting('token_file', config.token_file);
  return { ...base, headers: token === undefined ? {} : bearer(token), ...fromFiles };
}

function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

async function fromKubeconfig(config: ClusterConfig, clock: Clock, signal: AbortSignal): Promise<Credential> {
  const loaded = await loadKubeconfig(config);
  const cluster = loaded.getCurrentCluster();
  const user = loaded.getCurrentUser();
  if (cluster === null) {
    const wanted = config.context === undefined ? 'a current context' : `context "${config.context}"`;
    throw wrong(`it has no ${wanted} with a cluster`, 'Set context to one of it.');
  }
  if (cluster.proxyUrl) throw wrong('it goes through a proxy-url', 'Use url, and a way there without a proxy.');
  const tls = await tlsOf(cluster, user);
  const base = { server: cluster.server, tls, ...fromFiles };
  return user === null ? { ...base, headers: {} } : { ...base, ...(await signedIn(user, tls, clock, signal)) };
}

async function loadKubeconfig({ kubeconfig, context }: ClusterConfig): Promise<KubeConfig> {
  const { KubeConfig: Loader } = await import('@kubernetes/client-node');
  const loaded = new Loader();
  try {
    if (kubeconfig === undefined) loaded.loadFromDefault();
    else loaded.loadFromFile(kubeconfig);
  } catch (error) {
    // a YAML error quotes the file, which holds secrets
    const what = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : 'it cannot be read';
    throw wrong(what, kubeconfig === undefined ? 'Look at KUBECONFIG.' : `Look at "${path.basename(kubeconfig)}".`);
  }
  // what the vendor makes up when it finds nothing
  if (loaded.getCurrentCluster()?.server === 'http://localhost:8080')
    throw wrong('there is none', 'Set kubeconfig or url.');
  if (context !== undefined) loaded.setCurrentContext(context);
  return loaded;
}

function wrong(what: string, change: string): ProbeError {
  return new ProbeError(`Cannot use the kubeconfig: ${what}. ${change}`, { reason: 'config' });
}

async function tlsOf(cluster: Cluster, user: User | null): Promise<TlsMaterial> {
  const ca = await fileOrData('certificate-authority', cluster.caFile, cluster.caData);
  const cert = await fileOrData('client-certificate', user?.certFile, user?.certData);
  const key = await fileOrData('client-key', user?.keyFile, user?.keyData);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
    ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
  };
}

async function fileOrData(setting: string, file?: string | null, data?: string | null): Promise<string | undefined> {
  if (file) return readSetting(setting, file);
  return data ? Buffer.from(data, 'base64').toString('utf8') : undefined;
}

/** What this user adds: headers, and for plugins a life and perhaps a certificate. */
async function signedIn(user: User, tls: TlsMaterial, clock: Clock, signal: AbortSignal) {
  const headers: Record<string, string> = user.impersonateUser ? { 'impersonate-user': user.impersonateUser } : {};
  if (user.exec) {
    const { token, cert, key, ...life } = await runPlugin(user, clock, signal);
    const pair = cert === undefined || key === undefined ? {} : { cert, key };
    return {
      ...life,
      tls: { ...tls, ...pair },
      headers: { ...headers, ...(token === undefined ? {} : bearer(token)) },
    };
  }
  if (user.token) return { headers: { ...headers, ...bearer(user.token) } };
  const tokenFile = user.authProvider?.config?.tokenFile;
  if (typeof tokenFile === 'string')
    return { headers: { ...headers, ...bearer(await readSetting('token file', tokenFile)) } };
  if (user.authProvider)
    throw wrong(`its auth-provider ${user.authProvider.name} is not supported`, 'Use a plugin (exec).');
  if (user.username && user.password) {
    const basic = Buffer.from(`${user.username}:${user.password}`).toString('base64');
    return { headers: { ...headers, authorization: `Basic ${basic}` } };
  }
  return { headers };
}
