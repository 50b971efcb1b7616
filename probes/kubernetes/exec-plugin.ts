/**
 * Credential plugins that a kubeconfig names (`aws eks get-token`, `gke-gcloud-auth-plugin`). The vendor's client runs them
 * without a time-out and keeps their answer to the last second, or for ever; so only its way of making their environment is used.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import path from 'node:path';
import type { User } from '@kubernetes/client-node';
import { z } from 'zod';
import { type Clock, ProbeError } from '../../src/probe.ts';
import { untilAborted } from './credential.ts';

/** A plugin that is not done by then is killed, ms. `aws eks get-token` takes 1-3 s on a busy machine. */
const PLUGIN_MS = 10_000;
/** Longest answer taken, bytes: a token and two PEM blocks have some KB. */
const MAX_OUTPUT_BYTES = 256 * 1024;
/** An answer without an expiry is asked for again after this, ms. */
const UNDATED_MS = 600_000;
/** How long before its expiry a token is renewed, ms; half of its life if that is shorter. */
const EARLY_MS = 120_000;

const Answer = z.object({
  kind: z.literal('ExecCredential'),
  status: z.object({
    token: z.string().min(1).optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
  }),
});

const Plugin = z.object({
  command: z.string().min(1),
  apiVersion: z.string().default('client.authentication.k8s.io/v1'),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
});

export interface PluginCredential {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly renewInMs: number;
  readonly lastsMs: number;
}

/** @throws ProbeError; what the plugin printed is in no message: it may be a token */
export async function runPlugin(user: User, clock: Clock, signal: AbortSignal): Promise<PluginCredential> {
  const plugin = Plugin.safeParse(user.exec);
  if (!plugin.success) throw refusal('the kubeconfig', 'names no command', 'config');
  const name = path.basename(plugin.data.command);
  const deadline = clock.deadline(PLUGIN_MS, signal);
  try {
    const printed = await untilAborted(outputOf(user, plugin.data, name, deadline.signal), deadline.signal);
    return readAnswer(printed, name, clock);
  } catch (error) {
    if (error instanceof ProbeError) throw error;
    if (deadline.expired) throw refusal(name, `was not done within ${PLUGIN_MS / 1000} s`, 'timeout');
    throw refusal(name, 'was given up', 'aborted');
  } finally {
    deadline.clear();
  }
}

function refusal(name: string, what: string, reason: 'auth' | 'timeout' | 'config' | 'aborted'): ProbeError {
  const message = `Cannot sign in to the cluster: the credential plugin ${name} ${what}. Run it by hand as this user, or use url with eks or token_file.`;
  return new ProbeError(message, { reason, retryable: reason !== 'config' });
}

type PluginConfig = z.infer<typeof Plugin>;

/** What it printed, once it ended well. */
async function outputOf(user: User, plugin: PluginConfig, name: string, signal: AbortSignal): Promise<string> {
  const { ExecAuth } = await import('@kubernetes/client-node/dist/exec_auth.js');
  const chunks: Buffer[] = [];
  const execFn = (command: string, args: readonly string[] | undefined, options: SpawnOptions): ChildProcess => {
    const child = spawn(command, args ?? [], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    bound(child, chunks, signal);
    return child;
  };
  const runner: Pick<InstanceType<typeof ExecAuth>, 'applyAuthentication'> = new ExecAuth();
  // private, but the only place where a bound can be put; the version of the client is pinned, and a test watches it
  Object.assign(runner, { execFn });
  const info = { apiVersion: plugin.apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  const env = [...(plugin.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
  const asked = { ...user, exec: { ...(user.exec as object), env } };
  await runner.applyAuthentication(asked, { headers: {} }).catch((error: NodeJS.ErrnoException) => {
    if (chunks.length > 0 && error instanceof SyntaxError) return;
    const what = error.code === 'ENOENT' ? 'is not there' : 'failed';
    throw refusal(name, what, 'auth');
  });
  return Buffer.concat(chunks).toString('utf8');
}

/** Kills it at the signal or when it prints without end, and lets go of its pipes, which a grandchild may hold open. */
function bound(child: ChildProcess, chunks: Buffer[], signal: AbortSignal): void {
  let bytes = 0;
  const stop = () => {
    child.kill('SIGKILL');
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  child.stdout?.on('data', (data: string | Buffer) => {
    bytes += data.length;
    if (bytes > MAX_OUTPUT_BYTES) stop();
    else chunks.push(Buffer.from(data));
  });
  child.once('close', () => signal.removeEventListener('abort', stop));
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
}

function readAnswer(printed: string, name: string, clock: Clock): PluginCredential {
  const answer = Answer.safeParse(parsed(printed));
  if (!answer.success) throw refusal(name, 'printed no ExecCredential', 'auth');
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = answer.data.status;
  if (token === undefined && cert === undefined) throw refusal(name, 'gave neither token nor certificate', 'auth');
  const lastsMs = expirationTimestamp === undefined ? UNDATED_MS * 2 : Date.parse(expirationTimestamp) - clock.wall();
  if (lastsMs <= 0) throw refusal(name, 'gave a token that has expired', 'auth');
  const renewInMs = expirationTimestamp === undefined ? UNDATED_MS : lastsMs - Math.min(EARLY_MS, lastsMs / 2);
  return {
    ...{ renewInMs, lastsMs },
    ...(token === undefined ? {} : { token }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
