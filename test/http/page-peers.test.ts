/** How other logcanaries on the same pipelines are shown. */
import { expect, test } from 'vitest';
import type { PeerView, StatusView } from '../../src/core/status.ts';
import { statusJson } from '../../src/http/json.ts';
import { createPageRenderer } from '../../src/http/page.ts';
import { pageModel } from '../../src/http/page-model.ts';
import { statusFamilies } from '../../src/telemetry/metrics.ts';
import { healthyStatus, sampleAt } from './sample-status.ts';

const render = createPageRenderer({ version: '0.1.0', configHash: 'abcdef0123456789' });
const heard: PeerView = { name: 'canary-b', state: 'heard', heardAt: sampleAt - 3_000, differs: [], awaited: [] };
const withPeers = (...peers: PeerView[]): StatusView => ({ ...healthyStatus(), peers });

test('given no peers, when shown, then nothing is said of any', () => {
  expect(pageModel(healthyStatus()).own.peers).toBeUndefined();
  expect(render(pageModel(healthyStatus()))).not.toContain('Peers');
  expect(statusJson(healthyStatus()).peers).toEqual([]);
});

test('given one that is heard and goes first, when shown, then so it says', () => {
  const [peer] = pageModel(withPeers({ ...heard, goesFirst: true })).own.peers ?? [];
  expect(peer).toMatchObject({ name: 'canary-b', bad: false, said: ['heard', 'tells first'] });
});

test.each<[string, Partial<PeerView>, string[]]>([
  ['is silent', { state: 'silent', goesFirst: true, trouble: 'no answer' }, ['SILENT, last heard', 'no answer']],
  ['differs', { differs: ['notify: slack'] }, ['heard', 'differs: notify: slack']],
])('given one that %s, when shown, then it stands out', (_, changes, said) => {
  expect(pageModel(withPeers({ ...heard, ...changes })).own.peers?.[0]).toMatchObject({ bad: true, said });
});

test('given incidents that wait for it, when shown, then people see for whom', () => {
  expect(pageModel(withPeers({ ...heard, awaited: ['inc-3'] })).own.peers?.[0]?.said).toEqual([
    'heard',
    'inc-3 is over here and open there',
  ]);
});

test('given a hostile answer, when rendered, then it is text', () => {
  const page = render(
    pageModel(withPeers({ ...heard, trouble: '<script>alert(1)</script>', differs: ['notify: <b>'] })),
  );
  expect(page).toContain('&lt;script&gt;');
  expect(page).not.toContain('<script>alert');
  expect(page).not.toContain('notify: <b>');
});

test('given peers, when the API and the metrics are asked, then they say the same', () => {
  const view = withPeers(heard, { name: 'c', state: 'unheard', differs: [], awaited: [] });
  expect(statusJson(view).peers).toEqual([
    {
      ...{ name: 'canary-b', state: 'heard', heard_at: new Date(sampleAt - 3_000).toISOString(), trouble: null },
      ...{ goes_first: null, differs: [], awaited: [] },
    },
    { name: 'c', state: 'unheard', heard_at: null, trouble: null, goes_first: null, differs: [], awaited: [] },
  ]);
  const families = statusFamilies(view, { version: '0', configHash: '' });
  expect(families.find(({ name }) => name === 'logcanary_peer_heard_timestamp_seconds')?.samples).toEqual([
    { labels: { peer: 'canary-b' }, value: (sampleAt - 3_000) / 1_000 },
  ]);
});
