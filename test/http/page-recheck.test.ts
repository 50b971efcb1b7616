import { expect, test } from 'vitest';
import { createPageRenderer } from '../../src/http/page.ts';
import { pageModel } from '../../src/http/page-model.ts';
import { healthyStatus, hop, sampleAt } from './sample-status.ts';

const render = createPageRenderer({ version: '0.1.0', configHash: 'abcdef0123456789' });

function pageWith(lastRecheck?: { at: number; asked: number; missing: number; why?: string }): string {
  const view = healthyStatus();
  const [pipeline] = view.pipelines;
  if (pipeline === undefined) throw new Error('the sample has no pipeline');
  const index = hop({
    ...{ name: 'index', kind: 'elasticsearch', withinMs: 180_000 },
    ...(lastRecheck === undefined ? {} : { lastRecheck }),
  });
  return render(pageModel({ ...view, pipelines: [{ ...pipeline, hops: [index] }] }));
}

test('given a hop that was asked again, when rendered, then it says how much is still there, and marks what is not', () => {
  const at = sampleAt - 60_000;
  expect(pageWith({ at, asked: 33, missing: 0 })).toMatch(/<div><dt>asked again<\/dt><dd>33 of 33 still there/);
  expect(pageWith({ at, asked: 33, missing: 4 })).toMatch(
    /<div class="bad"><dt>asked again<\/dt><dd>29 of 33 still there/,
  );
});

test('given a re-check that could not be answered, when rendered, then the page says why, and calls nothing missing', () => {
  const page = pageWith({ at: sampleAt, asked: 33, missing: 0, why: 'max_read_bytes <is> spent' });
  expect(page).toMatch(/<div><dt>asked again<\/dt><dd>could not be told/);
  expect(page).toContain('<p class="why">max_read_bytes &lt;is&gt; spent</p>');
});

test('given a hop that was never asked again, when rendered, then nothing is said of it', () => {
  expect(pageWith()).not.toContain('asked again');
});
