import type { IncidentFacts } from '../core/incident.ts';
import { spokenDuration } from './moments.ts';
import { arrow, commonTo, evidence, from, hopOf, name, ourselves, subject } from './place.ts';
import type { Line, Phrase, Tally, Words } from './words.ts';

const notLoss = '参照できなかっただけで、欠損とは判定していない。参照できるまで判定は保留。';
const maybeFine = '（欠損とは限らない）';

/** Terse technical Japanese, as one engineer writes to another in an incident channel. */
export const japanese: Words = {
  phrases: {
    stopped: flow('停止', '', '疎通回復'),
    slow: flow('遅延', '', '遅延解消'),
    lossy: flow('欠損', '、一部の行', '新たな欠損なし'),
    duplicated: flow('重複', '', '新たな重複なし'),
    corrupted: flow('破損', '', '新たな破損なし'),
    unreadable: {
      open: (facts) => `${hopOf(facts)} 参照不可：拒否またはエラー応答。ログの流れは不明${maybeFine}`,
      over: (facts) => `${hopOf(facts)} 参照回復`,
      caution: notLoss,
    },
    blind: {
      open: (facts) => `${hopOf(facts)} 監視不可：logcanary 側の問題で参照できず${maybeFine}`,
      over: (facts) => `${hopOf(facts)} 監視再開`,
      caution: notLoss,
    },
    isolated: {
      open: (facts) => `${ourselves(facts)} 孤立：どの監視対象からも応答なし。ログの流れは不明${maybeFine}`,
      over: (facts) => `${ourselves(facts)} 監視対象との疎通回復`,
      caution: notLoss,
    },
    reading: {
      open: (facts) => `${hopOf(facts)} 要注意：${evidence(facts, '上限に接近')}`,
      over: (facts) => `${hopOf(facts)} 正常範囲に復帰`,
    },
    injection: {
      open: (facts) =>
        `${subject(facts)} カナリア投入失敗${reach(facts)}投入を確認できず、ログの流れは不明（欠損ではない）`,
      over: (facts) => `${subject(facts)} カナリア投入再開`,
      caution: '投入を確認できないカナリアは、欠損の根拠にならない。',
    },
    uncovered: {
      open: (facts) => `${subject(facts)} 監視の空白${reach(facts)}エミッター停止、該当範囲の流れは不明`,
      over: (facts) => `${subject(facts)} 全範囲の監視再開`,
      caution: 'カナリアを投入できない範囲は、正常とも異常とも言えない。',
    },
    forged: {
      open: (facts) => `${subject(facts)} 不正なカナリアを検出（${name(facts.hop)}）：${evidence(facts, '署名不一致')}`,
      over: (facts) => `${hopOf(facts)} 新たな不正カナリアなし`,
    },
    clock: {
      open: (facts) => `${ourselves(facts)} 時計の飛び：${evidence(facts, '時刻がずれている可能性')}`,
      over: (facts) => `${ourselves(facts)} 時計安定`,
    },
    unproven: {
      open: (facts) => `${hopOf(facts)} 検出実績なし：カナリアを一度も検出していない。設定を確認`,
      over: (facts) => `${hopOf(facts)} カナリアを初検出`,
      caution: '一度も検出していない場合、欠損より設定誤りの可能性が高い。',
    },
    silent: {
      open: (facts) => `${hopOf(facts)} 途絶：定期 ping が届かない`,
      over: (facts) => `${hopOf(facts)} ping 再開`,
    },
    ledger: {
      open: (facts) => `${ourselves(facts)} 台帳障害：${evidence(facts, '記録不可')}`,
      over: (facts) => `${ourselves(facts)} 台帳への書き込み再開`,
      caution: '復旧まで何も記録されず、ほかの通知も届かない可能性がある。',
    },
  },
  severity: { critical: '重大', warning: '警告' },
  gap: '',
  test: (title) => `【テスト】${title}`,
  update: (title) => `【更新】${title}`,
  recovered: (what, ms) => `【復旧】${what}${ms === undefined ? '' : `（発生から${spokenDuration(ms, units)}）`}`,
  testNote: 'テスト通知。障害は発生していない。',
  since: (at) => ['発生 ', { at }, '。'],
  overAt: (at, since) => ['復旧 ', { at }, '、発生 ', { at: since }, '。'],
  tally,
  lossDecided: (at, someLost) =>
    someLost ? ['次の欠損判定は ', { at }, '。'] : ['後から届く可能性あり。欠損判定は ', { at }, '。'],
  where: (facts) => `区間：${placeOf(facts)}。`,
  streams: (affected, total, names, common) =>
    `${affected}/${total} ストリーム${common === '' ? '' : `、${common} に集中`}${names === '' ? '' : `（${names}）`}。`,
  looks: (complete, asked) => `参照成功 ${complete}/${asked} 回。`,
  runway: (entries) => ['猶予：', ...joined(entries), '。'],
  runwayEntry: (what, at, earliest, latest) => [
    `${what} 到達見込み `,
    { at },
    '（',
    { at: earliest, brief: true },
    latest === undefined ? ' 以降' : '〜',
    ...(latest === undefined ? [] : [{ at: latest, brief: true } as const]),
    '）',
  ],
  changed: (entries, more) => ['直前の変更：', ...joined(entries), more > 0 ? `、ほか ${more} 件。` : '。'],
  firstLook: (looks) => `まず確認：${looks.join(' ／ ')}`,
  behind: (names) => `後段への影響（個別通知なし）：${names}。`,
  list: (shown, more) => (more > 0 ? `${shown.join('、')} ほか ${more} 件` : shown.join('、')),
  links: { page: 'logcanary を開く', incident: 'インシデント', runbook: '手順書', discover: 'Discover' },
};

