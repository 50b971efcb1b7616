import { describe, expect, test } from 'vitest';
import { evidenceOf } from '../../src/core/evidence.ts';
import { incidentKinds } from '../../src/core/incident.ts';
import { voiceOf } from '../../src/notify/voice.ts';
import { lines, plainLine, plainText, title } from '../../src/notify/wording.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';

const voice = voiceOf({ locale: 'ja', zone: 'Asia/Tokyo' });
const bare = { pipeline: '', hop: '', deployment: '', detail: '', firstLook: [], behind: [] };

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
      evidence: [evidenceOf('stopped', { hop: 'index' })],
    });
    expect(title(facts, voice)).toBe('prod ログ停止（stream→index）：全 3 ノード');
    expect(plainText(facts, voice).split('\n')).toEqual([
      '重大。対応期限：04:02 JST (19:02Z) 頃（03:52〜04:25）に elasticsearch-disk es-1: flood stage。',
      '発生：03:02 (18:02Z)。logcanary のテスト行（カナリア）：期限超過 420、確認不能 3、判明した欠損 0。遅れて届く可能性があるため、09:02 (00:02Z) までは欠損と判定しません（判定の基準であり、対応期限ではありません）。',
      '区間：stream までは正常、index で異常。対象：全 3 ノード（node-a、node-b、node-c）。logcanary から index を参照できています（直近 8 回成功）。',
      '対象の最新のテスト行が index で期限を超過しており、新たに届いた行はありません。',
      '直前の変更：03:01 (18:01Z) ConfigMap logging/fb: changed by helm。',
      'まず確認：1. `kubectl -n logging logs deploy/consumer --since=15m`：refused writes?',
      '2. iterator age of stream logs',
      '後段（個別には通知しません）：archive、alert。',
    ]);
  });

  test('given its recovery, then it says for how long, and that nothing is missing', () => {
    expect(title(resolvedFacts(), voice)).toBe('【復旧】prod ログの流れが回復（stream→index）、24分で解消');
    expect(plainText(resolvedFacts(), voice)).toMatch(
      /^終了：03:26 JST \(18:26Z\)。発生：03:02（継続時間 24分）。logcanary のテスト行（カナリア）：遅延 2,016、欠損 0。全行の到達を確認済みです。\n/,
    );
  });

  test.each([
    ['slow', {}, 'prod ログ遅延（stream→index）：全 3 ノード'],
    ['lossy', {}, 'prod 一部ログ欠損（stream→index）：全 3 ノード'],
    ['unreadable', {}, 'prod index 参照不可：拒否またはエラー応答（欠損とは限らない）'],
    ['blind', {}, 'prod index 監視不可：logcanary 側の問題（欠損とは限らない）'],
    ['injection', {}, 'prod テスト行の書き込み失敗：全 3 ノード、ログの流れは不明'],
    ['silent', { hop: 'alertmanager', detail: '' }, 'tokyo alertmanager 途絶：定期 ping が届かない'],
    ['ledger', { detail: '' }, 'logcanary tokyo 内部データベース障害：記録不可'],
  ] as const)('given %s, then its title is short and says what is not known', (kind, changes, expected) => {
    expect(title(sampleFacts({ kind, ...changes }), voice)).toBe(expected);
  });

  test('given streams that a label tells apart, then title and text say for whom', () => {
    const facts = sampleFacts({ streams: { affected: 14, total: 42, names: ['node-a'], labels: ['zone=1c'] } });
    expect(title(facts, voice)).toBe('prod ログ停止（stream→index）：14/42 送信元、zone=1c に集中');
    expect(plainText(facts, voice)).toContain('対象：14/42 送信元、zone=1c に集中（node-a ほか 13 件）。');
  });

  test('given hops that cannot be read, then the whole span is named', () => {
    const facts = sampleFacts({ between: { from: 'the emitters', to: 'index' }, unreadable: ['a', 'b', 'c'] });
    expect(title(facts, voice)).toBe('prod ログ停止（ノード→index、a、b ほか 1 件 は参照不可）：全 3 ノード');
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
