import type { Template } from '../core/template.ts';

/** First things to look at, by their English in the runbooks of `probes/` and in `src/core/first-look.ts`. */
export const japaneseLooks: Readonly<Record<string, Template>> = {
  // agents
  'Errors of its output?': '出力側のエラーがないか',
  'Is one not running, or restarting?': '停止中または再起動を繰り返す Pod がないか',
  'Which output fails, and why?': 'どの出力がなぜ失敗しているか',
  'Do we reach its port?': 'ポートに到達できるか',
  'Are they ready, and may we reach their port {port}?': 'Ready か、ポート {port} に到達できるか',
  'Records dropped: raise Retry_Limit (its default is 1) and set storage.type filesystem.':
    'レコード破棄の場合：Retry_Limit（既定値 1）を上げ、storage.type filesystem を設定してください。',
  'A paused input: raise Mem_Buf_Limit, or help the output; files that rotate away meanwhile are lost.':
    '入力が一時停止している場合：Mem_Buf_Limit を上げるか、出力側を回復させてください。その間にローテートされたファイルは失われます。',
  'Is HTTP_Server On, and storage.metrics for the limits of the inputs?':
    'HTTP_Server が On か。入力の上限を見るには storage.metrics も On が必要です。',
  'Events dropped are what the index refused (400: mapping conflicts); they are in no queue any more.':
    'イベント破棄は、インデックスが拒否したもの（400：マッピングの競合）です。キューにはもう残っていません。',
  'A full queue: Filebeat waits, and files that rotate away meanwhile are lost.':
    'キューが満杯の場合、Filebeat は待機します。その間にローテートされたファイルは失われます。',
  'Is http.enabled true, and does http.host let us in? localhost is reached from its own host only.':
    'http.enabled が true か、http.host が接続を許しているか。localhost には同じホストからしか接続できません。',
  'Which output fails? What could not be put is given up without a retry.':
    'どの出力が失敗しているか。「Could not put record」は再試行なしで破棄されます。',
  'A full buffer stops the tails (overflow_action throw_exception). Set retry_forever, or a <secondary>, so that nothing is thrown away.':
    'バッファーが満杯になると読み取りが止まります（overflow_action throw_exception）。破棄を防ぐには retry_forever か <secondary> を設定してください。',
  'Does monitor_agent or the prometheus plugin listen where we ask, one port for each worker?':
    'monitor_agent または prometheus プラグインが指定のポートで待ち受けているか（ワーカーごとに 1 ポート）。',
  'events.out that stands still is a dead output.': 'events.out が増えなければ、その出力は止まっています。',
  'Events refused are 400 or 404 of Elasticsearch: switch the dead letter queue on to keep them.':
    '拒否されたイベントは Elasticsearch の 400 または 404 です。残すには dead letter queue を有効にしてください。',
  'A full queue stops the inputs; the shippers before it fill next.':
    'キューが満杯になると入力が止まり、次に前段の送信側があふれます。',
  'Does the API listen where we ask (9600 to 9700), and does it ask for a password?':
    'API が指定のポート（9600〜9700）で待ち受けているか、パスワードを求めていないか。',
  'Test lines are there? Then the agent that tails this file does not pass them on: see its log.':
    'テスト行があれば、このファイルを読むエージェントが送れていません。エージェントのログを確認してください。',
  'Does the folder exist, is there room, and may the user of logcanary write there?':
    'フォルダーの有無、空き容量、logcanary の実行ユーザーの書き込み権限',

  // Kinesis and S3
  'ACTIVE? Then see whether agents log refused PutRecords.':
    'ACTIVE か。ACTIVE なら、エージェントのログで PutRecords の拒否を確認してください。',
  'CloudWatch, AWS/Kinesis, stream {stream}: IncomingRecords (does anything come in?) and WriteProvisionedThroughputExceeded (is it refused?).':
    'CloudWatch の AWS/Kinesis、ストリーム {stream}：IncomingRecords（流入の有無）と WriteProvisionedThroughputExceeded（拒否の有無）。',
  'CloudWatch, AWS/Kinesis, stream {stream}: compare IncomingBytes with 1 MB/s a shard; too few shards, or one hot shard.':
    'CloudWatch の AWS/Kinesis、ストリーム {stream}：IncomingBytes をシャードあたり 1 MB/s と比較。シャード不足か、特定シャードへの偏りです。',
  'The log of the agents: retries?': 'エージェントのログに再試行がないか。',
  'PutRecords answers 200 even where single records were refused: does the agent retry those?':
    'PutRecords は一部のレコードを拒否しても 200 を返します。エージェントがそれを再送しているか確認してください。',
  'CloudWatch, AWS/Kinesis, stream {stream}: PutRecords.FailedRecords and WriteProvisionedThroughputExceeded.':
    'CloudWatch の AWS/Kinesis、ストリーム {stream}：PutRecords.FailedRecords と WriteProvisionedThroughputExceeded を確認してください。',
  'ACTIVE? Encrypted: does the policy of its KMS key let us in?':
    'ACTIVE か。暗号化されている場合、KMS キーのポリシーで許可されているか',
  'From the machine of logcanary: does it answer at all? No: network, DNS, certificates there. Your own login says nothing of its credentials.':
    'logcanary のマシンから応答があるか。なければ、そのネットワーク、DNS、証明書を確認（自分のログインの可否は、logcanary の認証情報とは無関係です）',
  'Is {stream} the stream that the agents write to, in this region and account?':
    'エージェントの書き込み先が、このリージョンとアカウントの {stream} か',
  'ACTIVE? May our credentials kinesis:PutRecords, and is the stream throttled?':
    'ACTIVE か。kinesis:PutRecords の権限があるか、スロットリングされていないか',
  'CloudWatch: which consumer is behind? Lambda IteratorAge and Errors, Firehose KinesisMillisBehindLatest, KCL MillisBehindLatest.':
    'CloudWatch：どのコンシューマーが遅れているか。Lambda は IteratorAge と Errors、Firehose は KinesisMillisBehindLatest、KCL は MillisBehindLatest。',
  'Takes effect at once, saves what is unread, and costs extra.':
    '即座に反映され、未読のデータを失わずに済みます（追加料金あり）。',
  'CloudWatch, AWS/Kinesis, stream {stream}: does GetRecords.IteratorAgeMilliseconds rise? Then its consumer is stopped or too slow: see its log.':
    'CloudWatch の AWS/Kinesis、ストリーム {stream}：GetRecords.IteratorAgeMilliseconds が上昇していれば、コンシューマーの停止か処理遅延です。そのログを確認してください。',
  'Have our credentials cloudwatch:GetMetricData and kinesis:DescribeStreamSummary?':
    'cloudwatch:GetMetricData と kinesis:DescribeStreamSummary の権限があるか',
  'How old is the newest? Then the log of what writes there.':
    '最新のオブジェクトはいつのものか。続いて書き込み側のログを確認',
  'CloudWatch, AWS/Firehose: DeliveryToS3.DataFreshness and DeliveryToS3.Success; then its role, its KMS key and the policy of {bucket}.':
    'CloudWatch の AWS/Firehose：DeliveryToS3.DataFreshness と DeliveryToS3.Success。続いて Firehose のロール、KMS キー、{bucket} のポリシーを確認してください。',
  'Firehose keeps records for its buffer interval (up to 15 min): within must be above interval plus upload.':
    'Firehose はバッファー間隔（最大15分）だけレコードを溜めます。within は、間隔とアップロード時間の合計より長くしてください。',
  'In {bucket}, under the error prefix of the Firehose (processing-failed/): what it could not deliver.':
    '{bucket} 内、Firehose のエラープレフィックス（processing-failed/）の下に、配信できなかったものがあります。',
  'Have our credentials s3:ListBucket, s3:GetObject and kms:Decrypt? Objects must be text, gzip or zstd.':
    's3:ListBucket、s3:GetObject、kms:Decrypt の権限があるか。オブジェクトはテキスト、gzip、zstd のいずれかです。',
  'Are these the keys of the archive? Compare bucket, prefix and layout.':
    'アーカイブのキーと一致するか。bucket、prefix、layout を見比べてください。',

  // Elasticsearch
  'red, or no answer? Then the cluster takes no lines.':
    'red または無応答なら、クラスターが書き込みを受け付けていません。',
  'Anything but {}? Then its writes are blocked: a full disk, as a rule.':
    '{} 以外が返れば、書き込みがブロックされています（多くはディスク逼迫）。',
  'The log of the consumer that writes there: does it run? 429 and 403 are refusals of the cluster.':
    '書き込み側コンシューマーの稼働とログを確認してください。429 と 403 はクラスターによる拒否です。',
  'Writes that wait or are rejected: the cluster does not keep up.':
    '待機または拒否された書き込みがあれば、クラスターが追いついていません。',
  'Lines are found only after a refresh.': 'リフレッシュされるまで、行は検索できません。',
  'The backlog of the consumer that writes there.': '書き込み側コンシューマーの滞留量を確認してください。',
  'The log of the consumer: 400 (mapping conflicts) and 429 (full queues) drop single lines.':
    'コンシューマーのログ：400（マッピングの競合）や 429（キュー満杯）があると、行が個別に失われます。',
  'Ingest pipelines that fail, drop or reroute lines.': '行の失敗、破棄、転送を起こしている ingest pipeline がないか',
  'On Elasticsearch 8.19 and later: search <data stream>::failures.':
    'Elasticsearch 8.19 以降では、<data stream>::failures を検索してください。',
  'red, no master, or no answer?': 'red、マスター不在、無応答のいずれかでないか',
  'Shards that are not STARTED cannot be searched.': 'STARTED でないシャードは検索できません。',
  'Are these the indices that the pipeline writes to?': 'パイプラインの書き込み先のインデックスか',
  'Is the line in these fields, and are they searchable?': '行がこのフィールドに入り、検索できるか',
  'Is an index of that time gone, or were documents deleted?':
    '該当時刻のインデックスが消えていないか、ドキュメントが削除されていないか',
  "Right that they are gone so soon? Then only logcanary expects too much: set retention of hop {hop} in logcanary's configuration, and change nothing in Elasticsearch.":
    'この早さで消えるのが正しい場合は、logcanary の設定でホップ {hop} の retention を実際の保持期間に合わせてください。Elasticsearch 側は変更しないでください。',
  'If lines may be gone so soon, set retention of {hop}; an alias that means the newest index only forgets at each rollover.':
    'この時間で消えるのが正常なら、{hop} に retention を設定してください。最新のインデックスだけを指すエイリアスでは、ロールオーバーのたびに古い行が見えなくなります。',
  'Do lines go into an index that is not among these? What lies behind {hop} may read another one.':
    'ここにないインデックスへ書き込まれていないか。{hop} の後段は別のインデックスを参照している可能性があります。',
  'Do both read the same cluster, and the same index or alias?':
    '後段と logcanary が、同じクラスターの同じインデックスまたはエイリアスを参照しているか確認してください。',
  "The route of the pipelines named: the index that their agents or consumers write to, and its template's conditions.":
    '該当パイプラインの経路（エージェントやコンシューマーの書き込み先インデックスと、その振り分け条件）を確認してください。',
  'Who may read {index}? Lines of another tenant lie there.':
    '{index} の閲覧権限を確認してください。別テナントの行が入っています。',
  "Does a rule expire objects sooner than retention of this hop in logcanary's configuration? Then set that, not the rule.":
    'logcanary の設定の retention より早く失効させるルールがないか。意図したものなら、ルールではなく logcanary の設定を直してください。',
  'CloudTrail, DeleteObject and DeleteObjects on {bucket}: who removed objects of that time?':
    'CloudTrail で {bucket} の DeleteObject と DeleteObjects を確認し、該当時刻のオブジェクトを誰が削除したか調べてください。',
  'The Firehoses of the pipelines named: their prefix and their bucket. Who may read {bucket}?':
    '該当パイプラインの Firehose のプレフィックスとバケットを確認してください。{bucket} の閲覧権限も確認してください。',
  'Do all consumers behind {hop} read {stream}, or do lines take another way there, past it?':
    '{hop} の後段のコンシューマーがすべて {stream} を読んでいるか、別の経路で届く行がないか確認してください。',
  'The agents of the pipelines named: which stream does their output name?':
    '該当パイプラインのエージェントの出力先ストリームを確認してください。',
  'The rule whose posts go to {own}/hooks/hop/{hop}: which index does it search, and for whom?':
    '{own}/hooks/hop/{hop} に投稿するルールが、どのテナントのどのインデックスを検索しているか確認してください。',
  'Which node is full.': 'どのノードが満杯か',
  "What takes the room. First add room (a node, a bigger disk); delete, or shorten a retention, only with its owner's OK.":
    '容量を占めているもの。まずノード追加やディスク拡張で空きを作り、削除や保持期間の短縮は所有者の了承を得てから行ってください。',
  'Below the high watermark the flood block lifts by itself (before Elasticsearch 7.4: set index.blocks.read_only_allow_delete to null).':
    'high watermark を下回れば書き込みブロックは自動で解除されます（Elasticsearch 7.4 より前は index.blocks.read_only_allow_delete を null に設定）。',
  'Does it answer? 401 or 403 in this page: the user that logcanary uses (auth in its configuration) lacks the cluster privilege monitor.':
    '応答があるか。通知に 401 や 403 とある場合は、logcanary の設定の auth のユーザーに、クラスター権限 monitor がありません。',
  'Old? Then all nodes are late: see the index. Otherwise see the Metricbeat pod on the node named.':
    '古ければ全ノードが遅れています。インデックスを確認してください。新しければ、該当ノードの Metricbeat の Pod を確認してください。',
  'Metricbeat drops metrics after three tries and never sends them again.':
    'Metricbeat は 3 回失敗したメトリクスを破棄し、再送しません。',
  'state_node is asked by one leader only: see its lease, and kube-state-metrics.':
    'state_node はリーダー 1 台だけが取得します。その lease と kube-state-metrics を確認してください。',
  'Is it where Metricbeat writes, and may the canary user read it?':
    'Metricbeat の書き込み先か、カナリア用ユーザーに読み取り権限があるか',

  // alerters
  'Does the sender of {hop} run? Its log shows whether its posts to {own}/hooks/hop/{hop} get a 2xx.':
    '{hop} の送信側が稼働しているか。{own}/hooks/hop/{hop} への POST に 2xx が返っているか、送信側のログを確認してください。',
  'Does its rule still match, and its query still find, the test lines (they begin with logcanary)?':
    '送信側のルールとクエリが、テスト行（logcanary で始まる行）に一致しているか確認してください。',
  'Point the sender there, with http.secret of our configuration, and let its rule match test lines.':
    '送信先をこの URL にし（http.secret が必要）、ルールをテスト行に一致させてください。',
  "Compare with the sender's own interval: an alerter that runs every 5 minutes cannot be faster.":
    '送信側の実行間隔と比べてください。5 分間隔のアラーターは、それより速くなりません。',
  'Its log: posts to {own}/hooks/hop/{hop} that failed and were not repeated, alerts that were grouped or limited?':
    '送信側のログ：{own}/hooks/hop/{hop} への POST の失敗（再送なし）や、アラートの集約、件数制限がないか。',
  'Why rules fail, with the traceback.': 'ルールが失敗した理由（トレースバック付き）',
  'A rule that it disabled comes back when ElastAlert is started again or the file of the rule changes. To keep rules running: disable_rules_on_error: false.':
    '無効化されたルールは、ElastAlert の再起動かルールファイルの変更で復帰します。無効化を防ぐには disable_rules_on_error: false を設定してください。',
  'A rule whose index does not exist runs and finds nothing.':
    '存在しないインデックスを指すルールは、動作していても何も検出しません。',
  'Is it what ElastAlert writes to (writeback_index), and may we read it?':
    'ElastAlert の書き込み先（writeback_index）か、読み取り権限があるか',
  'Which receiver fails, and why?': 'どの receiver がなぜ失敗しているか',
  'Its cluster. Who silenced what: {url}/#/silences.': 'クラスターの状態。サイレンスの設定者と内容は {url}/#/silences',
  'No Watchdog: Prometheus, Status > Runtime & Build Information, shows the Alertmanagers that it sends to.':
    'Watchdog がない場合：Prometheus の Status > Runtime & Build Information で、送信先の Alertmanager を確認してください。',
  'Does it run? Until then no alert of Prometheus reaches anybody.':
    '稼働しているか。復旧するまで、Prometheus のアラートは誰にも届きません。',
  'Which rule fails, or which Alertmanager?': 'どのルール、またはどの Alertmanager が失敗しているか',
  'Why rules fail. Its page shows them too: {url}/rules, {url}/targets.':
    'ルールが失敗した理由。画面では {url}/rules と {url}/targets で確認できます。',
  'Its page: Status > Rules for errors of rules, Status > Targets for ours, Status > Runtime & Build Information for its Alertmanagers.':
    'Prometheus の画面：Status > Rules でルールのエラー、Status > Targets で logcanary のターゲット、Status > Runtime & Build Information で Alertmanager を確認してください。',
  'Rules that lag: too many series for its memory or CPU.':
    'ルール評価の遅れは、時系列数に対するメモリーか CPU の不足です。',
  'Does it run? After a start it answers 503 until it has read its log. Until then no rule fires.':
    '稼働しているか。起動直後は WAL を読み終えるまで 503 を返し、その間ルールは発火しません。',

  // Kubernetes
  'Errors? 403 in this page is a missing grant of logcanary (its Role); 5xx and time-outs are the API server itself.':
    'エラーがないか。通知にある 403 は logcanary の権限（Role）不足、5xx とタイムアウトは API サーバー側の問題です。',
  'Does the API server answer? If it does: 401 and 403 in this page are the ServiceAccount or kubeconfig of logcanary, a time-out is its network.':
    'API サーバーが応答するか。応答する場合、通知の 401 と 403 は logcanary の ServiceAccount または kubeconfig、タイムアウトは logcanary のネットワークの問題です。',
  'On which nodes is none, or none ready?': 'エミッターがない、または Ready でないノードはどれか',
  'Why is it not scheduled or not ready: taints, quota, image?':
    'スケジュールされない、Ready にならない理由（taint、クォータ、イメージ）',
  'The emitter was asked but printed nothing: errors?':
    'エミッターが依頼を受けても何も出力していません。エラーがないか',
  'Logs come through the API server from the kubelet: see both.':
    'ログは API サーバー経由で kubelet から届きます。両方を確認してください。',
  'Are these the emitters, and is {container} their container?':
    'これがエミッターの Pod か、コンテナー名が {container} か',
  'Watches that the API server refuses (RBAC)? Restarts for too little memory?':
    'API サーバーによる watch の拒否（RBAC）や、メモリー不足による再起動がないか',
  'What is behind it (state_* of Metricbeat, rules on kube_*) is as old as it is.':
    'これを使うもの（Metricbeat の state_*、kube_* を使うルール）も、同じだけ古くなっています。',
  'Does it run? Its page grows with the number of pods, and takes time.':
    '稼働しているか。応答は Pod 数に応じて大きくなり、時間がかかります。',

  'Then let {name} itself POST {url} after each run (bearer: http.secret). A ping sent by hand ends this, though {name} may never have run.':
    '続いて、{name} 自身が実行のたびに {url} へ POST するよう設定してください（Bearer は http.secret）。手動で ping を送ると、{name} が未実行でも解消してしまいます。',
  'What deletes at this moment? Then index lifecycle management (ILM), clean-up jobs, a reindex; the audit log of the cluster tells who.':
    '削除中の処理がないか。続いて ILM、クリーンアップジョブ、reindex を確認（誰が削除したかは監査ログで分かります）',
  '401 and 403 in this page: the credentials that logcanary uses, auth of hop {hop} in its configuration and the secret that they come from. 401: wrong or expired; 403: a privilege is missing.':
    '通知にある 401 と 403 は、logcanary が使う認証情報（設定のホップ {hop} の auth と、その参照元のシークレット）の問題です。401 は誤りか期限切れ、403 は権限不足です。',
  '401 and 403 in this page: the credentials that logcanary uses, auth in its configuration and the secret that they come from. 401: wrong or expired; 403: a privilege is missing.':
    '通知にある 401 と 403 は、logcanary が使う認証情報（設定の auth と、その参照元のシークレット）の問題です。401 は誤りか期限切れ、403 は権限不足です。',
  'Does the API server answer? No, or 5xx: it is down, and so is more than this.':
    'API サーバーが応答するか。無応答または 5xx なら、API サーバー自体の障害です（影響はテスト行だけではありません）。',
  'With the credentials and from the machine of logcanary: refused means wrong or expired; no answer, its network or DNS.':
    'logcanary のマシンから、logcanary の認証情報で実行。拒否されれば誤りか期限切れ、無応答ならネットワークか DNS',
  // ours
  "From logcanary's own machine: does it connect?": 'logcanary のマシンから接続できるか',
  "The network and DNS of logcanary's own machine: ip route, /etc/resolv.conf.":
    'logcanary のマシンのネットワークと DNS（ip route、/etc/resolv.conf）を確認してください。',
  "On logcanary's machine: is its time synchronised?": 'logcanary のマシンで、時刻が同期しているか',
  'Did {name} run? See its own log first, then what POST {url} answered it.':
    '{name} が実行されたかを、まず {name} 自身のログで確認し、続いて {url} への POST の応答を確認してください。',
  'Did {name} run? See its own log: as no ping ever came, nobody else can tell.':
    '{name} が実行されたかを、{name} 自身のログで確認してください。ping が一度も届いていないため、ほかでは分かりません。',
  'The logs of what writes to {hop}: retries after time-outs, or restarts? Both send a batch twice.':
    '{hop} に書き込む側のログに、タイムアウト後の再送や再起動がないか（いずれも同じ内容を二重に送ります）。',
  'Compare a damaged test line at {hop} with a whole one: cut (limits of length), split, or re-encoded?':
    '{hop} の破損したテスト行を正常な行と比べ、切り詰め（長さ制限）、分割、再エンコードのどれかを確認してください。',
  'Who else writes to {hop}? Most often: old logs that are replayed, or a second logcanary with the same names; else tell your security team.':
    '{hop} にほかに書き込むものを確認してください。多くは古いログの再送か、同名の別の logcanary です。どちらでもなければ、なりすましの疑いがあるためセキュリティ担当に連絡してください。',
  "On logcanary's machine: has the disk of its ledger (its database) room, and is it healthy?":
    'logcanary のマシンで、内部データベースのあるディスクに空きがあり、正常か',
  "logcanary's own log.": 'logcanary 自身のログを確認してください。',
  "From this logcanary's machine: does {name} answer? If not, does it run, and what does its log say?":
    'この logcanary のマシンから {name} が応答するか。応答がなければ、稼働状況とログを確認',
  'Compare the configuration of {name} with ours: deployment, pipelines and notify must be the same, and each has the other under peers.':
    '{name} と設定を見比べてください。deployment、pipelines、notify は同一で、互いを peers に登録している必要があります。',
  'See the status page for what you missed. Then repair the channel and run this: a drill that passes ends this incident.':
    '見逃した通知がないかステータスページで確認し、通知先の問題を直してから実行してください。通知テストに成功すると、このインシデントは解消します。',
  'Which hop is the first that is broken? The status page shows all of them.':
    '最初に異常が起きている箇所を、ステータスページの全体図で確認してください。',
  'Nothing to do: it only shows that pages reach you.': '対応は不要です。通知が届くことの確認です。',
};
