/** All ways into a cluster, against the API double: what is sent, when it is renewed, and what a hung or failing one does. */
import { createHash, createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterApi, openCluster } from '../../../probes/kubernetes/cluster-api.ts';
import { makeEksToken } from '../../../probes/kubernetes/eks-token.ts';
import type { ClusterConfig } from '../../../probes/kubernetes/kubernetes-config.ts';
import { context, forever } from '../../contract/bench.ts';
import { expectProbeError, rejectionOf } from '../../contract/probe-error.ts';
import { handClock } from '../../fakes/hand-clock.ts';
import { hastyClock } from '../../fakes/hasty-clock.ts';
import { type KubeconfigFolder, makeKubeconfigFolder } from '../../fakes/kubernetes/kubeconfig.ts';
import { type KubernetesApi, startKubernetesApi } from '../../fakes/kubernetes/kubernetes-api.ts';

const secret = 'not-a-real-token';
const renewed = 'not-a-real-token-either';
const errand = { what: 'list nodes', grant: 'list nodes' };
const small = { method: 'GET', path: '/api/v1/nodes', maxBytes: 1_000_000 } as const;

let server: KubernetesApi;
let folder: KubeconfigFolder;
const opened: ClusterApi[] = [];

beforeAll(async () => {
  folder = await makeKubeconfigFolder();
});
afterAll(() => folder.remove());
beforeEach(async () => {
  server = await startKubernetesApi({ now: () => context.clock.wall() });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((api) => api.close()));
  await server.stop();
});

function open(config: ClusterConfig, clock = context.clock): ClusterApi {
  const api = openCluster(config, clock);
  opened.push(api);
  return api;
}

const sent = () => server.calls.map(({ authorization }) => authorization);
const get = (api: ClusterApi) => api.call(errand, small, forever.signal);
/** A kubeconfig for the double: plain HTTP, which the vendor's client permits. */
const configOf = (user: object) => folder.write({ server: server.url }, user);

describe('tokens', () => {
  test('given a token, when asked, then it goes along', async () => {
    await get(open({ url: server.url, token: secret }));
    expect(sent()).toEqual([`Bearer ${secret}`]);
  });

  test('given a token file, when it changes, then the new token is used within a minute', async () => {
    const file = path.join(folder.dir, 'projected-token');
    await writeFile(file, `${secret}\n`);
    const clock = hastyClock();
    const api = open({ url: server.url, token_file: file }, clock);
    await get(api);
    await writeFile(file, renewed);
    await get(api);
    clock.advance(60_000);
    await get(api);
    expect(sent()).toEqual([`Bearer ${secret}`, `Bearer ${secret}`, `Bearer ${renewed}`]);
  });

  test('given a token that has expired, when asked, then the file is read again at once', async () => {
    const file = path.join(folder.dir, 'expired-token');
    await writeFile(file, secret);
    server.access.admit(secret);
    server.access.admit(renewed);
    const api = open({ url: server.url, token_file: file });
    await get(api);
    server.access.admit(secret, { until: context.clock.wall() });
    await writeFile(file, renewed);
    await get(api);
    expect(sent()).toEqual([`Bearer ${secret}`, `Bearer ${secret}`, `Bearer ${renewed}`]);
  });

  test('given a token file that is not there, when asked, then the error names it and nothing is sent', async () => {
    const error = await rejectionOf(get(open({ url: server.url, token_file: '/nowhere/token' })));
    expectProbeError(error, ['config']);
    expect(error.message).toContain('/nowhere/token');
    expect(server.calls).toEqual([]);
  });
});

describe('kubeconfigs', () => {
  test('given a user with a token, when asked, then it goes along', async () => {
    await get(open({ kubeconfig: await configOf({ token: secret }) }));
    expect(sent()).toEqual([`Bearer ${secret}`]);
  });

  test('given a user with a token file, as in a pod, when asked, then its content goes along', async () => {
    const tokenFile = path.join(folder.dir, 'pod-token');
    await writeFile(tokenFile, `${secret}\n`);
    await get(open({ kubeconfig: await configOf({ 'auth-provider': { name: 'tokenFile', config: { tokenFile } } }) }));
    expect(sent()).toEqual([`Bearer ${secret}`]);
  });

  test('given an authority and a server name, when asked over TLS, then the server is trusted, and without not', async () => {
    const tls = await startKubernetesApi({ now: () => 0, tls: true });
    const data = { 'certificate-authority-data': Buffer.from(tls.certificate).toString('base64') };
    const trusting = { server: tls.url, 'tls-server-name': 'Unknown', ...data };
    await get(open({ kubeconfig: await folder.write(trusting, { token: secret }) }));
    expect(tls.calls).toHaveLength(1);
    const wary = open({ kubeconfig: await folder.write({ server: tls.url }, { token: secret }) });
    expectProbeError(await rejectionOf(get(wary)), ['tls'], [secret]);
    const careless = { server: tls.url, 'insecure-skip-tls-verify': true };
    await get(open({ kubeconfig: await folder.write(careless, { token: secret }) }));
    expect(tls.calls).toHaveLength(2);
    await tls.stop();
  });

  const unusable: readonly (readonly [string, () => Promise<ClusterConfig>])[] = [
    ['is not there', async () => ({ kubeconfig: '/nowhere/config' })],
    ['is no YAML', async () => ({ kubeconfig: await brokenConfig() })],
    ['lacks the context', async () => ({ kubeconfig: await configOf({ token: secret }), context: 'staging' })],
    ['has an old auth-provider', async () => ({ kubeconfig: await configOf({ 'auth-provider': { name: 'oidc' } }) })],
    [
      'has a proxy',
      async () => ({ kubeconfig: await folder.write({ server: server.url, 'proxy-url': 'http://p' }, {}) }),
    ],
  ];
  test.each(unusable)(
    'given a kubeconfig that %s, when asked, then the error is of the configuration',
    async (_, config) => {
      expectProbeError(await rejectionOf(get(open(await config()))), ['config'], [secret]);
    },
  );

  async function brokenConfig(): Promise<string> {
    const file = path.join(folder.dir, 'broken');
    await writeFile(file, `users: [{ token: ${secret}`);
    return file;
  }
});

