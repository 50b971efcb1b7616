/** First looks and expected pings on the status page. */
import { expect, test } from 'vitest';
import { createPageRenderer } from '../../src/http/page.ts';
import { pageModel } from '../../src/http/page-model.ts';
import { sampleFacts } from '../fakes/incident-facts.ts';
import { healthyStatus } from './sample-status.ts';

const render = createPageRenderer({ version: '0.1.0', configHash: 'abcdef0123456789' });

test('given first looks, when rendered, then commands can be copied apart from what to see in them, and none becomes markup', () => {
  const advice = [
    { run: "kubectl -n {ns} logs '<b>'", see: 'Errors & more?', values: { ns: 'logging' } },
    { see: 'Its log.' },
  ];
  const page = render(pageModel({ ...healthyStatus(), incidents: [sampleFacts({ advice })] }));
  expect(page).toMatch(/<li><code>kubectl -n logging logs &#39;&lt;b&gt;&#39;<\/code> Errors &amp; more\?<\/li>/);
  expect(page).toContain('<li>Its log.</li>');
});

test('given an incident of an older version, when rendered, then its looks are shown as they were written', () => {
  const { advice: _, ...facts } = sampleFacts({ firstLook: ['See whether the consumer runs.'] });
  expect(render(pageModel({ ...healthyStatus(), incidents: [facts] }))).toContain(
    '<li>See whether the consumer runs.</li>',
  );
});

test('given pings that never came, came, and are late, when rendered, then each is said apart', () => {
  const { at } = healthyStatus();
  const pings = [
    { name: 'never', state: 'unproven' as const },
    { name: 'cron', at: at - 1_000, state: 'ok' as const },
    { name: 'job', at: at - 9_000_000, state: 'late' as const },
  ];
  const page = render(pageModel({ ...healthyStatus(), pings }));
  expect(page).toMatch(/<dt>never<\/dt><dd>never heard<\/dd>/);
  expect(page).toMatch(/<dt>cron<\/dt><dd>ok, /);
  expect(page).toMatch(/class="bad"><dt>job<\/dt><dd>late, /);
});
