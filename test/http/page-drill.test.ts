/** What the page, the status and the metrics say of drills. */
import { expect, test } from 'vitest';
import type { StatusView } from '../../src/core/status.ts';
import { failedDrills, goodDrills } from './sample-drills.ts';
import { healthyStatus, sampleAt } from './sample-status.ts';
import { serve } from './serving.ts';

async function shown(drills: StatusView['drills']) {
  const { drills: _, ...rest } = healthyStatus();
  const { url } = await serve({ status: () => ({ ...rest, ...(drills && { drills }) }) });
  const text = async (path: string) => await (await fetch(url + path)).text();
  const page = (await text('/')).split('<h3>Drills</h3>')[1]?.split('<h3>')[0] ?? '';
  const passed = (await text('/metrics')).match(/^logcanary_drill_timestamp_seconds.*$/gm) ?? [];
  return { page, passed, status: JSON.parse(await text('/api/v1/status')) as { drills: { id: string }[] } };
}

test('given a good drill, then the page says when, by whom and how it went, and when each channel passed', async () => {
  const { page, passed, status } = await shown(goodDrills(sampleAt));
  expect(page).toContain('2026-11-16 18:10:00 UTC');
  expect(page).toContain('by schedule: 1 of 2 channels proven, 1 accepted (cannot be proven)');
  expect(page.match(/<dd>passed /g)).toHaveLength(2);
  expect(page).not.toContain('class="bad"');
  const at = sampleAt / 1_000 - 3 * 86_400;
  expect(passed).toEqual([
    `logcanary_drill_timestamp_seconds{notifier="pagerduty"} ${at}`,
    `logcanary_drill_timestamp_seconds{notifier="slack"} ${at}`,
  ]);
  expect(status.drills.map(({ id }) => id)).toEqual(['drill-3']);
});

test('given a channel that failed the last one, then it is marked, says why, and its last good one stays', async () => {
  const { page, passed } = await shown(failedDrills(sampleAt));
  expect(page).toContain('1 of 2 channels proven, 1 FAILED');
  expect(page).toMatch(/<div class="bad"><dt>slack<\/dt>.*failed its last: Cannot send to slack: 404/);
  expect(page).toContain('&lt;b&gt;aki&lt;/b&gt;');
  expect(passed.map((line) => Number(line.split(' ')[1]))).toEqual([
    sampleAt / 1_000 - 3_600,
    sampleAt / 1_000 - 3 * 86_400,
  ]);
});

test('given none yet, then the page says what that means; where none can be held it says nothing', async () => {
  expect((await shown([])).page).toContain('none was held yet: nobody knows whether pages arrive');
  const { page, passed, status } = await shown(undefined);
  expect([page, passed, status.drills]).toEqual(['', [], []]);
});

test('given one that is under way, then that is said', async () => {
  const [last] = goodDrills(sampleAt);
  if (last === undefined) throw new Error('there is no sample');
  const { endedAt: _, ...running } = last;
  expect((await shown([running])).page).toContain('by schedule: under way');
});