describe('credential plugins', () => {
  const credential = (token: string, more: object = {}) =>
    JSON.stringify({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1',
      status: { token, ...more },
    });
  const withPlugin = async (script: string) => ({
    kubeconfig: await configOf({
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: await folder.plugin(script),
        args: ['get-token'],
        env: [{ name: 'PROFILE', value: 'prod' }],
      },
    }),
  });

  test('given a plugin, when asked, then its token goes along and it is told what it needs', async () => {
    const seen = path.join(folder.dir, 'seen');
    const script = `echo "$1 $PROFILE $KUBERNETES_EXEC_INFO \${PATH:+path}" > ${seen}; echo '${credential(secret)}'`;
    await get(open(await withPlugin(script)));
    expect(sent()).toEqual([`Bearer ${secret}`]);
    const said = await readFile(seen, 'utf8');
    expect(said).toMatch(/^get-token prod \{.*"interactive":false.*\} path\n$/);
  });

  test('given a token with an expiry, when it comes near, then the plugin runs again, and not before', async () => {
    const runs = path.join(folder.dir, 'runs');
    const clock = hastyClock();
    const until = new Date(clock.wall() + 600_000).toISOString();
    const api = open(
      await withPlugin(`echo x >> ${runs}; echo '${credential(secret, { expirationTimestamp: until })}'`),
      clock,
    );
    await get(api);
    clock.advance(470_000);
    await get(api);
    expect(await readFile(runs, 'utf8')).toBe('x\n');
    clock.advance(11_000);
    await get(api);
    expect(await readFile(runs, 'utf8')).toBe('x\nx\n');
  });

  const failing: readonly (readonly [string, string])[] = [
    ['fails', `echo ${secret} >&2; exit 3`],
    ['prints no JSON', `echo ${secret}`],
    ['prints something else', `echo '{"token":"${secret}"}'`],
    ['gives an expired token', `echo '${credential(secret, { expirationTimestamp: '2020-01-01T00:00:00Z' })}'`],
    ['prints without end', 'yes'],
  ];
  test.each(failing)(
    'given a plugin that %s, when asked, then it is auth and nothing of it is told',
    async (_, script) => {
      expectProbeError(await rejectionOf(get(open(await withPlugin(script)))), ['auth'], [secret]);
      expect(server.calls).toEqual([]);
    },
  );

  test('given a plugin that is not there, when asked, then the error names it', async () => {
    const kubeconfig = await configOf({ exec: { command: '/nowhere/aws-plugin' } });
    const error = await rejectionOf(get(open({ kubeconfig })));
    expectProbeError(error, ['auth']);
    expect(error.message).toContain('aws-plugin is not there');
  });

  test('given a plugin that hangs and leaves a child behind, when its time is up, then the call ends', async () => {
    const started = path.join(folder.dir, 'started');
    const clock = handClock(0);
    const api = openCluster(await withPlugin(`sleep 20 & touch ${started}; wait`), clock);
    const asked = rejectionOf(get(api));
    await expect
      .poll(() =>
        readFile(started).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    clock.expire();
    expectProbeError(await asked, ['timeout']);
    await api.close();
  });
});

describe('EKS', () => {
  const eks = { cluster: 'prod', region: 'ap-northeast-1', access_key_id: 'AKIADUMMY', secret_access_key: secret };
  const urlIn = (token: string) => new URL(Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString());

  test('given a cluster, when a token is made, then it is a presigned call that names the cluster', async () => {
    const token = await makeEksToken({ ...eks, session_token: 'a+b/c=' }, Date.UTC(2026, 10, 20, 12));
    const url = urlIn(token);
    expect(token).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+$/);
    expect(url.host).toBe('sts.ap-northeast-1.amazonaws.com');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: 'GetCallerIdentity',
      'X-Amz-Credential': 'AKIADUMMY/20261120/ap-northeast-1/sts/aws4_request',
      'X-Amz-Date': '20261120T120000Z',
      'X-Amz-Expires': '60',
      'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
      'X-Amz-Security-Token': 'a+b/c=',
    });
    expect(url.searchParams.get('X-Amz-Signature')).toBe(signatureOf(url, 'prod'));
  });

  test('given an EKS cluster, when ten minutes have passed, then a new token is made', async () => {
    const clock = hastyClock();
    const api = open({ url: server.url, eks }, clock);
    for (const ms of [0, 590_000, 20_000]) {
      clock.advance(ms);
      await get(api);
    }
    const [first, second, third] = sent();
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  /** Signature Version 4 by hand. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
  function signatureOf(url: URL, cluster: string): string {
    const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
    const query = [...url.searchParams]
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .toSorted()
      .join('&');
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const canonical = `GET\n/\n${query}\nhost:${url.host}\nx-k8s-aws-id:${cluster}\n\nhost;x-k8s-aws-id\n${empty}`;
    const scope = '20261120/ap-northeast-1/sts/aws4_request';
    const digest = createHash('sha256').update(canonical).digest('hex');
    const keys = ['20261120', 'ap-northeast-1', 'sts', 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`);
    return hmac(keys, `AWS4-HMAC-SHA256\n20261120T120000Z\n${scope}\n${digest}`).toString('hex');
  }
});
