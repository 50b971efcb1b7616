import type { EvidenceKey } from '../core/evidence.ts';
import type { Template } from '../core/template.ts';

/** Evidence in Japanese. Names, and what others answered, stay as they are. */
export const japaneseEvidence: Readonly<Record<EvidenceKey, Template>> = {
  stopped: '対象の最新のテスト行が {hop} で期限を超過しており、新たに届いた行はありません。',
  slow: '対象のテスト行の大半が、許容時間 {within:span}を過ぎてから {hop} に届いています。',
  lossy:
    '{hop} では、テスト行 {trials:number} 件のうち {losses:number} 件が後続に追い越されたまま届いていません。欠損率は少なくとも {least:share}（95%信頼）、許容値は {budget:share} です。',
  'lossy-burning':
    '直近 {window:span}のテスト行 {trials:number} 件のうち {losses:number} 件が、後続に追い越されたまま {hop} に届いていません。直近 {short:span}も欠損が続いています。欠損率は {share:share}、少なくとも {least:share}（95%信頼）、許容値は {budget:share} です。',
  'lossy-slowly':
    '{window:span}の間のテスト行 {trials:number} 件のうち {losses:number} 件が、後続に追い越されたまま {hop} に届いていません。欠損率は {share:share}、少なくとも {least:share}（95%信頼）、許容値は {budget:share} です。',
  duplicated: '{hop} に届いたテスト行 {arrived:number} 件のうち {count:number} 件が重複しています。',
  corrupted: '{hop} に届いたテスト行 {arrived:number} 件のうち {count:number} 件が破損しています。',
  forged: 'テスト行に似ていますが、こちらの署名のない行が {hop} に届いています。なりすましまたは再送の疑いがあります。',
  vanished:
    '{age:span}後に {hop} を再確認したところ、到達済みのテスト行 {asked:number} 件のうち {missing:number} 件が見つかりません。',
  inconsistent:
    '{age:span}後に {hop} を再確認したところ、テスト行 {asked:number} 件のうち {missing:number} 件は、後段で検出済みにもかかわらず一度も見つかっていません。',
  'not-shown':
    '後段（{below:list}）で検出済みのテスト行 {missing:number} 件が、{hop} の参照に成功していても見つかりません。ほかの {here:number} 件は見つかっています。',
  misrouted: '{from:list} のテスト行 {count:number} 件が {hop} に届いています。{hop} は {pipeline} 専用の設定です。',
  unproven: '{hop} でテスト行を一度も検出していません。障害よりも logcanary の設定誤りが疑われます。',
  'not-readable': '参照できません。応答：{answer}',
  'figure-not-readable': 'この指標を取得できません。応答：{answer}',
  isolated:
    '監視対象 {targets:number} 件（{hops:list}）のどこからも応答がありません。logcanary 自体の通信が途絶えており、ログの流れは不明です。{answer}',
  'not-written': 'テスト行が書き込まれていないため、該当箇所ではログの流れを計測できていません。応答：{answer}',
  'not-handed-over': '新しいテスト行を引き渡せません。応答：{answer}',
  'not-listed': '書き込み先の一覧を取得できません。応答：{answer}',
  'goes-on': '引き渡し済みのテスト行は、少なくともあと {left:span}は書き込まれます。',
  'ran-out': '引き渡し済みのテスト行は尽きています。',
  uncovered:
    '監視すべき {total:number} 箇所のうち {bare:number} 箇所で、稼働中のエミッターがありません（{places:list}）。該当箇所の流れは不明です。',
  'clock-ahead':
    'logcanary のマシンの時刻が約 {by:span}進みました。判定は独立した時刻で行うため、通知への影響はありません。',
  'clock-behind':
    'logcanary のマシンの時刻が約 {by:span}戻りました。判定は独立した時刻で行うため、通知への影響はありません。',
  'ping-late': '定期 ping「{name}」が {for:span}届いていません。本来は {every:span}ごとに届きます。',
  'ping-never':
    '定期 ping「{name}」が、logcanary の起動から {for:span}の間に一度も届いていません。本来は {every:span}ごとに届きます。一度も実行されていないか、ping が未設定か、宛先またはシークレットの誤りです。',
  'figure-over': '{figure}：{used:level}、 {limit:term} に到達または超過しています。',
  'figure-near': '{figure}：{used:level}、上限は {limit:term} です。',
  'figure-soon':
    '{figure}：{used:level}。このまま続くと、約 {left:span}後（{earliest:span}〜{latest:span}後）に {limit:term} に達します。',
  'figure-perhaps-soon':
    '{figure}：{used:level}。このまま続くと、約 {left:span}後（早ければ {earliest:span}後）に {limit:term} に達します。',
  'figures-more': 'ほか {more:number} 件。',
  problem: '検出した問題：{problem:term}。',
  dropped: '{names:list} の {agent}：{what:term} {count:number} 件。',
  'dropped-by': '{names:list} の {agent}：{what:term} {count:number} 件（{subject}）。',
  'stopped-too': '{hops:list} でも同じテスト行が届いていません。両方への送り元が共通のため、まとめて通知しています。',
  flapping:
    '{within:span}の間に {times:number} 回発生と復旧を繰り返しています。正常が {steady:span}続くまで未解決のままとします。',
  storm: 'ほぼ同時に {count:number} 件の異常が発生しています：{places:list}。まとめてこの 1 通でお知らせします。',
  'still-behind': '後段の {hops:list} にはテスト行が届き続けています。',
  'stopped-before':
    '{from} からのテスト行は後段の {hops:list} に届いていませんが、{entry} に直接書き込んだものは届いています。{entry} の手前で停止しています。',
  'nothing-behind':
    '後段の {hops:list} にも届いていません。{from} からそこまでのどこかで停止している可能性があります。',
  nowhere: 'テスト行の書き込み先が一つもなく、ログの流れは不明です。',
  'not-awake':
    '稼働時間（{hours}）に入っていますが、テスト行の書き込み先がありません。起動していないか、ノードを確認できない状態です。',
  'peer-silent':
    'もう一方の logcanary「{name}」から {for:span}応答がありません。こちらが単独で通知と解消を続けます。直近の結果：{answer}。',
  'peer-never':
    'もう一方の logcanary「{name}」から、こちらの起動後 {for:span}の間に一度も応答がありません。その間は双方がすべて通知するため、同じ通知が 2 回届くことがあります。直近の結果：{answer}。',
  'peer-differs':
    'もう一方の logcanary「{name}」の設定がこちらと異なります（{settings:list}）。通知と解消の基準が揃っていません。',
  'peer-deaf': 'もう一方の logcanary「{name}」からの応答はありますが、「{name}」側はこちらの応答を受け取れていません。',
  'peer-told': 'もう一方の logcanary「{name}」（現在は応答なし）が通知したものです。こちらでは正常と確認しています。',
  undelivered: '通知テスト（{drill}）の通知が {channels:list} に最後まで届きませんでした。{answer}',
  drill: 'これは通知が届くことを確かめる通知テスト（{drill}、実施者 {by}）です。自動で解消されます。',
  test: 'logcanary page-test によるテスト通知です。障害は発生していません。この通知はすぐに自動で解消されます。',
};

