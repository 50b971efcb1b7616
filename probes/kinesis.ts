/** Amazon Kinesis Data Streams: writes canaries into a stream, and looks for them in it. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { awsFields, awsTarget, bothHalvesOfKey } from './aws/aws-config.ts';
import { durationField } from './aws/duration-field.ts';
import { openKinesisInjector } from './kinesis/kinesis-injector.ts';
import { openKinesisObserver } from './kinesis/kinesis-observer.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html */
const stream = z
  .string()
  .regex(/^[a-zA-Z0-9_.-]{1,128}$/, 'letters, digits, dots, dashes and underscores, at most 128')
  .describe('Name of the stream.');

const InjectConfig = z
  .strictObject({
    stream,
    ...awsFields,
    partition_key: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Same key, same shard. Default: a random key for each line, as log agents do.'),
  })
  .refine(...bothHalvesOfKey);

const ObserveConfig = z
  .strictObject({
    stream,
    ...awsFields,
    read: z
      .enum(['follow', 'on-demand'])
      .default('on-demand')
      .describe(
        'on-demand: read only while a canary is late and was not seen further down. follow: read everything, all the time: once a second and shard of the five reads that all consumers share.',
      ),
    limit: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(1_000)
      .describe('Records of one read. Without a limit a large answer locks all consumers out of the shard for 5 s.'),
    max_read_bytes: z
      .number()
      .int()
      .min(1024)
      .default(32 * 1024 * 1024)
      .describe('Bytes of one look over all shards. Default 32 MiB.'),
    propagation: durationField(
      'A record may become readable so long after it was written: a look is taken as of so much earlier. Default 1s.',
      '1s',
    ).prefault('1s'),
  })
  .refine(...bothHalvesOfKey);

export default defineProbe({
  kind: 'kinesis',
  measures: 'Injection until the canary can be read from the Kinesis stream.',
  inject: { config: InjectConfig, target: (config) => awsTarget('kinesis', config), open: openKinesisInjector },
  observe: { config: ObserveConfig, target: (config) => awsTarget('kinesis', config), open: openKinesisObserver },
  runbook: {
    stopped:
      'See whether agents log refused PutRecords, and WriteProvisionedThroughputExceeded and IncomingRecords of the stream.',
    slow: 'Too few shards or one hot shard: compare IncomingBytes with 1 MB/s a shard, and look for retries in the agents.',
    lossy: 'PutRecords answers 200 even where single records were refused: see whether the agent retries those.',
    unreadable: 'See the stream status, the IAM policy of our credentials, and the KMS key if the stream is encrypted.',
    unproven: 'Check the name, the region and the account of the stream; agents may write to another one.',
    injection: 'See whether our credentials may kinesis:PutRecords, and whether the stream is throttled.',
  },
});
