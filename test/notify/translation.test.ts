/** Whatever a page says is said in every language: a sentence that is missing there, or that nobody says any more, fails here. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import probes from '../../probes/index.ts';
import { evidenceTemplates } from '../../src/core/evidence.ts';
import { ownAdvice, templatesOf } from '../../src/core/first-look.ts';
import { locales } from '../../src/core/pipeline.ts';
import { gapsOf } from '../../src/core/template.ts';
import { japaneseTerms } from '../../src/notify/evidence-ja.ts';
import { languages } from '../../src/notify/voice.ts';
import { resolvedFacts, sampleFacts } from '../fakes/incident-facts.ts';

const script = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const bare = { pipeline: '', hop: '', deployment: '', detail: '', firstLook: [], advice: [], behind: [] };

/** All first looks that are written anywhere. */
const looks = [...probes.map(({ runbook }) => runbook), ownAdvice].flatMap((runbook) =>
  Object.values(runbook).flatMap((advice) => templatesOf(advice)),
);
const sees = [...new Set(looks.flatMap(({ see }) => (see === undefined ? [] : [see])))];

/** Every string below a value; functions are called with things that hold no words of their own. */
function said(value: unknown, path: string): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return said(call(value as (...given: unknown[]) => unknown, path), `${path}()`);
  if (Array.isArray(value)) return said(value.filter((piece) => typeof piece === 'string').join(''), path);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => said(inner, path === '' ? key : `${path}.${key}`));
}

const given: Readonly<Record<string, readonly unknown[]>> = {
  test: [''],
  update: [''],
  recovered: ['', 60_000],
  since: [0],
  overAt: [0, 0, 60_000],
  tally: [{ overdue: 1, delayed: 1, excused: 1, unverifiable: 1, lost: 1, pending: 1, settled: true }],
  lossDecided: [0, false],
  where: [sampleFacts(bare)],
  whom: [{ affected: 1, total: 2, nodes: true, names: '', common: '' }],
  looksComplete: [1, 2],
  was: [''],
  runway: [[[]]],
  runwayEntry: ['', 0, 0],
  changed: [[[]], 2],
  behind: [''],
  list: [['', ''], 2],
};

function call(work: (...values: unknown[]) => unknown, path: string): unknown {
  const facts = /\.over$/.test(path) ? resolvedFacts(bare) : sampleFacts(bare);
  const values = path.startsWith('phrases.') ? [facts, { evidence: '' }] : given[path];
  if (values === undefined) throw new Error(`say here what ${path} is called with`);
  return work(...values);
}

/** What a language says itself; how it writes numbers and the like is tested by what it says. */
function spoken(locale: (typeof locales)[number]): [string, string][] {
  const { speech: _, looks: __, ...words } = languages[locale];
  return said(words, '');
}

describe('every language', () => {
  test.each(locales)('given %s, then it says all that English says', (locale) => {
    expect(
      spoken(locale)
        .map(([path]) => path)
        .sort(),
    ).toEqual(
      spoken('en')
        .map(([path]) => path)
        .sort(),
    );
  });

  test.each(locales)('given %s, then its evidence has the same gaps as the English', (locale) => {
    for (const [key, template] of Object.entries(evidenceTemplates)) {
      const { evidence, briefs } = languages[locale];
      expect([key, gapsOf(evidence[key as keyof typeof evidence])]).toEqual([key, gapsOf(template)]);
      for (const inner of gapsOf(briefs[key as keyof typeof briefs] ?? '')) expect(gapsOf(template)).toContain(inner);
    }
  });
});

describe('Japanese', () => {
  /** Names of things, what separates them, and what others say. */
  const international = ['links.discover', 'gap', 'colon'];

  test('then every phrase is Japanese and none was left in English', () => {
    const phrases = spoken('ja').filter(([path]) => !international.includes(path));
    expect(phrases.length).toBeGreaterThan(80);
    expect(phrases.filter(([, text]) => !script.test(text))).toEqual([]);
    const words = phrases.flatMap(([, text]) => text.replace(/\{[^}]*\}/g, '').match(/[A-Za-z]{3,}/g) ?? []);
    expect([...new Set(words)].sort()).toEqual(['index', 'logcanary', 'page', 'ping', 'stream', 'test']);
  });

  test('given all first looks of probes and of ours, then each is translated, with the same gaps, and no other', () => {
    const { looks: translated } = languages.ja;
    expect(Object.keys(translated).sort()).toEqual([...sees].sort());
    for (const see of sees) {
      expect(gapsOf(translated[see] ?? '')).toEqual(gapsOf(see));
      expect(translated[see]).toMatch(script);
    }
  });

  test('given a name of ours for a limit or a counter, then a probe still uses it', () => {
    const sources = probeSources();
    expect(Object.keys(japaneseTerms).filter((term) => !sources.includes(`'${term}'`))).toEqual([]);
    for (const term of Object.values(japaneseTerms)) expect(term).toMatch(script);
  });
});

function probeSources(): string {
  const folder = new URL('../../probes/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n');
}

describe('first looks', () => {
  test('given a runbook of a probe, then of each kind there are at most three, and each says something', () => {
    for (const { kind, runbook } of probes) {
      for (const [on, advice] of Object.entries(runbook)) {
        const all = templatesOf(advice);
        expect([kind, on, all.length >= 1 && all.length <= 4]).toEqual([kind, on, true]);
        for (const { run, see } of all) expect(`${run ?? ''}${see ?? ''}`).not.toBe('');
      }
    }
  });

  test('given a command, then it can be copied: no gap is left that the configuration does not fill', () => {
    for (const { run = '' } of looks) expect(run.replace(/\{[a-z_]+\}/g, '')).not.toMatch(/<[a-z]|\{|…/);
  });
});
