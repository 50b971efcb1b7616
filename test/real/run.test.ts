/**
 * A whole logcanary over a real pipeline: it appends to a file, rsyslog ships the file, OpenSearch indexes it. Each fault
 * is a real process that ends. One story, told in order.
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { type PagerdutyServer, startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import { type SearchServer, startOpenSearch } from './servers/opensearch.ts';
import { type Rsyslog, startRsyslog } from './servers/rsyslog.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';
import { type ListedIncident, type Scrape, startWatchdog, type Watchdog } from './servers/watchdog.ts';

const { opensearch, rsyslog: agent } = inject('missing');
const index = 'logs-test';
const hop = { pipeline: 'real', hop: 'index' };
/** `every + within + 3 polls`, then a cycle to notify, twice over for two busy cores. */
const soon = { timeout: 45_000, interval: 500 };

function configOf(dir: string, url: string, pageTo: string): object {
  return {
    ledger: path.join(dir, 'logcanary.db'),
    deployment: 'real',
    keys: [{ id: 'a1', secret: 'only-for-this-test-0123456789abcdef' }],
    pipelines: [
      {
        name: 'real',
        inject: [
          { file: { path: path.join(dir, 'app.log'), name: 'app' }, every: '1s', shapes: ['plain', 'json', 'unicode'] },
        ],
        hops: [{ name: 'index', elasticsearch: { url, index }, within: '10s', poll: '1s' }],
        ...{ lost_after: '120s', page_after: '0s', resolve_after: '5s', stopped_every: '2s' },
        checks: [{ 'elasticsearch-disk': { url }, every: '2s' }],
      },
    ],
    notify: [{ pagerduty: { routing_key: '0123456789abcdef0123456789abcdef', url: pageTo } }],
  };
}