/** What limits and counters of our own are called; names of settings and stages stay as they are. */
export const japaneseTerms: Readonly<Record<string, string>> = {
  'disk full (the watermarks are off)': 'ディスク満杯（watermark 無効）',
  retention: '保持期間',
  'retry_timeout (72h unless set)': 'retry_timeout（未設定なら 72h）',
  'storage.total_limit_size (then the oldest are dropped)': 'storage.total_limit_size（超過分は古い順に破棄）',
  'ten evaluations of its rules left out': 'ルール評価 10 回分の欠落',
  'ten periods without any rule having run': 'どのルールも 10 周期動かない状態',
  'the end of the alert that must always fire': '常時発火アラートの失効',
  'the size of the queue': 'キューの上限',
  'total_limit_size (then inputs wait, or lose)': 'total_limit_size（超過すると入力が待機または破棄）',
  'two hours, after which samples are lost': '2 時間（超過分のサンプルは失われる）',
  'two minutes without a renewed node lease': 'node lease が 2 分間更新されない状態',
  'three periods, or a minute': '3 周期または 1 分',
  'batches given up after their last retry': '再試行の末に破棄されたバッチ',
  'batches lost before the buffer': 'バッファー前に失われたバッチ',
  'dead letters expired unread': '読まれずに失効した dead letter',
  'documents dropped as conflicts': '競合により破棄されたドキュメント',
  'events dropped as the dead letter queue is full': 'dead letter queue 満杯により破棄されたイベント',
  'events dropped before the queue': 'キュー前に破棄されたイベント',
  'events dropped': '破棄されたイベント',
  'events refused and dropped': '拒否され破棄されたイベント',
  'events sent to the dead letter index': 'dead letter index に送られたイベント',
  'events sent to the dead letter queue': 'dead letter queue に送られたイベント',
  'failed writes (given up, or tried again)': '失敗した書き込み（破棄または再試行）',
  'failures to write the registry': 'レジストリの書き込み失敗',
  'lines cut as too long': '長すぎて切り詰められた行',
  'lines skipped as too long': '長すぎて読み飛ばされた行',
  'multi-line records cut': '切り詰められた複数行レコード',
  'records dropped': '破棄されたレコード',
};
