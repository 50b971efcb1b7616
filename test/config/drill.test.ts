/** `drill` in a configuration: what a good one becomes, and what is said of others. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeConfig } from '../../src/config/describe.ts';
import { parseSchedule } from '../../src/config/drill-times.ts';
import { loadConfig } from '../../src/config/load.ts';
import { fakeNotifiers, fakeProbes } from './fake-kinds.ts';

const folder = mkdtempSync(join(tmpdir(), 'logcanary-drill-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const slack = 'notify: [{ slack: { webhook_url: "https://hooks.slack.example/x" } }]';

async function configOf(drill: string, notify = slack) {
  const file = join(folder, 'l.yaml');
  const pipeline = '{ name: p, inject: [{ file: { path: a.log } }], hops: [{ name: s, webhook: {}, within: 30s }] }';
  writeFileSync(file, `pipelines: [${pipeline}]\n${notify}\n${drill}\n`);
  return await loadConfig({ file, env: {}, probes: fakeProbes, notifiers: fakeNotifiers });
}

const loaded = async (drill: string, notify = slack) => (await configOf(drill, notify)).drill;

test('given a schedule and a zone, then all channels are drilled then, for a minute at most', async () => {
  const drill = await loaded('drill: { schedule: "0 10 * * mon", timezone: Asia/Tokyo }');
  expect(drill).toMatchObject({ text: '0 10 * * mon Asia/Tokyo', timeoutMs: 60_000, holdMs: 0 });
  expect(drill).not.toHaveProperty('notifiers');
  expect(drill?.next(Date.UTC(2026, 10, 16, 1) - 1)).toBe(Date.UTC(2026, 10, 16, 1));
  expect(drill?.next(Date.UTC(2026, 10, 16, 1))).toBe(Date.UTC(2026, 10, 23, 1));
});

test('given all options, then each is taken', async () => {
  const drill = await loaded('drill: { schedule: "30 9 1 * *", notifiers: [slack], timeout: 2m, hold: 90s }');
  expect(drill).toMatchObject({ notifiers: ['slack'], timeoutMs: 120_000, holdMs: 90_000 });
});

test('given no drill, then none is held by itself', async () => {
  expect(await loaded('')).toBeUndefined();
});

test('given nobody to be told, then a drill is refused', async () => {
  const refused = loaded('drill: { schedule: "0 10 * * mon" }', '');
  await expect(refused).rejects.toThrow('drill: there is no notifier to be drilled. Write notify, or remove this.');
});

test.each([
  ['0 10 * * mon', true],
  ['0 10 1-7 * mon', true],
  ['0 */2 * * *', true],
  ['0 0 29 2 *', true],
  ['@weekly', false],
  ['0 0 10 * * mon', false],
  ['10 * * mon', false],
  ['0 25 * * *', false],
  ['0 10 * * noday', false],
  ['0 0 30 2 *', false],
  ['* * * * *', false],
  ['0,30 10 * * mon', false],
  ['0 23 * * mon; rm', false],
  ['', false],
])('given the schedule %j, then whether it may be used is %s', (schedule, ok) => {
  expect(parseSchedule(schedule)).toMatchObject({ ok });
});

test('given any, when described, then when, through whom and for how long is said', async () => {
  const described = async (drill: string) =>
    describeConfig(await configOf(drill), fakeProbes)
      .split('\n')
      .find((line) => line.startsWith('drills:'));
  expect(await described('')).toBe('drills: only when asked for; add drill');
  expect(
    await described('drill: { schedule: "0 10 * * mon", timezone: Asia/Tokyo, notifiers: [slack], hold: 1m }'),
  ).toBe('drills: at 0 10 * * mon Asia/Tokyo, through slack, 1m at most, held open for 1m');
});
