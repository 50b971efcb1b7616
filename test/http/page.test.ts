import { expect, test } from 'vitest';
import type { HopState, StatusView } from '../../src/core/status.ts';
import { heartbeatPlace } from '../../src/http/json.ts';
import { createPageRenderer } from '../../src/http/page.ts';
import { pageModel } from '../../src/http/page-model.ts';
import { stateShapes } from '../../src/http/state-shape.ts';
import { blindStatus, healthyStatus, hop, stoppedStatus, tally } from './sample-status.ts';

const render = createPageRenderer({ version: '0.1.0', configHash: 'abcdef0123456789' });

function withHops(...hops: StatusView['pipelines'][0]['hops'][number][]): StatusView {
  const view = healthyStatus();
  return { ...view, pipelines: view.pipelines.map((pipeline) => ({ ...pipeline, hops })) };
}

test('given all in time, when shown, then one word says so', () => {
  const { headline, title } = pageModel(healthyStatus());
  expect(headline).toMatchObject({
    tone: 'flowing',
    word: 'FLOWING',
    rest: ': canaries arrive in time at stream, index, alert, archive',
    notes: [],
  });
  expect(title).toBe('✓ FLOWING · tokyo · logcanary');
});

test('given a stop, when shown, then the sentence says where, since when, for whom and who was told', () => {
  const { headline } = pageModel(stoppedStatus());
  expect(headline).toMatchObject({
    tone: 'stopped',
    word: 'STOPPED',
    rest: 'between stream and index',
    whom: 'for 14 of 42 streams (ip-10-0-0-100, ip-10-0-1-101, ip-10-0-2-102 and 11 more)',
  });
  expect(headline.since).toEqual({ iso: '2026-11-19T18:02:00.000Z', text: '18:02:00 UTC' });
  expect(headline.told).toBe(
    'Notifications so far: pagerduty 3 accepted; slack 2 accepted, 1 waiting, 4 tries refused.',
  );
});

test('given that we cannot look, when shown, then it is never called lost', () => {
  const { headline } = pageModel(blindStatus());
  expect(headline).toMatchObject({
    tone: 'blind',
    word: 'BLIND',
    caution: 'The fault is on our side; that is not loss.',
  });
  expect(headline.notes).toEqual(['logcanary itself: loop check has not completed a cycle for 3 min']);
});

test('given zero expected canaries, when shown, then it is not flowing', () => {
  const idle = hop({ name: 'index', kind: 's3', withinMs: 1_000, canaries: tally({}) });
  expect(pageModel(withHops(idle)).headline).toMatchObject({ tone: 'unknown', word: 'NO CANARIES YET' });
  expect(pageModel({ ...healthyStatus(), pipelines: [] }).headline).toMatchObject({
    tone: 'unknown',
    word: 'NOTHING WATCHED',
  });
});

test('given our own loops are wedged, when all hops look fine, then the page does not say flowing', () => {
  const view = { ...healthyStatus(), health: { ok: false, problems: ['ledger: disk full'] } };
  expect(pageModel(view).headline).toMatchObject({
    tone: 'blind',
    word: 'UNSURE',
    notes: ['logcanary itself: ledger: disk full'],
  });
});

test('given a disk warning, when lines still arrive, then it flows and the warning is noted', () => {
  const view = stoppedStatus();
  const warning = view.incidents
    .slice(0, 1)
    .map((one) => ({ ...one, kind: 'reading' as const, severity: 'warning' as const, hop: 'es-disk' }));
  const { headline } = pageModel({ ...healthyStatus(), incidents: warning });
  expect(headline).toMatchObject({ word: 'FLOWING', notes: ['prod: UNHEALTHY at es-disk.'] });
});

test('given an accounting that is off by one, when shown, then the page says that it does not add up', () => {
  const [good] = pageModel(healthyStatus()).pipelines[0]?.identities ?? [];
  expect(good).toMatchObject({
    hop: 'stream',
    exact: true,
    expected: '86\u202f403',
    bound: '0 of 86\u202f400 settled canaries lost: below 0.0035\u202f% at 95\u202f%',
  });
  const wrong = { ...hop({ name: 'index', kind: 's3', withinMs: 1_000 }), expected: 86_404 };
  expect(pageModel(withHops(wrong)).pipelines[0]?.identities[0]).toMatchObject({ exact: false, sum: '86\u202f403' });
  expect(render(pageModel(withHops(wrong)))).toContain('Does not add up');
});

test('given bad and good streams, when shown, then bad rows come first and the broken hop is unfolded', () => {
  const strips = pageModel(stoppedStatus()).pipelines[0]?.strips ?? [];
  expect(strips.map((strip) => [strip.hop, strip.open, strip.behind])).toEqual([
    ['stream', false, ''],
    ['index', true, '14 of 42 streams behind'],
    ['alert', false, '14 of 42 streams behind'],
    ['archive', false, ''],
  ]);
  const rows = strips[1]?.rows ?? [];
  expect(rows.map((row) => row.summary.includes('overdue'))).toEqual([...Array(14).fill(true), false, false]);
  expect(rows[0]?.runs).toEqual([
    { verdict: 'delivered', from: 0, length: 44 },
    { verdict: 'overdue', from: 44, length: 10 },
    { verdict: 'pending', from: 54, length: 6 },
  ]);
  expect(strips[1]?.more).toBe(26);
});

