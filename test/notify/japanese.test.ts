import { describe, expect, test } from 'vitest';
import { incidentKinds } from '../../src/core/incident.ts';
import { locales } from '../../src/core/pipeline.ts';
import { languages, voiceOf } from '../../src/notify/voice.ts';
import { lines, plainLine, plainText, title } from '../../src/notify/wording.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';

const japanese = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const voice = voiceOf({ locale: 'ja', zone: 'Asia/Tokyo' });
const bare = { pipeline: '', hop: '', deployment: '', detail: '', firstLook: [], behind: [] };

/** Every string below a value; functions are called with things that hold no words of their own. */
function said(value: unknown, path: string): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return said(call(value as (...given: unknown[]) => unknown, path), `${path}()`);
  if (Array.isArray(value)) return said(value.filter((piece) => typeof piece === 'string').join(''), path);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => said(inner, path === '' ? key : `${path}.${key}`));
}

const tally = { overdue: 1, delayed: 1, excused: 1, unverifiable: 1, lost: 1, settled: true };
const given: Readonly<Record<string, readonly unknown[]>> = {
  test: [''],
  update: [''],
  recovered: ['', 60_000],
  since: [0],
  overAt: [0, 0],
  tally: [tally],
  lossDecided: [0, false],
  where: [sampleFacts(bare)],
  streams: [1, 2, '', ''],
  looks: [1, 2],
  runway: [[[]]],
  runwayEntry: ['', 0, 0],
  changed: [[[]], 2],
  firstLook: [['']],
  behind: [''],
  list: [['', ''], 2],
};

function call(work: (...values: unknown[]) => unknown, path: string): unknown {
  const facts = /\.over$/.test(path) ? resolvedFacts(bare) : sampleFacts(bare);
  const values = path.startsWith('phrases.') ? [facts] : given[path];
  if (values === undefined) throw new Error(`say here what ${path} is called with`);
  return work(...values);
}

describe('every language', () => {
  const english = new Map(said(languages.en, ''));
  /** Names of things, or nothing but the gap between sentences. */
  const international = ['links.discover', 'gap'];

  test.each(locales)('given %s, then it says all that English says', (locale) => {
    expect(said(languages[locale], '').map(([path]) => path)).toEqual([...english.keys()]);
  });

  test('given Japanese, then every phrase is Japanese and none was left in English', () => {
    const phrases = said(languages.ja, '').filter(([path]) => !international.includes(path));
    expect(phrases.length).toBeGreaterThan(50);
    expect(phrases.filter(([, text]) => !japanese.test(text))).toEqual([]);
    const words = phrases.flatMap(([path, text]) =>
      [...text.matchAll(/[A-Za-z]{3,}/g)].map(([word]) => `${path} ${word}`),
    );
    expect([...new Set(words.map((each) => each.split(' ')[1]))].sort()).toEqual([
      'index',
      'logcanary',
      'ping',
      'stream',
    ]);
  });
});

describe('a page in Japanese', () => {
  test('given a stopped pipeline at 3 a.m., then an engineer reads it in one go', () => {
    const runway = [
      {
        what: 'elasticsearch-disk es-1: flood stage',
        at: sampleSince + 3_600_000,
        earliest: sampleSince + 3_000_000,
        latest: sampleSince + 5_000_000,
      },
    ];
    const changed = [{ at: sampleSince - 60_000, what: 'ConfigMap logging/fb: changed by helm' }];
    const facts = sampleFacts({
      runway,
      changed,
      counts: { overdue: 420, unverifiable: 3 },
      behind: ['archive', 'alert'],
    });
    expect(title(facts, voice)).toBe('prod ログ停止（stream→index）3/3 ストリーム');
    expect(plainText(facts, voice).split('\n')).toEqual([
      '発生 03:02 Asia/Tokyo (18:02Z)。カナリア：期限超過 420、確認不能 3（欠損に含めず）、欠損確定 0。後から届く可能性あり。欠損判定は 09:02 Asia/Tokyo (00:02Z)。',
      '区間：stream→index。3/3 ストリーム（node-a、node-b、node-c）。参照成功 8/8 回。',
      'All canaries of the last 5 minutes are overdue.',
      '猶予：elasticsearch-disk es-1: flood stage 到達見込み 04:02 Asia/Tokyo (19:02Z)（03:52〜04:25）。',
      '直前の変更：03:01 Asia/Tokyo (18:01Z) ConfigMap logging/fb: changed by helm。',
      'まず確認：kubectl -n logging logs deploy/consumer --since=15m ／ iterator age of stream logs',
      '後段への影響（個別通知なし）：archive、alert。',
    ]);
  });

  test('given its recovery, then it says for how long, and that nothing is missing', () => {
    expect(title(resolvedFacts(), voice)).toBe('【復旧】prod ログ（stream→index）疎通回復（発生から24分）');
    expect(plainText(resolvedFacts(), voice)).toMatch(
      /^復旧 03:26 Asia\/Tokyo \(18:26Z\)、発生 03:02 Asia\/Tokyo \(18:02Z\)。カナリア：遅延 2016、欠損確定 0。全行の所在を確認済み。\n/,
    );
  });

  test.each([
    ['slow', {}, 'prod ログ遅延（stream→index）3/3 ストリーム'],
    ['lossy', {}, 'prod ログ欠損（stream→index、一部の行）3/3 ストリーム'],
    ['unreadable', {}, 'prod index 参照不可：拒否またはエラー応答。ログの流れは不明（欠損とは限らない）'],
    ['blind', {}, 'prod index 監視不可：logcanary 側の問題で参照できず（欠損とは限らない）'],
    ['injection', {}, 'prod カナリア投入失敗（3/3 ストリーム）：投入を確認できず、ログの流れは不明（欠損ではない）'],
    ['silent', { hop: 'alertmanager' }, 'prod alertmanager 途絶：定期 ping が届かない'],
    ['ledger', { detail: '' }, 'logcanary tokyo 台帳障害：記録不可'],
  ] as const)('given %s, then its title is short and says what is not known', (kind, changes, expected) => {
    expect(title(sampleFacts({ kind, ...changes }), voice)).toBe(expected);
  });

  test('given streams that a label tells apart, then title and text say for whom', () => {
    const facts = sampleFacts({ streams: { affected: 14, total: 42, names: ['node-a'], labels: ['zone=1c'] } });
    expect(title(facts, voice)).toBe('prod ログ停止（stream→index）14/42 ストリーム、zone=1c に集中');
    expect(plainText(facts, voice)).toContain('14/42 ストリーム、zone=1c に集中（node-a ほか 13 件）。');
  });

  test('given hops that cannot be read, then the whole span is named', () => {
    const facts = sampleFacts({ between: { from: 'the emitters', to: 'index' }, unreadable: ['a', 'b', 'c'] });
    expect(title(facts, voice)).toBe(
      'prod ログ停止（エミッター〜index 間のどこか、a、b ほか 1 件 は参照不可）3/3 ストリーム',
    );
  });

  test('given every kind and state with nothing else known, then no line is empty and no bracket stays open', () => {
    for (const kind of incidentKinds) {
      for (const facts of [sampleFacts({ ...bare, kind, counts: {} }), resolvedFacts({ ...bare, kind, counts: {} })]) {
        const all = [title(facts, voice), ...lines(facts, voice).map((line) => plainLine(line, facts, voice.zone))];
        for (const line of all) {
          expect(line.trim()).toMatch(/^(?!.*undefined).{3,}$/);
          expect(line.split('（').length).toBe(line.split('）').length);
        }
      }
    }
  });
});
