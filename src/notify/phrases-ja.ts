/** Titles in Japanese: terse, as one engineer writes to another in an incident channel. */
import type { IncidentFacts } from '../core/incident.ts';
import { answered, isRefusal } from './answer.ts';
import { japaneseTerms } from './evidence-ja.ts';
import { inTitle } from './evidence-said.ts';
import {
  figureOf,
  hopOf,
  isDiskFull,
  isDropped,
  isPeer,
  isPing,
  isWritten,
  name,
  ourselves,
  pinger,
  stormOf,
  subject,
  unseen,
  whomOf,
} from './place.ts';
import { japaneseProblems } from './problems-ja.ts';
import { counted, japaneseSpeech } from './speech.ts';
import type { Phrase, Words } from './words.ts';

const notLoss = '欠損の有無は不明です。参照できるまで、欠損とは判定しません。';
const maybeFine = '（欠損とは限らない）';
export const speech = japaneseSpeech({ ...japaneseTerms, ...japaneseProblems });

export const japanesePhrases: Words['phrases'] = {
  stopped: flow('ログ停止', 'ログの流れが回復'),
  slow: flow('ログ遅延', 'ログの遅延解消'),
  lossy: flow('一部ログ欠損', '新たな欠損なし', ({ counts: { lost = 0 } }) =>
    lost > 0 ? `欠損した ${counted(lost)} 行は戻りません。` : '',
  ),
  duplicated: flow('ログ重複', '新たな重複なし', () => '重複して届いた行は残っています。'),
  corrupted: flow('ログ破損', '新たな破損なし', () => '破損した行は元に戻りません。'),
  vanished: {
    open: (facts) => `${hopOf(facts)} ログ消失：到達済みの行が見つからない`,
    over: (facts) => `${hopOf(facts)} 新たな消失なし`,
    stays: () => '消失した行は戻りません。',
    caution: '一度は届いた行が削除されています。ほかの行も失われている可能性があります。',
  },
  inconsistent: {
    open: (facts, { brief = '後段で検出した行が見つからない' }) => `${hopOf(facts)} 不整合：${brief}`,
    over: (facts) => `${hopOf(facts)} 不整合なし`,
    caution: '行は後段まで届いています。ここで見える内容が揃っていません。',
  },
  misrouted: {
    open: (facts) => `${hopOf(facts)} 誤ルーティング：別パイプラインの行が混入`,
    over: (facts) => `${hopOf(facts)} 新たな混入なし`,
    stays: () => '混入した行は残っています。閲覧権限を確認してください。',
    caution: 'あるテナントの行を、別のテナントが閲覧できる可能性があります。',
  },
  unreadable: {
    open: (facts) => noAnswer(facts, hopOf(facts)) ?? `${hopOf(facts)} 参照不可：拒否またはエラー応答${maybeFine}`,
    over: (facts) => `${hopOf(facts)} 参照回復`,
    caution: notLoss,
  },
  blind: {
    open: (facts) =>
      noAnswer(facts, unseen(facts, 'ノード一覧')) ??
      `${unseen(facts, 'ノード一覧')} 監視不可：logcanary 側の問題${maybeFine}`,
    over: (facts) => `${unseen(facts, 'ノード一覧')} 監視再開`,
    caution: `logcanary から参照できません（ネットワーク、認証情報、または経路の問題）。${notLoss}`,
  },
  isolated: {
    open: (facts) => `${ourselves(facts)} 通信断：全監視対象が無応答${maybeFine}`,
    over: (facts) => `${ourselves(facts)} 監視対象との通信回復`,
    caution: `回復するまで監視が止まっています。${notLoss}`,
  },
  reading: {
    open: (facts, said) =>
      said.brief === undefined
        ? `${hopOf(facts)} 異常：${inTitle(said, '上限に接近')}`
        : `${subject(facts)} ${said.brief}`,
    over: (facts) => {
      if (isDropped(facts)) return `${hopOf(facts)} 新たな破棄なし`;
      return figureOf(facts) === ''
        ? `${hopOf(facts)} 正常に復帰`
        : `${subject(facts)} ${figureOf(facts)} 正常範囲に復帰`;
    },
    stays: (facts) => (isDropped(facts) ? '破棄された分は戻りません。' : undefined),
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
    open: (facts) => `${hopOf(facts)} 不正なテスト行を検出：正しい署名なし`,
    over: (facts) => `${hopOf(facts)} 新たな不正テスト行なし`,
  },
  clock: {
    open: (facts, said) =>
      `${ourselves(facts)} ${said.brief === undefined ? `時刻の急変：${inTitle(said, '時刻がずれている可能性')}` : `${said.brief}（通知への影響なし）`}`,
    over: (facts) => `${ourselves(facts)} 時刻安定`,
  },
  unproven: {
    open: (facts, said) =>
      isPing(facts)
        ? `${pinger(facts)} ${said.brief ?? 'ping 未受信'}：実行されたかを確認`
        : isPeer(facts)
          ? `${pinger(facts)} 相互監視が不成立：設定を確認`
          : `${hopOf(facts)} 動作実績なし：logcanary の設定を確認`,
    over: (facts) =>
      isPing(facts)
        ? `${pinger(facts)} 最初の ping を受信`
        : isPeer(facts)
          ? `${pinger(facts)} 相互監視が成立`
          : `${hopOf(facts)} 最初のテスト行を検出`,
  },
  silent: {
    open: (facts, said) => `${pinger(facts)} 途絶：${inTitle(said, '定期 ping が届かない')}`,
    over: (facts) => `${pinger(facts)} 受信再開`,
  },
  undelivered: {
    open: (facts, said) => `${ourselves(facts)} 通知不達：${inTitle(said, '通知先が通知テストに失敗')}`,
    over: (facts) => `${ourselves(facts)} 通知先の通知テスト成功`,
    caution: '実際の通知も、この経路では届いていない可能性があります。',
  },
  storm: {
    open: (facts, said) => {
      const storm = stormOf(facts);
      return storm === undefined
        ? `${ourselves(facts)} 同時多発：${inTitle(said, '多数の異常')}`
        : `${ourselves(facts)} 異常が ${counted(storm.count)} 件同時発生（最重要：${storm.worst}）`;
    },
    over: (facts) => `${ourselves(facts)} 同時多発した異常すべて`,
    caution: '原因は一つの可能性があります。最も上流の異常から確認してください。',
  },
  ledger: {
    open: (facts, said) =>
      isDiskFull(facts)
        ? `${ourselves(facts)} ディスク満杯：ほかの通知が届かない可能性`
        : `${ourselves(facts)} 内部データベース障害：${inTitle(said, '記録不可')}`,
    over: (facts) => `${ourselves(facts)} 内部データベースへの記録再開`,
    caution: '復旧するまで何も記録されず、ほかの通知も届かない可能性があります。',
  },
};

