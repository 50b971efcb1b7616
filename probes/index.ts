/** Every probe there is: one line each. */
import type { AnyProbe } from '../src/probe.ts';
import alertmanager from './alertmanager.ts';
import elastalertRules from './elastalert-rules.ts';
import elasticsearch from './elasticsearch.ts';
import elasticsearchDisk from './elasticsearch-disk.ts';
import file from './file.ts';
import filebeatQueue from './filebeat-queue.ts';
import fluentBitBuffer from './fluent-bit-buffer.ts';
import fluentdBuffer from './fluentd-buffer.ts';
import kinesis from './kinesis.ts';
import kinesisIteratorAge from './kinesis-iterator-age.ts';
import kubeStateMetrics from './kube-state-metrics.ts';
import kubernetes from './kubernetes.ts';
import kubernetesLog from './kubernetes-log.ts';
import logstashQueue from './logstash-queue.ts';
import metricbeatFreshness from './metricbeat-freshness.ts';
import prometheus from './prometheus.ts';
import s3 from './s3.ts';
import webhook from './webhook.ts';

const probes: readonly AnyProbe[] = [
  file,
  kinesis,
  elasticsearch,
  s3,
  webhook,
  kubernetes,
  kubernetesLog,
  elasticsearchDisk,
  kinesisIteratorAge,
  fluentBitBuffer,
  fluentdBuffer,
  filebeatQueue,
  logstashQueue,
  metricbeatFreshness,
  kubeStateMetrics,
  elastalertRules,
  alertmanager,
  prometheus,
];
export default probes;