describe.skipIf(opensearch !== undefined || agent !== undefined)('logcanary run over rsyslog and OpenSearch', () => {
  let scratch: Scratch;
  let server: SearchServer;
  let shipper: Rsyslog | undefined;
  let pager: PagerdutyServer;
  let watchdog: Watchdog;
  const scrapes: { sum: number; expected: number | undefined }[] = [];

  const startServer = (port?: number) =>
    startOpenSearch({ dataDir: path.join(scratch.dir, 'opensearch'), ...(port && { port }) });
  const startShipper = () =>
    startRsyslog({
      dir: path.join(scratch.dir, 'rsyslog'),
      file: path.join(scratch.dir, 'app.log'),
      url: server.url,
      index,
    });

  beforeAll(async () => {
    scratch = await openScratch('run');
    server = await startServer();
    scratch.cleanup(() => server.stop());
    scratch.cleanup(async () => shipper?.stop());
    pager = await startPagerdutyServer();
    scratch.cleanup(() => pager.close());
    watchdog = await startWatchdog(scratch.dir, configOf(scratch.dir, server.url, pager.url));
    scratch.cleanup(() => watchdog.stop());
  });
  afterAll(() => scratch?.end());

  /** Every look at the metrics is also a look at the accounting identity; the last test judges them all. */
  async function scrape(): Promise<Scrape> {
    const page = await watchdog.scrape();
    const verdicts = [...page.by('verdict', 'logcanary_canaries', hop).values()];
    scrapes.push({
      sum: verdicts.reduce((sum, value) => sum + value, 0),
      expected: page.value('logcanary_canaries_expected', hop),
    });
    return page;
  }
  const count = async (name: string) => (await scrape()).value(`logcanary_canaries_${name}_total`, hop);
  const verdict = async (name: string) => (await scrape()).value('logcanary_canaries', { ...hop, verdict: name });

  async function incident(kind: string, state: ListedIncident['state']): Promise<ListedIncident> {
    return vi.waitFor(async () => {
      await scrape();
      const all = await watchdog.incidents();
      const found = all.find((each) => each.kind === kind && each.state === state);
      if (found === undefined)
        throw new Error(`no ${state} ${kind} among ${JSON.stringify(all)}\n${watchdog.output()}`);
      return found;
    }, soon);
  }
  /** Nothing is open and the flow is good. */
  const calm = () =>
    vi.waitFor(async () => {
      const open = (await watchdog.incidents()).filter((each) => each.state === 'open');
      expect(open).toEqual([]);
      expect((await scrape()).value('logcanary_hop_state', { ...hop, state: 'flowing' })).toBe(1);
      expect(await verdict('overdue')).toBe(0);
    }, soon);
  const nothingLost = async () => {
    expect(await count('lost')).toBe(0);
    expect(await verdict('lost')).toBe(0);
  };

  test('given an index that was never written to, when it is looked at, then nobody is paged: it is unproven', async () => {
    await vi.waitFor(
      async () =>
        expect((await scrape()).value('logcanary_canaries_injected_total', { pipeline: 'real' })).toBeGreaterThan(4),
      soon,
    );
    expect((await scrape()).value('logcanary_hop_state', { ...hop, state: 'unproven' })).toBe(1);
    expect((await watchdog.incidents()).filter((each) => each.severity === 'critical')).toEqual([]);
    expect(pager.pages).toBe(0);
  });

  test('given rsyslog tails the file, when canaries go in, then they are delivered, with their latency', async () => {
    shipper = await startShipper();
    await vi.waitFor(async () => expect(await count('delivered')).toBeGreaterThanOrEqual(5), soon);
    const page = await scrape();
    const [n, sum] = ['count', 'sum'].map((part) => page.value(`logcanary_canary_latency_seconds_${part}`, hop) ?? 0);
    expect(n).toBeGreaterThanOrEqual(5);
    expect((sum ?? 0) / (n ?? 1)).toBeGreaterThan(0);
    expect((sum ?? 0) / (n ?? 1)).toBeLessThan(10);
    await calm();
    await nothingLost();
    expect([...pager.open]).toEqual([]);
  });

  test('given rsyslog is stopped, when canaries stay out, then it is stopped at the index and pages once, and nothing is lost yet', async () => {
    const pages = pager.pages;
    await shipper?.stop();
    const found = await incident('stopped', 'open');
    expect(found).toMatchObject({ ...hop, severity: 'critical' });
    await vi.waitFor(() => expect(pager.open).toContain(found.dedup_key), soon);
    const trigger = pager.events.findLast((event) => event.event_action === 'trigger');
    expect(trigger?.payload).toMatchObject({
      class: 'stopped',
      component: 'index',
      group: 'real',
      severity: 'critical',
    });
    expect(await verdict('overdue')).toBeGreaterThan(0);
    await nothingLost();
    expect(pager.pages).toBe(pages + 1);
  });

  test('given rsyslog is started again, when it catches up, then those canaries are delayed and the incident is resolved', async () => {
    const overdue = (await verdict('overdue')) ?? 0;
    expect(overdue).toBeGreaterThan(0);
    shipper = await startShipper();
    const { dedup_key } = await incident('stopped', 'resolved');
    expect(await count('delayed')).toBeGreaterThanOrEqual(overdue);
    await vi.waitFor(() => expect(pager.open).not.toContain(dedup_key), soon);
    await calm();
    await nothingLost();
  });

  test('given OpenSearch is stopped, when it cannot be asked, then it is unreadable and nothing is overdue or lost', async () => {
    const pages = pager.pages;
    await server.stop();
    const found = await incident('unreadable', 'open');
    expect(found).toMatchObject({ ...hop, severity: 'critical' });
    // long enough for every canary of the outage to pass its deadline unseen
    await vi.waitFor(async () => expect(await count('unverifiable')).toBeGreaterThanOrEqual(3), soon);
    expect(await verdict('overdue')).toBe(0);
    await nothingLost();
    expect(pager.pages).toBe(pages + 1);
  });

  test('given OpenSearch is started again, when rsyslog has caught up, then it is resolved and no canary was lost', async () => {
    const pages = pager.pages;
    server = await startServer(server.port);
    await incident('unreadable', 'resolved');
    await vi.waitFor(async () => expect(await verdict('unverifiable')).toBe(0), soon);
    await calm();
    await nothingLost();
    await vi.waitFor(() => expect([...pager.open]).toEqual([]), soon);
    expect(pager.pages).toBe(pages);
  });

  test('given logcanary is killed, when it is started again, then no canary is forgotten and nobody is paged again', async () => {
    const before = (await scrape()).value('logcanary_canaries_expected', hop) ?? 0;
    const pages = pager.pages;
    await watchdog.kill();
    watchdog = await startWatchdog(scratch.dir, configOf(scratch.dir, server.url, pager.url));
    expect((await scrape()).value('logcanary_canaries_expected', hop)).toBeGreaterThanOrEqual(before);
    await vi.waitFor(
      async () => expect((await scrape()).value('logcanary_canaries_expected', hop)).toBeGreaterThan(before + 3),
      soon,
    );
    await calm();
    await nothingLost();
    expect(pager.pages).toBe(pages);
  });

  test('given all that, when every scrape is added up, then the verdicts were always exactly what was expected', async () => {
    await scrape();
    expect(scrapes.length).toBeGreaterThan(30);
    expect(scrapes.filter(({ sum, expected }) => sum !== expected)).toEqual([]);
    expect(scrapes.at(-1)?.expected).toBeGreaterThan(30);
    expect(shipper?.output()).not.toContain('refused');
  });
});
