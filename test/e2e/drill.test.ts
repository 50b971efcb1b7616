/** A drill by a real `run`: asked for by the real command, and ended by the next start where the first one was killed. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import type { DrillJson } from '../../src/http/drill-json.ts';
import { type PagerdutyServer, pagerdutyToken, startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import { type SlackServer, startSlackServer } from '../fakes/slack-server.ts';
import { startProgram, startServing } from './program.ts';
import { freePorts, incidentsOf, scrape, scratchFolder } from './watching.ts';

const soon = { timeout: 30_000, interval: 100 };
const secret = 'correct-horse-battery';
const bot = { botToken: 'xoxb-1234567890-not-a-real-token', channel: 'C024BE91L' };
const cleanups: (() => Promise<unknown>)[] = [];
let pager: PagerdutyServer;
let slack: SlackServer;
let origin: string;
let config: string;

beforeAll(async () => {
  const { dir, remove } = await scratchFolder('drill');
  cleanups.push(remove);
  pager = await startPagerdutyServer();
  slack = await startSlackServer({ webhookPath: '/services/x', ...bot });
  cleanups.push(
    () => pager.close(),
    () => slack.close(),
  );
  const [listen] = await freePorts(1);
  origin = `http://127.0.0.1:${listen}`;
  config = path.join(dir, 'logcanary.yaml');
  const log = path.join(dir, 'a.log');
  const urls = { url: pager.url, api_url: pager.apiUrl };
  await writeFile(
    config,
    stringify({
      ...{ listen: `127.0.0.1:${listen}`, http: { secret } },
      pipelines: [
        {
          name: 'p',
          inject: [{ file: { path: log }, every: '5s' }],
          hops: [{ name: 's', webhook: {}, within: '60s' }],
        },
      ],
      notify: [
        { pagerduty: { routing_key: 'R0123456789ABCDEFGHIJKLMNOPQRSTU', api_token: pagerdutyToken, ...urls } },
        { slack: { bot_token: bot.botToken, channel: '#ops', url: slack.postMessageUrl } },
      ],
    }),
  );
});
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

const startRun = async () => {
  const run = await startServing(['run', '--config', config, '--log-level', 'warn'], `${origin}/metrics`);
  cleanups.push(() => run.kill());
  return run;
};
const drills = async () => ((await (await fetch(`${origin}/api/v1/drill`)).json()) as { drills: DrillJson[] }).drills;
const actions = () => pager.events.map(({ event_action }) => event_action);

test('given a run, when a drill is asked for and another is cut off by a kill, then both are ended, recorded, and nothing stays open', async () => {
  const run = await startRun();
  const asked = startProgram(['drill', '--config', config, '--by', 'aki']);
  expect(await asked.ended).toEqual({ code: 0, signal: null });
  expect(asked.stdout()).toContain('drill-1 by aki: 2 of 2 channels proven');
  expect(asked.stderr()).toMatch(/^The running logcanary holds drill-1\.\n/);
  expect(actions()).toEqual(['trigger', 'resolve']);
  expect(pager.events[0]?.payload?.summary).toMatch(/^TEST /);
  const passed = (await scrape(origin)).filter(({ name }) => name === 'logcanary_drill_timestamp_seconds');
  expect(passed.map(({ labels }) => labels.notifier)).toEqual(['pagerduty', 'slack']);

  const held = startProgram(['drill', '--config', config, '--hold', '5m']);
  cleanups.push(() => held.kill());
  const isProven = async () => {
    const [newest] = await drills();
    expect(newest).toMatchObject({ id: 'drill-2', channels: [{ state: 'proven' }, { state: 'proven' }] });
  };
  await vi.waitFor(isProven, soon);
  await run.kill();
  expect(await held.ended).toEqual({ code: 1, signal: null });
  expect(pager.open.size).toBe(1);

  await startRun();
  await vi.waitFor(async () => expect((await drills())[0]).toMatchObject({ id: 'drill-2', outcome: 'good' }), soon);
  expect(pager.open.size).toBe(0);
  expect([...slack.shown.values()].map(({ text }) => text)).toEqual([
    expect.stringContaining('RECOVERED'),
    expect.stringContaining('RECOVERED'),
  ]);
  expect(await incidentsOf(origin)).toEqual([]);
});

test('given nobody that listens, when a drill from here is interrupted, then its test incident is resolved', async () => {
  const elsewhere = path.join(path.dirname(config), 'direct.yaml');
  const [port] = await freePorts(1);
  const notify = [{ pagerduty: { routing_key: 'R0123456789ABCDEFGHIJKLMNOPQRSTU', url: pager.url } }];
  const hops = [{ name: 's', webhook: {}, within: '60s' }];
  const pipelines = [{ name: 'p', inject: [{ file: { path: path.join(path.dirname(config), 'b.log') } }], hops }];
  await writeFile(elsewhere, stringify({ listen: `127.0.0.1:${port}`, http: { secret }, pipelines, notify }));
  const before = pager.events.length;
  const drill = startProgram(['drill', '--config', elsewhere, '--hold', '5m']);
  cleanups.push(() => drill.kill());
  await vi.waitFor(() => expect(drill.stderr()).toContain('pagerduty: cannot be proven'), soon);
  expect(await drill.end('SIGINT')).toEqual({ code: 0, signal: null });
  expect(actions().slice(before)).toEqual(['trigger', 'resolve']);
  expect(drill.stdout()).toContain('1 accepted (cannot be proven)');
});
