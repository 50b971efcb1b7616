/** An archive in S3, written by Firehose or whatever else writes whole objects. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { awsCommand, awsFields, awsTarget, bothHalvesOfKey } from './aws/aws-config.ts';
import { durationField } from './aws/duration-field.ts';
import { layoutForm } from './s3/key-layout.ts';
import { openS3Observer } from './s3/s3-observer.ts';

const Config = z
  .strictObject({
    bucket: z
      .string()
      .regex(/^[A-Za-z0-9._-]{3,255}$/, 'letters, digits, dots, dashes and underscores, at least 3')
      .describe('Name of the bucket.'),
    prefix: z.string().max(1024).default('').describe('What all keys of the archive begin with. Default: nothing.'),
    ...awsFields,
    layout: z
      .string()
      .regex(layoutForm, 'write auto, flat, or a pattern with YYYY such as year=YYYY/month=MM/day=DD/hour=HH/')
      .default('auto')
      .describe(
        'How keys go on behind the prefix: flat, or a pattern of UTC times (YYYY, MM, DD, HH). Default auto: YYYY/MM/DD/HH/, as Firehose writes, if only years are there, otherwise flat.',
      ),
    lookback: durationField(
      'How long before it becomes visible an object may be stamped or named: the buffer interval (Firehose: at most 15m) and the upload. Default 16m.',
      '16m',
    ).prefault('16m'),
    max_read_bytes: z
      .number()
      .int()
      .min(1024)
      .max(512 * 1024 * 1024)
      .default(128 * 1024 * 1024)
      .describe('Bytes of one look. Larger objects are not read. Default 128 MiB, the largest that Firehose buffers.'),
  })
  .refine(...bothHalvesOfKey);

/** `newest`: where the objects of this hour lie, as a shell says it. */
function namesOf(config: z.output<typeof Config>) {
  const { bucket, prefix, layout } = config;
  const pattern = layout === 'auto' ? 'YYYY/MM/DD/HH/' : layout === 'flat' ? '' : layout;
  const hour = pattern.replace('YYYY', '%Y').replace('MM', '%m').replace('DD', '%d').replace('HH', '%H');
  const newest = `${prefix}${hour === '' ? '' : `$(date -u +${hour})`}`;
  return { bucket, prefix, aws: awsCommand(config), ...(/^[\w./=+@%-]*$/.test(prefix + hour) && { newest }) };
}

export default defineProbe({
  kind: 's3',
  measures: 'Injection until the canary lies in an object of the S3 archive.',
  observe: {
    config: Config,
    target: (config) => awsTarget('s3', config),
    names: namesOf,
    open: openS3Observer,
  },
  asksAgain:
    'An archive cannot be searched: the objects that were written in and soon after five minutes of every hour are read once more for each age, until all is found, at most `max_read_bytes`. Where something is missing and that is spent, nothing is concluded.',
  runbook: {
    stopped: [
      {
        run: '{aws} s3 ls "s3://{bucket}/{newest}"',
        see: 'How old is the newest? Then the log of what writes there.',
      },
      'CloudWatch, AWS/Firehose: DeliveryToS3.DataFreshness and DeliveryToS3.Success; then its role, its KMS key and the policy of {bucket}.',
    ],
    slow: ['Firehose keeps records for its buffer interval (up to 15 min): within must be above interval plus upload.'],
    lossy: ['In {bucket}, under the error prefix of the Firehose (processing-failed/): what it could not deliver.'],
    unreadable: [
      {
        run: '{aws} s3api get-bucket-policy --bucket {bucket}',
        see: 'Have our credentials s3:ListBucket, s3:GetObject and kms:Decrypt? Objects must be text, gzip or zstd.',
      },
    ],
    blind: [
      {
        run: '{aws} sts get-caller-identity',
        see: 'With the credentials and from the machine of logcanary: refused means wrong or expired; no answer, its network or DNS.',
      },
    ],
    vanished: [
      {
        run: '{aws} s3api get-bucket-lifecycle-configuration --bucket {bucket}',
        see: "Does a rule expire objects sooner than retention of this hop in logcanary's configuration? Then set that, not the rule.",
      },
      'CloudTrail, DeleteObject and DeleteObjects on {bucket}: who removed objects of that time?',
    ],
    misrouted: ['The Firehoses of the pipelines named: their prefix and their bucket. Who may read {bucket}?'],
    unproven: [
      {
        run: "{aws} s3 ls 's3://{bucket}/{prefix}'",
        see: 'Are these the keys of the archive? Compare bucket, prefix and layout.',
      },
    ],
  },
});
