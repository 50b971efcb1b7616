import { describe, expect, test } from 'vitest';
import { linksOf, placeholders, placeholdersIn } from '../../src/notify/links.ts';
import { voiceOf } from '../../src/notify/voice.ts';
import { resolvedFacts, sampleFacts } from '../fakes/incident-facts.ts';

const facts = sampleFacts();
const hrefs = (links: Parameters<typeof voiceOf>[0], of = facts, page?: string) =>
  linksOf(of, voiceOf(links), page).map(({ kind, href }) => `${kind} ${href}`);

describe('links', () => {
  test('given nothing configured and no address of our own, then there are none', () => {
    expect(hrefs({})).toEqual([]);
  });

  test('given all of them, then what to do stands before what to look at and our own page, at its incident', () => {
    const links = {
      page: 'https://status.example/',
      runbook: 'https://wiki.example/{deployment}/{kind}#{hop}',
      discover: { index: "https://kibana.example/app/discover#/?_g=(time:(from:'{from}',to:'{to}'))&q={pipeline}" },
    };
    expect(hrefs({ links }, facts, 'http://127.0.0.1:9780')).toEqual([
      'runbook https://wiki.example/tokyo/stopped#index',
      "discover https://kibana.example/app/discover#/?_g=(time:(from:'2026-11-19T17%3A47%3A00.000Z',to:'2026-11-19T18%3A22%3A00.000Z'))&q=prod",
      'incident https://status.example/#inc-7',
    ]);
    const [runbook] = linksOf(facts, voiceOf({ locale: 'ja', links }), undefined);
    expect(runbook?.label).toBe('手順書');
  });

  test('given searches by hop, then a hop without one has none, whatever it is called', () => {
    const links = { discover: { index: 'https://kibana.example/{hop}' } };
    expect(hrefs({ links }, sampleFacts({ hop: 'archive' }))).toEqual([]);
    for (const hop of ['__proto__', 'constructor']) expect(hrefs({ links }, sampleFacts({ hop }))).toEqual([]);
    expect(hrefs({ links: { discover: 'https://kibana.example/{hop}' } }, sampleFacts({ hop: 'archive' }))).toEqual([
      'discover https://kibana.example/archive',
    ]);
  });

  test('given an incident that is over, then the search ends after its end', () => {
    const links = { discover: 'https://kibana.example/?to={to}' };
    expect(hrefs({ links }, resolvedFacts())).toEqual([
      'discover https://kibana.example/?to=2026-11-19T18%3A41%3A00.000Z',
    ]);
  });

  test('given names that would end an address, a quote or a bracket, then they change their own part only', () => {
    const links = { discover: "https://kibana.example/#/?_a=(query:'{stream}')&x=1" };
    const streams = { affected: 1, total: 1, names: ["a'),y:!(1)&x=2#/../\ud800<!channel>"] };
    const [link] = linksOf(sampleFacts({ streams }), voiceOf({ links }), undefined);
    expect(link?.href).toBe(
      "https://kibana.example/#/?_a=(query:'a%27%29%2Cy%3A%21%281%29%26x%3D2%23%2F..%2F%EF%BF%BD%3C%21channel%3E')&x=1",
    );
  });

  test('given a test page, then it leads to our page and to no incident', () => {
    const test = sampleFacts({ test: true });
    expect(hrefs({}, test, 'http://127.0.0.1:9780')).toEqual(['page http://127.0.0.1:9780/']);
  });

  test('given an address that no browser opens, then it is left out', () => {
    expect(hrefs({ links: { runbook: 'javascript:alert(1)' } }, facts, 'file:///etc/passwd')).toEqual([]);
    expect(hrefs({ links: { runbook: `https://wiki.example/${'x'.repeat(3_000)}` } })).toEqual([]);
  });

  test('given every placeholder, then it is filled, and others are found by name', () => {
    const template = `https://wiki.example/?${placeholders.map((each) => `${each}={${each}}`).join('&')}`;
    expect(placeholdersIn(template)).toEqual([...placeholders]);
    expect(hrefs({ links: { runbook: template } })[0]).not.toMatch(/[{}]/);
    expect(placeholdersIn('a{b}c{d}{b}')).toEqual(['b', 'd']);
  });
});