test('given few canaries, when drawn, then they stand at the right and the rest is empty', () => {
  const archive = pageModel(healthyStatus()).pipelines[0]?.strips[3];
  expect(archive?.rows[0]?.runs).toEqual([{ verdict: 'pending', from: 48, length: 12 }]);
});

test('given readings, when shown, then the shortest runway is first and no trend is said to be none', () => {
  const runways = pageModel(healthyStatus()).pipelines[0]?.runways ?? [];
  expect(runways.map((one) => one.subject)).toEqual([
    ...['es-data-0', 'es-data-1', 'logs'],
    // of agents the fullest first
    ...['node-002 tail.1', 'node-002 tail.0'],
  ]);
  expect(runways[0]?.forecast).toMatchObject({ left: '3\u202fh 11\u202fmin', at: { text: '21:21:00 UTC' } });
  expect(runways[1]?.forecast).toBeUndefined();
});

test('given a hop behind another, when shown, then the tree nests it', () => {
  const tree = pageModel(healthyStatus()).pipelines[0]?.tree ?? [];
  expect(tree.map((node) => node.name)).toEqual(['stream']);
  expect(tree[0]?.children.map((node) => node.name)).toEqual(['index', 'archive']);
  expect(tree[0]?.children[0]?.children.map((node) => node.name)).toEqual(['alert']);
});

test('given changes shortly before an incident, when rendered, then its box names them with their times; else nothing', () => {
  const html = render(pageModel(stoppedStatus()));
  const boxes = html.split('<article class="incident').slice(1);
  expect(boxes.map((box) => box.includes('changed shortly before'))).toEqual([true, false]);
  expect(boxes[0]).toMatch(/18:00:00 UTC<\/time> ConfigMap logging\/consumer: changed by helm<\/dd>/);
});

test('given hostile names everywhere, when rendered, then none becomes markup', () => {
  const evil = '"><img src=x onerror=alert(1)>\'</script>';
  const poison = (value: unknown, key: string): unknown => {
    if (typeof value === 'string')
      return ['state', 'kind', 'severity', 'unit', 'after', 'coverage'].includes(key) ? value : evil;
    if (Array.isArray(value)) return value.map((item) => poison(item, key === 'recent' ? 'state' : ''));
    if (typeof value !== 'object' || value === null) return value;
    if (key === 'recent') return { [evil]: ['lost'] };
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        key === 'labels' || key === 'loops' ? evil : name,
        poison(item, name),
      ]),
    );
  };
  const html = render(pageModel(poison(stoppedStatus(), '') as StatusView));
  expect(html).toContain('&lt;img');
  expect(html).not.toContain('<img');
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html.replaceAll(/<script src="page.js" defer><\/script>/g, '')).not.toContain('</script');
});

test('given each state, when rendered, then word, shape and favicon say it without colour', () => {
  const shapes = Object.values(stateShapes).map((shape) => shape.svg);
  expect(new Set(shapes).size).toBe(shapes.length);
  for (const state of Object.keys(stateShapes) as HopState[]) {
    const html = render(pageModel(withHops(hop({ name: 'index', kind: 's3', withinMs: 1_000, state }))));
    expect(html).toContain(`<span class="state">${state}</span>`);
    expect(html).toContain(`<use href="#s-${state}"/>`);
    expect(html).toContain(`href="favicon-${state}.svg"`);
  }
});

test('given the page, when rendered, then nothing in it needs inline script, inline style or another host', () => {
  const html = render(pageModel(stoppedStatus()));
  expect(html).not.toMatch(/ style=| on[a-z]+=|<style|javascript:/);
  expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((one) => one[1]);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each([
  ['https://hc-ping.example/3f1c-SECRET', 'hc-ping.example'],
  ['http://127.0.0.1:9000/SECRET', '127.0.0.1:9000'],
  ['localhost:9000', 'localhost:9000'],
  ['not a url/SECRET', 'heartbeat'],
])('given heartbeat %s, when shown, then as %s', (url, place) => {
  expect(heartbeatPlace(url)).toBe(place);
});

test('given places that no canary is sent to, for now or ever, when rendered, then the page says why', () => {
  const status = healthyStatus();
  const [pipeline] = status.pipelines;
  const streams = (pipeline?.streams ?? []).map((each, at) => (at === 0 ? { ...each, held: 'no emitter pod' } : each));
  const html = render(pageModel({ ...status, pipelines: pipeline ? [{ ...pipeline, streams }] : [] }));
  expect(html).toContain('<span class="tag">no emitter pod</span>');
  expect(html).toContain('not watched: fargate-1 (Fargate)');
});

test('given a maintenance that holds, when rendered, then the headline says of what, until when, why and by whom', () => {
  const status = healthyStatus();
  const window = { id: 'mw-1', pipeline: 'prod', hop: 'index', from: status.at - 1, until: status.at + 3_600_000 };
  const planned = { id: 'mw-2', from: status.at + 1, until: status.at + 2, reason: 'later', by: 'x' };
  const maintenance = [{ ...window, reason: 'ES <upgrade>', by: 'ops' }, planned];
  const html = render(pageModel({ ...status, maintenance }));
  expect(html).toMatch(/Maintenance of prod\/index until [\d:]+ UTC, nobody is paged: ES &lt;upgrade&gt; \(ops\)\./);
  expect(pageModel({ ...status, maintenance }).headline.notes.join()).not.toContain('later');
  expect(html).toMatch(/planned maintenance<\/span> <span class="name">everything<\/span>: later/);
});
