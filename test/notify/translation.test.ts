/** Whatever a page says is said in every language: a sentence that is missing there, or that nobody says any more, fails here. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import probes from '../../probes/index.ts';
import { evidenceOf, evidenceTemplates } from '../../src/core/evidence.ts';
import { ownAdvice, templatesOf } from '../../src/core/first-look.ts';
import { locales } from '../../src/core/pipeline.ts';
import { gapsOf } from '../../src/core/template.ts';
import { japaneseTerms } from '../../src/notify/evidence-ja.ts';
import { japaneseProblems } from '../../src/notify/problems-ja.ts';
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

const dropped = { agent: '', names: { shown: [], more: 0 }, count: 1, what: '' };

const given: Readonly<Record<string, readonly unknown[]>> = {
  test: [''],
  update: ['', 'warning'],
  recovered: ['', 60_000],
  ended: ['', 60_000],
  urgency: ['warning', 'later'],
  criticalSince: [0, 60_000],
  runsOut: ['', ''],
  since: [0],
  overAt: [0, 0, 60_000],
  tally: [{ overdue: 1, delayed: 1, excused: 1, unverifiable: 1, lost: 1, pending: 1, settled: true }],
  lossDecided: [0, false, ''],
  where: [sampleFacts(bare)],
  whom: [{ affected: 1, total: 2, nodes: true, names: '', common: '' }],
  looksComplete: ['', 1, 2],
  was: [''],
  runway: [[[]]],
  runwayEntry: ['', 0, 0],
  changed: [[[]], 2],
  behind: [''],
  list: [['', ''], 2],
};

function call(work: (...values: unknown[]) => unknown, path: string): unknown {
  const lost = { ...bare, counts: { lost: 1 }, evidence: [evidenceOf('dropped', dropped)] };
  const facts = /\.(over|stays)$/.test(path) ? resolvedFacts(path.endsWith('stays') ? lost : bare) : sampleFacts(bare);
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
    expect(phrases.length).toBeGreaterThan(90);
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

  test('given a word of ours, or what a check finds, then a probe still says it, and it is Japanese', () => {
    const sources = probeSources();
    const parts = Object.keys({ ...japaneseTerms, ...japaneseProblems }).flatMap((english) => english.split(/\{\w+\}/));
    expect(parts.filter((part) => part.length > 6 && !sources.includes(part.trim()))).toEqual([]);
    for (const [english, said] of Object.entries({ ...japaneseTerms, ...japaneseProblems })) {
      expect(said.replace(/\{\w+\}/g, '')).toMatch(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}：]/u);
      expect(gapsOf(said)).toEqual(gapsOf(english));
    }
  });

  test.each([
    ['index logs-1 refuses writes (read_only)', 'インデックス logs-1 が書き込みを拒否しています（read_only）'],
    [
      'fluent-bit on a, b: input tail.0 is paused: its buffer is full',
      'a, b の fluent-bit：入力 tail.0 が一時停止中です（バッファー満杯）',
    ],
    ['prom-0: rule X: y cannot be evaluated: a: b', 'prom-0：ルール X: y を評価できません：a: b'],
    [
      'elastalert rules running with errors (timeout): r1',
      'ElastAlert のルール r1：エラーを出しながら動作中（timeout）',
    ],
    ['something that nobody ever said', 'something that nobody ever said'],
    ['retention', '保持期間'],
  ])('given %s, then it is said as %s', (english, said) => {
    expect(languages.ja.speech.term(english)).toBe(said);
  });

  test('given a text made of what is looked for, over and over, then it is still answered', () => {
    for (const part of [': ', ' of ', ' is routed to ', ' on ', ' rolls out revision  ( of  updated); on  it '])
      expect(languages.ja.speech.term(part.repeat(1_000).slice(0, 1_000))).not.toBe('');
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
