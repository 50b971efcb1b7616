import type { Template } from '../core/template.ts';

/**
 * What checks find wrong, by their English: probes say it in one language, with names in it, so it is recognised by what stands
 * between the names. The first that fits holds, and what it holds is looked up again; what fits none stays English.
 */
export const japaneseProblems: Readonly<Record<Template, Template>> = {
  // Elasticsearch
  'index {index} refuses writes ({block})': 'インデックス {index} が書き込みを拒否しています（{block}）',
  'indices {indices} refuse writes ({block})': 'インデックス {indices} が書き込みを拒否しています（{block}）',
  'the cluster refuses all writes ({block})': 'クラスターがすべての書き込みを拒否しています（{block}）',
  'the cluster refuses new indices ({block}): the next rollover or new day fails':
    'クラスターがインデックスの新規作成を拒否しています（{block}）。次のロールオーバーまたは日付の変わり目に失敗します',
  '{failed} of {total} nodes did not answer how full they are':
    '{total} ノード中 {failed} ノードからディスク使用量の応答がありません',
  'metricbeat: no {module} metrics of {nodes}, Ready, for {window}':
    'Ready ノード {nodes} の {module} メトリクスが {window} の間ありません（metricbeat）',
  'state_node is {age} s old: the leader of Metricbeat does not run, or kube-state-metrics does not answer it':
    'state_node が {age} 秒前のものです。Metricbeat のリーダーが停止しているか、kube-state-metrics が応答していません',

  // Kinesis
  'stream {stream}: records come in, but for 5 min nobody has read any (the iterator age has vanished)':
    'ストリーム {stream} に流入がありますが、5 分間だれも読んでいません（iterator age が消失）',

  // agents
  '{agent} rolls out revision {revision} ({updated} of {total} updated); on {nodes} it {why} for more than 3 min':
    '{agent} はリビジョン {revision} を展開中です（{total} 中 {updated} 更新済み）。{nodes} では 3 分以上「{why}」の状態です',
  '{agent} {why} on {nodes}, Ready nodes, for more than 3 min':
    'Ready ノード {nodes} の {agent} が 3 分以上「{why}」の状態です',
  '{agent} on {nodes} has not told its figures for more than 3 min ({why})':
    '{nodes} の {agent} から 3 分以上指標を取得できません（{why}）',
  'input {input} is paused: its buffer is full': '入力 {input} が一時停止中です（バッファー満杯）',
  'output {output} fails and tries again; after 72 h (retry_timeout) its queue is thrown away':
    '出力 {output} が失敗し再試行中です。72 時間（retry_timeout）でキューごと破棄されます',
  'pipeline {pipeline} is blocked: its inputs wait for its queue':
    'パイプライン {pipeline} が停止しています（入力がキュー待ち）',
  'kube-state-metrics shows no node: see its --resources and its ClusterRole':
    'kube-state-metrics がノードを 1 つも返しません。--resources と ClusterRole を確認してください',
  'kube-state-metrics does not show {nodes}, Ready for more than 3 min':
    '3 分以上 Ready のノード {nodes} が kube-state-metrics に現れません',

  // alerters
  '{member} does not settle into its cluster': '{member} がクラスターに参加しきれていません',
  '{member} is in no cluster: each of {total} members sends every notification':
    '{member} がクラスターに属していません。{total} 台がそれぞれ全通知を送信します',
  '{member} sees {seen} of {total} members of its cluster':
    '{member} から見えるクラスターメンバーは {total} 台中 {seen} 台です',
  '{member} cannot reach {failed} members of its cluster': '{member} がクラスターの {failed} 台に到達できません',
  '{member} runs with an older configuration: it could not load the newest':
    '{member} が最新の設定を読み込めず、古い設定で動作しています',
  '{member} has no alert {watchdog}: no Prometheus reaches it, or none has a rule that always fires':
    '{member} に常時発火アラート {watchdog} がありません。Prometheus が到達できないか、該当ルールがありません',
  '{member}: {watchdog} is silenced{by}': '{member}：{watchdog} がサイレンスされています{by}',
  '{member}: {watchdog} is inhibited by another alert': '{member}：{watchdog} が別のアラートに抑止されています',
  '{member}: {watchdog} is muted by the time interval {interval}':
    '{member}：{watchdog} が時間帯設定 {interval} でミュートされています',
  '{member}: {watchdog} is routed to {receivers} and not to {receiver}':
    '{member}：{watchdog} の送信先が {receiver} ではなく {receivers} です',
  '{member}: rule {rule} cannot be evaluated: {answer}': '{member}：ルール {rule} を評価できません：{answer}',
  '{member}: {more} more rules fail: {rules}': '{member}：ほかに {more} 件のルールが失敗しています：{rules}',
  '{member}: rule group {group} takes {took} s of its {interval} s, so evaluations are left out':
    '{member}：ルールグループ {group} の評価に {took} 秒（間隔 {interval} 秒）かかり、評価が抜けています',
  '{member} does not scrape logcanary: it has no target of job {job}':
    '{member} が logcanary を収集していません（ジョブ {job} のターゲットなし）',
  '{member} cannot scrape logcanary at {instances}': '{member} が logcanary（{instances}）を収集できません',
  '{member} has no Alertmanager to send alerts to': '{member} にアラート送信先の Alertmanager がありません',
  '{member} has {found} of {wanted} Alertmanagers to send alerts to':
    '{member} のアラート送信先の Alertmanager が {wanted} 台中 {found} 台です',
  '{member} could not send alerts to {host}: {failed} errors in the last 10 min':
    '{member} が {host} にアラートを送信できません（直近 10 分に {failed} 件失敗）',
  '{member}: remote write {remote} refused {count} samples for good in the last 10 min':
    '{member}：remote write {remote} が直近 10 分に {count} サンプルを完全に拒否しました',
  '{member}: remote write {remote} has not got a sample through':
    '{member}：remote write {remote} に 1 サンプルも届いていません',
  '{kind}: no answer from {members}': '{kind}：{members} から応答がありません',

  // ElastAlert
  'elastalert rules {why}: {rules}': 'ElastAlert のルール {rules}：{why}',
  'disabled by ElastAlert ({error})': 'ElastAlert により無効化（{error}）',
  'not getting through a run any more ({error})': '実行を完了できなくなっています（{error}）',
  'not run lately (disabled, removed, or never loaded)': '最近実行されていません（無効、削除、または未ロード）',
  'not running any more while others do (disabled, removed, or stuck)':
    'ほかのルールは動いているのに実行されていません（無効、削除、または停止）',
  'running with errors ({error})': 'エラーを出しながら動作中（{error}）',
  'slower than the time between two runs, so falling behind': '実行間隔より処理が長く、遅れています',
  'silenced, so that no canary comes back': 'サイレンス中のため、カナリアが返ってきません',
  'running without finding a canary (see index and filter)':
    '動作していますがカナリアを検出していません（index と filter を確認）',
  'elastalert: could not load {files}': 'ElastAlert が {files} を読み込めません',
  'elastalert: {unsent} alerts could not be sent for more than 5 min':
    'ElastAlert が 5 分以上 {unsent} 件のアラートを送信できていません',

  // Anything that agents say of themselves; last, as it fits much.
  '{agent} on {nodes}: {what}': '{nodes} の {agent}：{what}',
};