const units = { day: '日', hour: '時間', minute: '分', second: '秒', gap: '' };

function placeOf(facts: IncidentFacts): string {
  const { between, unreadable, hop } = facts;
  if (between === undefined) return name(hop);
  const span = arrow(facts, 'エミッター');
  if (span !== undefined) return span;
  const shown = unreadable.slice(0, 2).map(name);
  const all = japanese.list(shown, unreadable.length - shown.length);
  return `${from(between.from, 'エミッター')}〜${name(between.to)} 間のどこか、${all} は参照不可`;
}

function flow(word: string, note: string, over: string): Phrase {
  return {
    open: (facts) => `${subject(facts)} ログ${word}（${placeOf(facts)}${note}）${streams(facts)}`,
    over: (facts) => `${subject(facts)} ログ（${placeOf(facts)}）${over}`,
  };
}

/** The number in brackets, and what separates it from the rest. */
function reach(facts: IncidentFacts): string {
  const number = streams(facts);
  return number === '' ? '：' : `（${number}）：`;
}

function streams(facts: IncidentFacts): string {
  const { affected, total } = facts.streams;
  const common = commonTo(facts);
  return total > 0 ? `${affected}/${total} ストリーム${common === '' ? '' : `、${common} に集中`}` : '';
}

function tally({ overdue, delayed, excused, unverifiable, lost, settled }: Tally): string {
  const said = [
    several(overdue, `期限超過 ${overdue}`),
    several(delayed, `遅延 ${delayed}`),
    several(excused, `ノード終了により除外 ${excused}`),
    several(unverifiable, `確認不能 ${unverifiable}（欠損に含めず）`),
    `欠損確定 ${lost}`,
  ].filter((part) => part !== '');
  return `カナリア：${said.join('、')}${settled ? '。全行の所在を確認済み' : ''}。`;
}

function several(count: number, said: string): string {
  return count > 0 ? said : '';
}

function joined(entries: readonly Line[]): Line {
  return entries.flatMap((entry, place) => (place === 0 ? entry : ['、', ...entry]));
}
