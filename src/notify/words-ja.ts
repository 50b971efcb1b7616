import type { IncidentFacts } from '../core/incident.ts';
import { japaneseEvidence, japaneseTerms } from './evidence-ja.ts';
import { inTitle } from './evidence-said.ts';
import { japaneseLooks } from './looks-ja.ts';
import { spokenDuration } from './moments.ts';
import { hopOf, isPeer, isPing, isWritten, name, ourselves, pinger, subject, unseen, whomOf } from './place.ts';
import { japaneseProblems } from './problems-ja.ts';
import { counted, japaneseSpeech } from './speech.ts';
import type { Line, Phrase, Tally, Words } from './words.ts';

const notLoss = '欠損の有無は不明です。参照できるまで、欠損とは判定しません。';
const maybeFine = '（欠損とは限らない）';
const speech = japaneseSpeech({ ...japaneseTerms, ...japaneseProblems });

/** Terse titles, as one engineer writes to another in an incident channel; explanations in whole sentences. */
export const japanese: Words = {
  phrases: {
    stopped: flow('ログ停止', 'ログの流れが回復'),
    slow: flow('ログ遅延', 'ログの遅延なし'),
    lossy: flow('一部ログ欠損', '新たな欠損なし'),
    duplicated: flow('ログ重複', '新たな重複なし'),
    corrupted: flow('ログ破損', '新たな破損なし'),
    vanished: {
      open: (facts) => `${hopOf(facts)} ログ消失：到達済みの行が見つからない`,
      over: (facts) => `${hopOf(facts)} 再確認で消失なし`,
      caution: '一度は届いた行が削除されています。ほかの行も失われている可能性があります。',
    },
    inconsistent: {
      open: (facts) => `${hopOf(facts)} 不整合：後段で検出した行が見つからない`,
      over: (facts) => `${hopOf(facts)} 不整合なし`,
      caution: '行は後段まで届いています。ここで見える内容が揃っていません。',
    },
    misrouted: {
      open: (facts) => `${hopOf(facts)} 誤配送：別パイプラインの行が混入`,
      over: (facts) => `${hopOf(facts)} 新たな混入なし`,
      caution: 'あるテナントの行を、別のテナントが閲覧できる可能性があります。',
    },
    unreadable: {
      open: (facts) => `${hopOf(facts)} 参照不可：拒否またはエラー応答${maybeFine}`,
      over: (facts) => `${hopOf(facts)} 参照回復`,
      caution: notLoss,
    },
    blind: {
      open: (facts) => `${unseen(facts, 'ノード一覧')} 監視不可：logcanary 側の問題${maybeFine}`,
      over: (facts) => `${unseen(facts, 'ノード一覧')} 監視再開`,
      caution: `原因は logcanary 側にあります。${notLoss}`,
    },
    isolated: {
      open: (facts) => `${ourselves(facts)} 孤立：全監視対象が無応答${maybeFine}`,
      over: (facts) => `${ourselves(facts)} 監視対象との通信回復`,
      caution: `回復するまで監視が止まっています。${notLoss}`,
    },
    reading: {
      open: (facts, said) =>
        said.brief === undefined
          ? `${hopOf(facts)} 異常：${inTitle(said, '上限に接近')}`
          : `${subject(facts)} ${said.brief}`,
      over: (facts) => `${hopOf(facts)} 正常に復帰`,
    },
    injection: {
      open: (facts) => `${subject(facts)} テスト行の書き込み失敗${reach(facts)}、ログの流れは不明`,
      over: (facts) => `${subject(facts)} テスト行の書き込み再開`,
      caution: 'テスト行を書き込めない箇所の流れは不明であり、欠損の根拠にはなりません。',
    },
    uncovered: {
      open: (facts) => `${subject(facts)} 監視の空白${reach(facts)}でエミッター停止`,
      over: (facts) => `${subject(facts)} 全箇所の監視再開`,
      caution: 'テスト行を書き込めない箇所は、正常とも異常とも言えません。',
    },
    forged: {
      open: (facts) => `${hopOf(facts)} 不正なテスト行を検出：署名不一致`,
      over: (facts) => `${hopOf(facts)} 新たな不正テスト行なし`,
    },
    clock: {
      open: (facts, said) =>
        `${ourselves(facts)} ${said.brief ?? `時計の飛び：${inTitle(said, '時刻がずれている可能性')}`}`,
      over: (facts) => `${ourselves(facts)} 時計安定`,
    },
    unproven: {
      open: (facts) =>
        isPing(facts)
          ? `${pinger(facts)} ping 未受信：送信側の設定を確認`
          : isPeer(facts)
            ? `${pinger(facts)} 相互監視が不成立：設定を確認`
            : `${hopOf(facts)} 動作実績なし：設定を確認`,
      over: (facts) =>
        isPing(facts)
          ? `${pinger(facts)} 最初の ping を受信`
          : isPeer(facts)
            ? `${pinger(facts)} 相互監視が成立`
            : `${hopOf(facts)} 最初のテスト行を検出`,
      caution: '一度も動作していない場合、故障より設定誤りの可能性が高いです。',
    },
    silent: {
      open: (facts, said) => `${pinger(facts)} 途絶：${inTitle(said, '定期 ping が届かない')}`,
      over: (facts) => `${pinger(facts)} 受信再開`,
    },
    undelivered: {
      open: (facts, said) => `${ourselves(facts)} 通知不達：${inTitle(said, '通知先が訓練に失敗')}`,
      over: (facts) => `${ourselves(facts)} 通知先の訓練成功`,
      caution: '実際の通知も、この経路では届いていない可能性があります。',
    },
    storm: {
      open: (facts, said) => `${ourselves(facts)} 同時多発：${inTitle(said, '多数の異常')}`,
      over: (facts) => `${ourselves(facts)} 同時多発した異常はすべて解消`,
      caution: '原因は一つの可能性があります。最も上流の異常から確認してください。',
    },
    ledger: {
      open: (facts, said) => `${ourselves(facts)} 台帳障害：${inTitle(said, '記録不可')}`,
      over: (facts) => `${ourselves(facts)} 台帳への記録再開`,
      caution: '復旧するまで何も記録されず、ほかの通知も届かない可能性があります。',
    },
  },
  severity: { critical: '重大', warning: '警告' },
  speech,
  evidence: japaneseEvidence,
  briefs: {
    'clock-ahead': '時計の飛び：{by:span}進み',
    'clock-behind': '時計の飛び：{by:span}戻り',
    'ping-late': 'ping が {for:span}届いていない',
    'peer-silent': 'この logcanary が {for:span}応答していない',
    'figure-over': '{figure} {used:level}、{limit:term} 超過',
    'figure-near': '{figure} {used:level}、{limit:term} 接近',
    'figure-soon': '{figure} {used:level}、約 {left:span}後に {limit:term}',
    'figure-perhaps-soon': '{figure} {used:level}、約 {left:span}後に {limit:term}',
    problem: '異常：{problem:term}',
    undelivered: '{channels:list} が訓練に失敗',
    storm: 'ほか {count:number} 件：{places:list}',
    dropped: '{agent} 異常：{what:term} {count:number} 件（{names:list}）',
    'dropped-by': '{agent} 異常：{what:term} {count:number} 件（{names:list}）',
  },
  looks: japaneseLooks,
  gap: '',
  test: (title) => `【テスト】${title}`,
  update: (title, severity) => `${severity === 'critical' ? '【重大化】' : '【更新】'}${title}`,
  recovered: (what, ms) => `【復旧】${what}${ms === undefined ? '' : `、${spokenDuration(ms, units)}で解消`}`,
  testNote: 'テスト通知です。障害は発生していません。',
  since: (at) => ['発生：', { at }, '。'],
  overAt: (at, since, ms) => [
    '復旧：',
    { at },
    '。発生：',
    { at: since, brief: true },
    ms === undefined ? '' : `（継続時間 ${spokenDuration(ms, units)}）`,
    '。',
  ],
  tally,
  lossDecided: (at, someLost) =>
    someLost
      ? ['期限超過の行は、', { at }, ' 以降、順に欠損と判定します。']
      : ['遅れて届く可能性があるため、', { at }, ' までは欠損と判定しません。'],
  where,
  whom: ({ affected, total, nodes, names, common }) =>
    [
      `対象：${numberOf(affected, total, nodes)}`,
      common === '' ? '' : `、${common} に集中`,
      names === '' ? '。' : `（${names}）。`,
    ].join(''),
  looksComplete: (complete, asked) => {
    if (complete === asked) return `直近 ${asked} 回の参照はすべて成功しています。`;
    return complete === 0
      ? `直近 ${asked} 回の参照はすべて失敗しています。`
      : `直近 ${asked} 回の参照のうち、成功は ${complete} 回です。`;
  },
  was: (evidence) => `障害中の状況：${evidence}`,
  runway: (entries) => ['このまま続くと、', ...joined(entries), '。'],
  runwayEntry: (what, at, earliest, latest) => [
    `${what} に `,
    { at },
    ' 頃到達（',
    { at: earliest, brief: true },
    latest === undefined ? ' 以降' : '〜',
    ...(latest === undefined ? [] : [{ at: latest, brief: true } as const]),
    '）',
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

function placeOf(facts: IncidentFacts): string {
  const { between, unreadable, hop, state } = facts;
  if (between === undefined) return name(hop);
  const unknown = unreadable.length === 0 || state === 'resolved' ? '' : `、${namesOf(unreadable)} は参照不可`;
  return `${from(facts)}→${name(between.to)}${unknown}`;
}

function from({ between, streams }: IncidentFacts): string {
  const above = between?.from ?? '';
  return isWritten(above) ? unit(streams.nodes === true) : name(above);
}

function where(facts: IncidentFacts): string {
  const { between, unreadable, state } = facts;
  if (between === undefined) return '';
  if (state === 'resolved') return `区間：${from(facts)}→${name(between.to)}。`;
  const fine = isWritten(between.from) ? 'テスト行の書き込み' : `${name(between.from)} `;
  const unknown =
    unreadable.length === 0 ? '' : `途中の ${namesOf(unreadable)} は参照できず、そこで途切れた可能性もあります。`;
  return `区間：${fine}までは正常、${name(between.to)} で異常。${unknown}`;
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, 2).map(name);
  return speech.list({ shown, more: names.length - shown.length });
}

function flow(word: string, over: string): Phrase {
  return {
    open: (facts) => `${subject(facts)} ${word}（${placeOf(facts)}）${reach(facts)}`,
    over: (facts) => `${subject(facts)} ${over}（${placeOf(facts)}）`,
  };
}

function reach(facts: IncidentFacts): string {
  const { affected, total, nodes, common } = whomOf(facts);
  return total === 0 ? '' : `：${numberOf(affected, total, nodes)}${common === '' ? '' : `、${common} に集中`}`;
}

function numberOf(affected: number, total: number, nodes: boolean): string {
  return affected === total && total > 1
    ? `全 ${counted(total)} ${unit(nodes)}`
    : `${counted(affected)}/${counted(total)} ${unit(nodes)}`;
}

/** `出力元`: where log lines are written, whatever it is. */
function unit(nodes: boolean): string {
  return nodes ? 'ノード' : '出力元';
}

function tally({ overdue, delayed, excused, unverifiable, lost, pending, settled }: Tally): string {
  const said = [
    several(overdue, `期限超過 ${counted(overdue)}`),
    several(delayed, `遅延 ${counted(delayed)}`),
    several(excused, `ノード終了により除外 ${counted(excused)}`),
    several(unverifiable, `確認不能 ${counted(unverifiable)}`),
    `${settled || lost > 0 ? '欠損' : '判明した欠損'} ${counted(lost)}`,
  ].filter((part) => part !== '');
  const all = settled ? `${pending > 0 ? '期限の来た行はすべて' : '全行の'}所在を確認済みです。` : '';
  return `logcanary のテスト行（カナリア）：${said.join('、')}。${all}`;
}

function several(count: number, said: string): string {
  return count > 0 ? said : '';
}

function joined(entries: readonly Line[]): Line {
  return entries.flatMap((entry, place) => (place === 0 ? entry : ['、', ...entry]));
}
