/** An archive in S3, written by Firehose or whatever else writes whole objects. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { awsFields, awsTarget, bothHalvesOfKey } from './aws/aws-config.ts';
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

export default defineProbe({
  kind: 's3',
  measures: 'Injection until the canary lies in an object of the S3 archive.',
  observe: { config: Config, target: (config) => awsTarget('s3', config), open: openS3Observer },
  runbook: {
    stopped: [
      {
        run: "{aws} s3 ls 's3://{bucket}/{prefix}'",
        see: 'How old is the newest? Then the log of what writes there.',
      },
      'CloudWatch, AWS/Firehose: DeliveryToS3.DataFreshness and DeliveryToS3.Success; then its role, its KMS key and the policy of {bucket}.',
    ],
    slow: [
      'Firehose keeps records for its buffer interval (up to 15 min): within must be above interval plus upload.',
    ],
    lossy: [
      {
        run: "{aws} s3 ls 's3://{bucket}/' --recursive | grep processing-failed",
        see: 'What Firehose could not deliver lies under its error prefix.',
      },
    ],
    unreadable: [
      {
        run: '{aws} s3api get-bucket-policy --bucket {bucket}',
        see: 'Have our credentials s3:ListBucket, s3:GetObject and kms:Decrypt? Objects must be text, gzip or zstd.',
      },
    ],
    blind: [
      { run: '{aws} sts get-caller-identity', see: 'From the machine of logcanary: its network, DNS, credentials.' },
    ],
    unproven: [
      {
        run: "{aws} s3 ls 's3://{bucket}/{prefix}'",
        see: 'Are these the keys of the archive? Compare bucket, prefix and layout.',
      },
    ],
  },
});
