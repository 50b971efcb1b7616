import type { IncidentFacts, IncidentKind } from '../core/incident.ts';
import { japaneseEvidence } from './evidence-ja.ts';
import { japaneseLooks } from './looks-ja.ts';
import { spokenDuration } from './moments.ts';
import { from, japanesePhrases, namesOf, numberOf, speech } from './phrases-ja.ts';
import { isWritten, name } from './place.ts';
import { counted } from './speech.ts';
import type { Line, Tally, When, Words } from './words.ts';

const whens: Readonly<Record<When, string>> = {
  now: '：すぐに対応してください。',
  soon: '：早めに確認してください。',
  later: '：翌朝の対応で構いません。',
};
/** What is so at a hop; of other kinds it is out of order. */
const wrongs: Readonly<Partial<Record<IncidentKind, string>>> = {
  slow: '遅延',
  lossy: '欠損',
  duplicated: '重複',
  corrupted: '破損',
};

/** Terse titles, as one engineer writes to another in an incident channel; explanations in whole sentences. */
export const japanese: Words = {
  phrases: japanesePhrases,
  severity: { critical: '重大', warning: '警告' },
  speech,
  evidence: japaneseEvidence,
  briefs: {
    slow: '{within:span}超',
    'clock-ahead': '時刻の急変：{by:span}進み',
    'clock-behind': '時刻の急変：{by:span}戻り',
    'ping-late': 'ping が {for:span}届いていない',
    'ping-never': 'ping が {for:span}一度も届いていない',
    'not-shown': '後段で検出した {missing:number} 行が見つからない',
    inconsistent: '後段で検出した {missing:number} 行が見つからない',
    'peer-silent': 'この logcanary が {for:span}応答していない',
    'figure-over': '{figure} {used:level}、{limit:term} 超過',
    'figure-near': '{figure} {used:level}、{limit:term} 接近',
    'figure-soon': '{figure} {used:level}、約 {left:span}後に {limit:term}',
    'figure-perhaps-soon': '{figure} {used:level}、約 {left:span}後に {limit:term}',
    problem: '異常：{problem:term}',
    undelivered: '{channels:list} が通知テストに失敗',
    dropped: '{agent} 異常：{what:term} {count:number} 件（{names:list}）',
    'dropped-by': '{agent} 異常：{what:term} {count:number} 件（{names:list}）',
  },
  looks: japaneseLooks,
  gap: '',
  test: (title) => `【テスト】${title}`,
  update: (title, severity) => `${severity === 'critical' ? '【重大化】' : '【更新】'}${title}`,
  recovered: (what, ms) => `【復旧】${what}${ms === undefined ? '' : `、${spokenDuration(ms, units)}で解消`}`,
  ended: (what, ms) => `【収束】${what}${ms === undefined ? '' : `、${spokenDuration(ms, units)}で停止`}`,
  urgency: (severity, when) =>
    `${{ critical: '重大', warning: '警告' }[severity]}${when === undefined ? '。' : whens[when]}`,
  criticalSince: (at, ms) => ['重大化：', { at }, `（発生から ${spokenDuration(ms, units)}後）。`],
  onlyFigure: 'この指標のみ不明です。ログの流れとは関係ありません。',
  testNote: 'テスト通知です。障害は発生していません。',
  since: (at) => ['発生：', { at }, '。'],
  overAt: (at, since, ms) => [
    '終了：',
    { at },
    '。発生：',
    { at: since, brief: true },
    ms === undefined ? '' : `（継続時間 ${spokenDuration(ms, units)}）`,
    '。',
  ],
  tally,
  lossDecided: (at, someLost, above) =>
    someLost
      ? [
          `欠損判定は、制限時間内に届かなかったことを意味します。${above === '' ? '' : `${above} に残っていれば、これから届く可能性があります。`}`,
        ]
      : [
          '遅れて届く可能性があるため、',
          { at },
          ' までは欠損と判定しません（判定の基準であり、対応期限ではありません）。',
        ],
  where,
  whom: ({ affected, total, nodes, names, common }) =>
    [
      `対象：${numberOf(affected, total, nodes)}`,
      common === '' ? '' : `、${common} に集中`,
      names === '' ? '。' : `（${names}）。`,
    ].join(''),
  looksComplete: (hop, complete, asked) => {
    if (complete === asked) return `logcanary から ${hop} を参照できています（直近 ${asked} 回成功）。`;
    return complete === 0
      ? `logcanary から ${hop} を参照できません（直近 ${asked} 回失敗）。`
      : `logcanary から ${hop} を一部参照できています（直近 ${asked} 回のうち ${complete} 回成功）。`;
  },
  was: (evidence) => `発生時の通知内容：「${evidence}」`,
  runway: (entries) => ['対応期限：', ...joined(entries), '。'],
  runsOut: (figure, limit) => `${figure} が ${limit} に到達`,
  runwayEntry: (what, at, earliest, latest) => [
    { at },
    ' 頃（',
    { at: earliest, brief: true },
    latest === undefined ? ' 以降' : '〜',
    ...(latest === undefined ? [] : [{ at: latest, brief: true } as const]),
    `）に ${what}`,
  ],
  changed: (entries, more) => ['直前の変更：', ...joined(entries), more > 0 ? `、ほか ${more} 件。` : '。'],
  firstLook: 'まず確認：',
  colon: '：',
  behind: (names) => `後段（個別には通知しません）：${names}。`,
  list: (shown, more) => speech.list({ shown, more }),
  note: { cause: '原因', remediation: '対処', ticket: 'チケット' },
  links: { page: 'logcanary を開く', incident: 'インシデント', runbook: '手順書', discover: 'Discover' },
};

const units = { day: '日', hour: '時間', minute: '分', second: '秒', gap: '' };

function where(facts: IncidentFacts): string {
  const { between, unreadable, state } = facts;
  if (between === undefined) return '';
  if (state === 'resolved') return `区間：${from(facts)}→${name(between.to)}。`;
  if (unreadable.length > 0)
    return `区間：${from(facts)}→${name(between.to)} のどこかで異常。logcanary から ${namesOf(unreadable)} を参照できないため、その手前か後かは不明です。`;
  const fine = isWritten(between.from) ? `${from(facts)}` : `${name(between.from)} `;
  return `区間：${fine}までは正常、${name(between.to)} で${wrongs[facts.kind] ?? '異常'}。`;
}

function tally({ overdue, delayed, excused, unverifiable, lost, pending, settled }: Tally): string {
  const said = [
    several(overdue, `期限超過 ${counted(overdue)}`),
    several(delayed, `遅延 ${counted(delayed)}`),
    several(excused, `ノード終了により除外 ${counted(excused)}`),
    several(unverifiable, `確認不能 ${counted(unverifiable)}`),
    `${settled || lost > 0 ? '欠損' : '判明した欠損'} ${counted(lost)}`,
  ].filter((part) => part !== '');
  const all = settled ? `${pending > 0 ? '期限の来た全行の' : '全行の'}到達を確認済みです。` : '';
  return `logcanary のテスト行（カナリア）：${said.join('、')}。${all}`;
}

function several(count: number, said: string): string {
  return count > 0 ? said : '';
}

function joined(entries: readonly Line[]): Line {
  return entries.flatMap((entry, place) => (place === 0 ? entry : ['、', ...entry]));
}
