/**
 * A whole logcanary over a pipeline whose last hop is an alerter: lines go by rsyslog into OpenSearch, ElastAlert finds them
 * by the rule that is shipped and posts them back. Then the rule is broken, one way after the other. Told in order, once for each
 * edition.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { type Edition, type ElastalertServer, startElastalert } from './servers/elastalert.ts';
import { type SearchServer, startOpenSearch } from './servers/opensearch.ts';
import { startRsyslog } from './servers/rsyslog.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';
import { freePort, type ListedIncident, startWatchdog, type Watchdog } from './servers/watchdog.ts';

const secret = 'only-for-this-test-0123456789';
const index = 'logs-test';
const hop = { pipeline: 'real', hop: 'alert' };
/** Each way of breaking it takes both sides a few runs of 2 s and some looks; CI machines are slow. */
const soon = { timeout: 90_000, interval: 250 };

/** Another rule, so that the alerter is seen to run while ours does not. */
const other = [
  'name: other',
  'type: any',
  `index: ${index}`,
  'filter: []',
  'alert: debug',
  'doc_type: _doc',
  'realert: {days: 1}',
  '',
].join('\n');

function configOf(dir: string, url: string): object {
  return {
    ...{ ledger: path.join(dir, 'logcanary.db'), http: { secret } },
    keys: [{ id: 'a1', secret: 'only-for-this-test-0123456789abcdef' }],
    pipelines: [
      {
        name: 'real',
        inject: [{ file: { path: path.join(dir, 'app.log'), name: 'app' }, every: '1s', shapes: ['plain'] }],
        hops: [
          { name: 'index', elasticsearch: { url, index }, within: '10s', poll: '1s' },
          { name: 'alert', after: 'index', webhook: {}, within: '14s', poll: '1s' },
        ],
        ...{ lost_after: '120s', page_after: '0s', resolve_after: '2s', stopped_every: '1s' },
        checks: [
          {
            'elastalert-rules': { url, index: 'elastalert*', canary_rules: ['logcanary'], max_age: '6s' },
            ...{ name: 'rules', every: '1s' },
          },
        ],
      },
    ],
  };
}

export function tellElastalert(edition: Edition): void {
  const missing = inject('missing');
  const without = missing.opensearch ?? missing.rsyslog ?? missing[edition];
  describe.skipIf(without !== undefined)(`${edition} over OpenSearch with the rule that is shipped`, () => {
    let scratch: Scratch;
    let server: SearchServer;
    let alerter: ElastalertServer;
    let watchdog: Watchdog;
    let rule: string;

    beforeAll(async () => {
      scratch = await openScratch(edition);
      const port = await freePort();
      const hook = `http://127.0.0.1:${port}/hooks/hop/alert`;
      const shipped = await readFile(
        path.resolve(import.meta.dirname, `../../deploy/alerters/${edition}/logcanary.yaml`),
        'utf8',
      );
      rule = shipped
        .replace('https://logcanary.example:9780/hooks/hop/alert', hook)
        .replace('index: logs-*', `index: ${index}`)
        .replace('CHANGE-ME', secret);
      // the old one knows no OpenSearch: where it runs, the server says that it is Elasticsearch 7.10.2
      const settings = { 'compatibility.override_main_response_version': String(edition === 'elastalert') };
      server = await startOpenSearch({ dataDir: path.join(scratch.dir, 'opensearch'), settings });
      scratch.cleanup(() => server.stop());
      const shipper = await startRsyslog({
        dir: path.join(scratch.dir, 'rsyslog'),
        file: path.join(scratch.dir, 'app.log'),
        ...{ url: server.url, index },
      });
      scratch.cleanup(() => shipper.stop());
      watchdog = await startWatchdog(scratch.dir, configOf(scratch.dir, server.url), port);
      scratch.cleanup(() => watchdog.stop());
      alerter = await startElastalert({
        ...{ edition, dir: path.join(scratch.dir, 'elastalert'), url: server.url, writebackIndex: 'elastalert_status' },
        rules: { 'logcanary.yaml': rule, 'other.yaml': other },
        env: { LOGCANARY_SECRET: secret },
      });
      scratch.cleanup(() => alerter.stop());
    });
    afterAll(() => scratch?.end());

    const entered = async (name: string) =>
      (await watchdog.scrape()).value(`logcanary_canaries_${name}_total`, hop) ?? 0;
    const open = async (kind: string) =>
      (await watchdog.incidents()).find((each) => each.kind === kind && each.state === 'open');
    const told = (what: RegExp) =>
      vi.waitFor(async () => {
        const incident = await open('reading');
        expect(incident?.detail ?? `nothing told\n${alerter.output().slice(-3_000)}`).toMatch(what);
        return incident as ListedIncident;
      }, soon);
    const calm = () =>
      vi.waitFor(async () => {
        const all = await watchdog.incidents();
        expect(all.filter((each) => each.state === 'open').map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual([]);
      }, soon);

    test('given the rule as it is shipped, when canaries get into the index, then they come back and are measured', async () => {
      await vi.waitFor(
        async () => expect(await entered('delivered'), alerter.output().slice(-3_000)).toBeGreaterThanOrEqual(8),
        soon,
      );
      const page = await watchdog.scrape();
      const [count = 0, sum = 0] = ['count', 'sum'].map((part) =>
        page.value(`logcanary_canary_latency_seconds_${part}`, hop),
      );
      expect(count).toBeGreaterThanOrEqual(8);
      expect(sum / count).toBeGreaterThan(0);
      expect(sum / count).toBeLessThan(14);
      await calm();
    });

    test('given another index, when the rule runs on, then it is named: it finds nothing', async () => {
      await alerter.writeRule('logcanary.yaml', rule.replace(`index: ${index}`, 'index: nothing-*'));
      const { severity } = await told(
        /elastalert rules running without finding a canary \(see index and filter\): logcanary\./,
      );
      expect(severity).toBe('warning');
    });

    test('given a filter that cannot be parsed, when the rule runs on, then it is named with the kind of its error', async () => {
      await alerter.writeRule('logcanary.yaml', rule.replace('message: lcn1*', 'message: (lcn1*'));
      await told(
        /not getting through a run any more \(Error running query: RequestError, search_phase_execution_exception\): logcanary\./,
      );
    });

    test('given a rule that is switched off, when others run on, then it is named, and the alert hop has stopped', async () => {
      // the old one goes on running a rule whose file says that it is off (its job is only removed with the file)
      if (edition === 'elastalert') await alerter.removeRule('logcanary.yaml');
      else await alerter.writeRule('logcanary.yaml', `${rule}is_enabled: false\n`);
      await told(/not running any more while others do \(disabled, removed, or stuck\): logcanary\./);
      await vi.waitFor(async () => expect(await open('stopped')).toMatchObject({ hop: 'alert' }), soon);
    });

    test('given the rule as it was, when it runs again, then all is resolved and what it missed was late, not lost', async () => {
      await alerter.writeRule('logcanary.yaml', rule);
      await calm();
      await vi.waitFor(async () => expect(await entered('delayed')).toBeGreaterThan(0), soon);
      expect(await entered('lost')).toBe(0);
    });
  });
}
