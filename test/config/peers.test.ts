/** How peers are named, and whose secret their answers are known by. */
import { expect, it } from 'vitest';
import { describeConfig } from '../../src/config/describe.ts';
import { loadConfig } from '../../src/config/load.ts';
import { fakeNotifiers, fakeProbes } from './fake-kinds.ts';

const base = `pipelines:
  - name: p
    inject: [{ file: { path: a.log } }]
    hops: [{ name: s, webhook: {}, within: 30s }]
`;
const load = (text: string) =>
  loadConfig({
    file: '/x/logcanary.yaml',
    text: `${base}${text}`,
    env: {},
    probes: fakeProbes,
    notifiers: fakeNotifiers,
  });

it('given no peers, then the configuration has none', async () => {
  expect((await load('')).peers).toBeUndefined();
  expect((await load('peers: []\n')).peers).toBeUndefined();
});

it('given peers without names, then they are called after their hosts, each its own way', async () => {
  const { peers } = await load(`peers:
  - url: http://canary-b:9780
  - url: https://canary-b/below
  - { url: "http://[::1]:9999", name: mine }
  - url: http://[::1]:9998
`);
  expect(peers).toEqual([
    { name: 'canary-b', url: 'http://canary-b:9780' },
    { name: 'canary-b-2', url: 'https://canary-b/below' },
    { name: 'mine', url: 'http://[::1]:9999' },
    { name: '1-', url: 'http://[::1]:9998' },
  ]);
});

it('given our own http.secret, then it is that of peers, unless theirs is said', async () => {
  const { peers } = await load(`http: { secret: 0123456789abcdef0 }
peers:
  - url: http://b:9780
  - { url: "http://c:9780", secret: another-secret-of-16 }
`);
  expect(peers?.map(({ secret }) => secret)).toEqual(['0123456789abcdef0', 'another-secret-of-16']);
});

it('given peers, when the configuration is described, then it says who they are and which are not signed', async () => {
  const config = await load(`peers:
  - url: http://b:9780/below
  - { url: "http://c:9780", secret: another-secret-of-16 }
`);
  const text = describeConfig(config, fakeProbes);
  expect(text).toContain('peers: b at b:9780 (not signed: no http.secret), c at c:9780\n');
  expect(text).not.toContain('another-secret');
});
