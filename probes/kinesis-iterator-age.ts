/**
 * How far the readers of a Kinesis stream are behind, against its retention: what is not read by then is dropped unread.
 * CloudWatch mixes all readers that poll, this program's `read: follow` included; readers by enhanced fan-out do not show.
 */
import { z } from 'zod';
import {
  type CallOptions,
  type Check,
  type CheckResult,
  defineProbe,
  type ProbeContext,
  ProbeError,
} from '../src/probe.ts';
import { awsClientOptions, awsCommand, awsFields, awsTarget, bothHalvesOfKey } from './aws/aws-config.ts';
import { type Attempt, awsError, badAnswer, refuseWhenAborted } from './aws/aws-error.ts';
import { durationField } from './aws/duration-field.ts';
import { readStreamMetrics, type StreamMetrics } from './kinesis-iterator-age/stream-metrics.ts';

const Config = z
  .strictObject({
    stream: z
      .string()
      .regex(/^[a-zA-Z0-9_.-]{1,128}$/, 'letters, digits, dots, dashes and underscores, at most 128')
      .describe('Name of the stream.'),
    ...awsFields,
    cloudwatch_endpoint: awsFields.endpoint.describe('Like endpoint, for CloudWatch.'),
    retention: durationField(
      'Of the stream. Default: asked of Kinesis, which needs kinesis:DescribeStreamSummary.',
      '24h',
    ).optional(),
  })
  .refine(...bothHalvesOfKey);
type AgeConfig = z.output<typeof Config>;

/** Answers are small: 30 points, or one description. */
const maxAnswerBytes = 4 * 1024 * 1024;
const minuteMs = 60_000;
/** Without a point for so long, nobody reads. */
const silentMs = 5 * minuteMs;
/** Minutes with incoming records, of those five, that prove there was something to read. */
const busyMinutes = 3;
/** Half the retention leaves time to act. https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html */
const warnShare = 0.5;

async function open(config: AgeConfig, { clock }: ProbeContext): Promise<Check> {
  const cloudwatch = await import('@aws-sdk/client-cloudwatch');
  const watchConfig = { ...config, endpoint: config.cloudwatch_endpoint };
  const watch = new cloudwatch.CloudWatchClient(await awsClientOptions(watchConfig, maxAnswerBytes));
  const retention = await openRetention(config);
  return {
    async check({ signal }) {
      const attempt = {
        what: `read the iterator age of stream "${config.stream}"`,
        target: awsTarget('monitoring', watchConfig),
        needs: 'cloudwatch:GetMetricData',
        signal,
      };
      refuseWhenAborted(attempt);
      const limitMs = config.retention ?? (await retention.read({ signal }));
      const metrics = await readStreamMetrics(cloudwatch, watch, config.stream, clock.wall(), attempt);
      return judge(config.stream, metrics, limitMs);
    },
    async close() {
      watch.destroy();
      retention.close();
    },
  };
}

async function openRetention(config: AgeConfig) {
  const kinesis = await import('@aws-sdk/client-kinesis');
  const client = new kinesis.KinesisClient(await awsClientOptions(config, maxAnswerBytes));
  return {
    /** ms */
    async read({ signal }: CallOptions): Promise<number> {
      const attempt: Attempt = {
        what: `read the retention of stream "${config.stream}"`,
        target: awsTarget('kinesis', config),
        needs: 'kinesis:DescribeStreamSummary (or set retention)',
        signal,
      };
      const command = new kinesis.DescribeStreamSummaryCommand({ StreamName: config.stream });
      const answer = await client.send(command, { abortSignal: signal }).catch((error) => {
        throw awsError(attempt, error);
      });
      const hours = answer.StreamDescriptionSummary?.RetentionPeriodHours;
      if (typeof hours !== 'number' || !(hours > 0)) throw badAnswer(attempt, 'RetentionPeriodHours');
      return hours * 60 * minuteMs;
    },
    close: () => client.destroy(),
  };
}

/** A dead reader does not show as a great age: the age vanishes while records still come in. */
function judge(stream: string, { ages, incoming, end }: StreamMetrics, limitMs: number): CheckResult {
  const recent = (points: StreamMetrics['ages']) => points.filter(({ at }) => at >= end - silentMs);
  const busy = recent(incoming).filter(({ value }) => value > 0).length;
  const [newest, before] = ages;
  if (recent(ages).length === 0 && busy >= busyMinutes) {
    const problem = `stream ${stream}: records come in, but for 5 min nobody has read any (the iterator age has vanished)`;
    return { readings: [], problems: [problem] };
  }
  // A lone point may be one of the false peaks of nearly empty shards: awslabs/amazon-kinesis-client issue 158.
  if (recent(ages).length === 0 || newest === undefined || before === undefined) {
    return { readings: [], problems: [], why: noData(stream) };
  }
  const limit = limitMs / 1000;
  const value = Math.min(newest.value, before.value) / 1000;
  const reading = {
    measure: 'iterator-age',
    subject: stream,
    unit: 'seconds',
    value,
    limit,
    limitName: 'retention',
  } as const;
  return { readings: [{ ...reading, warnAt: limit * warnShare }], problems: [] };
}

/** An idle stream, a wrong name and a wrong region look alike in CloudWatch. */
function noData(stream: string): ProbeError {
  const message = `Cannot tell the iterator age of stream "${stream}": CloudWatch has fewer than two recent points. Nothing to do if the stream is idle; otherwise check its name, region and account.`;
  return new ProbeError(message, { reason: 'partial', retryable: true });
}

export default defineProbe({
  kind: 'kinesis-iterator-age',
  measures: 'How old the last record is that the readers of a Kinesis stream have got, against its retention.',
  check: {
    config: Config,
    target: (config) => awsTarget('monitoring', { ...config, endpoint: config.cloudwatch_endpoint }),
    names: (config) => ({ stream: config.stream, aws: awsCommand(config) }),
    open,
  },
  runbook: {
    reading: [
      'CloudWatch: which consumer is behind? Lambda IteratorAge and Errors, Firehose KinesisMillisBehindLatest, KCL MillisBehindLatest.',
      {
        run: '{aws} kinesis increase-stream-retention-period --stream-name {stream} --retention-period-hours 168',
        see: 'Takes effect at once, saves what is unread, and costs extra.',
      },
    ],
    'out-of-first-hop': [
      'CloudWatch, AWS/Kinesis, stream {stream}: does GetRecords.IteratorAgeMilliseconds rise? Then its consumer is stopped or too slow: see its log.',
    ],
    unreadable: [
      {
        run: '{aws} kinesis describe-stream-summary --stream-name {stream}',
        see: 'Have our credentials cloudwatch:GetMetricData and kinesis:DescribeStreamSummary?',
      },
    ],
    blind: [
      {
        run: '{aws} sts get-caller-identity',
        see: 'With the credentials and from the machine of logcanary: refused means wrong or expired; no answer, its network or DNS.',
      },
    ],
  },
});