/** @param stays as in `Phrase` */
function flow(word: string, over: string, stays?: Phrase['stays']): Phrase {
  return {
    open: (facts, { brief = '' }) =>
      `${subject(facts)} ${word}${brief === '' ? '' : ` ${brief}`}（${placeOf(facts)}）${reach(facts)}`,
    over: (facts) => `${subject(facts)} ${over}（${placeOf(facts)}）`,
    ...(stays !== undefined && { stays }),
  };
}

/** What the target answered, where that says more than any word of ours. */
function noAnswer(facts: IncidentFacts, seen: string): string | undefined {
  const answer = answered(facts);
  if (answer === undefined) return undefined;
  if (isRefusal(answer)) return `${seen}：logcanary を ${answer.status} で拒否${maybeFine}`;
  const who = `${seen}：${answer.place === '' ? '対象' : answer.place}`;
  return `${who} が${answer.silent ? '無応答' : ` ${answer.status} を応答`}${maybeFine}`;
}

function reach(facts: IncidentFacts): string {
  const { affected, total, nodes, common } = whomOf(facts);
  return total === 0 ? '' : `：${numberOf(affected, total, nodes)}${common === '' ? '' : `、${common} に集中`}`;
}

function placeOf(facts: IncidentFacts): string {
  const { between, unreadable, hop, state } = facts;
  if (between === undefined) return name(hop);
  const unknown = unreadable.length === 0 || state === 'resolved' ? '' : `、${namesOf(unreadable)} は参照不可`;
  return `${from(facts)}→${name(between.to)}${unknown}`;
}

export function from({ between, streams }: IncidentFacts): string {
  const above = between?.from ?? '';
  return isWritten(above) ? unit(streams.nodes === true) : name(above);
}

/** `送信元`: where log lines are written, whatever it is. */
export function unit(nodes: boolean): string {
  return nodes ? 'ノード' : '送信元';
}

export function numberOf(affected: number, total: number, nodes: boolean): string {
  return affected === total && total > 1
    ? `全 ${counted(total)} ${unit(nodes)}`
    : `${counted(affected)}/${counted(total)} ${unit(nodes)}`;
}

export function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, 2).map(name);
  return speech.list({ shown, more: names.length - shown.length });
}
