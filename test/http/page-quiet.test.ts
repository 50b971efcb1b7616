/** Silences, notes and who was told, on the page and in the API: escaped, and only safe addresses become links. */
import { describe, expect, test } from 'vitest';
import type { Note } from '../../src/core/note.ts';
import type { Silence } from '../../src/core/silence.ts';
import type { StatusView } from '../../src/core/status.ts';
import { incidentsJson, statusJson } from '../../src/http/json.ts';
import { createPageRenderer } from '../../src/http/page.ts';
import { pageModel } from '../../src/http/page-model.ts';
import { sampleAt, stoppedStatus } from './sample-status.ts';

const render = createPageRenderer({ version: '0.1.0', configHash: 'abcdef0123456789' });
const hostile = '<script>alert(1)</script>"\'';
const times = { from: sampleAt - 60_000, until: sampleAt + 3_600_000 };
const silence: Silence = {
  id: 'sil-1',
  pipeline: 'prod',
  hop: 'index',
  kind: 'slow',
  ...times,
  reason: 'known',
  by: 'aki',
};

function withNotes(...notes: Note[]): StatusView {
  const view = stoppedStatus();
  const [first, ...rest] = view.incidents;
  return first === undefined ? view : { ...view, incidents: [{ ...first, notes }, ...rest] };
}

describe('given silences that hold', () => {
  test('when rendered, then the headline and a section say of what, until when, why and by whom', () => {
    const html = render(pageModel({ ...stoppedStatus(), silences: [silence] }));
    expect(html).toContain('Silenced: slow at prod/index until 19:10:00 UTC, nobody is told: known (aki).');
    expect(html).toMatch(
      /<li id="sil-1"><span class="tag">silence<\/span> <span class="name">slow at prod\/index<\/span>: known/,
    );
  });

  test('when asked for by the API, then they are in the status', () => {
    expect(statusJson({ ...stoppedStatus(), silences: [silence] }).silences).toMatchObject([
      { id: 'sil-1', state: 'active', comment: 'known', created_by: 'aki' },
    ]);
  });

  test('when there are many, then the headline names three', () => {
    const silences = Array.from({ length: 5 }, (_, at) => ({ ...silence, id: `sil-${at}` }));
    const { headline, quiet } = pageModel({ ...stoppedStatus(), silences });
    expect(headline.notes.filter((note) => note.startsWith('Silenced'))).toHaveLength(3);
    expect(headline.notes).toContain('And 2 more silences below.');
    expect(quiet).toHaveLength(5);
  });

  test('when there is none, then there is no such section', () => {
    expect(render(pageModel(stoppedStatus()))).not.toContain('What is told to nobody');
  });
});

test('given who was told of an incident, when shown, then each is named, and what kept others from it', () => {
  const told = [
    { notifier: 'pagerduty', state: 'waiting' as const },
    { notifier: 'slack', state: 'told' as const },
    { notifier: 'mail', state: 'refused' as const },
  ];
  const over = { ...silence, until: sampleAt - 1_000 };
  const tellings = { 'inc-18': { told, silences: [silence, over] } };
  const [incident] = pageModel({ ...stoppedStatus(), tellings }).open;
  expect(incident).toMatchObject({
    told: 'pagerduty (has not taken it yet), slack, mail (refused it)',
    silences: [{ verb: 'silenced until' }, { verb: 'was silenced until' }],
  });
  expect(pageModel({ ...stoppedStatus(), tellings: {} }).open[0]?.told).toBe('nobody');
  expect(pageModel(stoppedStatus()).open[0]?.told).toBe('');
});

test('given notes, when shown, then the newest is first, and an address is a link', () => {
  const view = withNotes(
    { at: sampleAt - 2_000, by: 'aki', cause: 'a full disk' },
    { at: sampleAt - 1_000, by: 'ben', remediation: 'added a node', ticket: 'https://tickets.example/OPS-12?a=1&b=2' },
  );
  const html = render(pageModel(view));
  expect(html.indexOf('added a node')).toBeLessThan(html.indexOf('cause: a full disk'));
  expect(html).toContain(
    '<a href="https://tickets.example/OPS-12?a=1&amp;b=2" rel="noopener noreferrer nofollow">https://tickets.example/OPS-12?a=1&amp;b=2</a>',
  );
  expect(incidentsJson(view)[0]?.notes).toEqual([
    { at: '2026-11-19T18:09:58.000Z', by: 'aki', cause: 'a full disk', remediation: null, ticket: null },
    expect.objectContaining({ by: 'ben', ticket: 'https://tickets.example/OPS-12?a=1&b=2' }),
  ]);
});

test('given markup in every text, when rendered, then none of it is markup', () => {
  const told = [{ notifier: hostile, state: 'told' as const }];
  const said = { ...silence, id: hostile, pipeline: hostile, hop: hostile, reason: hostile, by: hostile };
  const maintenance = [{ ...said, kind: undefined }];
  const note = { at: sampleAt, by: hostile, cause: hostile, remediation: hostile, ticket: hostile };
  const sly = { ...note, ticket: 'javascript:alert(1)' };
  const view = withNotes(note, sly, { ...note, ticket: `https://x.example/${hostile}` });
  const html = render(
    pageModel({ ...view, silences: [said], maintenance, tellings: { 'inc-18': { told, silences: [said] } } }),
  );
  expect(html.match(/<script/g)).toHaveLength(1); // our own
  expect(html).not.toContain('alert(1)</script>');
  expect(html).not.toContain('href="javascript:');
  expect(html).not.toMatch(/href="[^"]*'/);
  expect(html).toContain('&lt;script&gt;');
});

test('given an incident, when rendered, then it has an anchor of its own and a link to it', () => {
  const html = render(pageModel({ ...stoppedStatus(), pipelines: [], silences: [] }));
  expect(html).toMatch(/<article class="incident critical" id="inc-18">/);
  expect(html).toContain('<a href="#inc-18"><code>inc-18</code></a>');
});
