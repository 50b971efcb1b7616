/** Amazon Kinesis Data Streams: writes canaries into a stream, and looks for them in it. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { awsCommand, awsFields, awsTarget, bothHalvesOfKey } from './aws/aws-config.ts';
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

function namesOf(config: z.output<typeof InjectConfig> | z.output<typeof ObserveConfig>) {
  return { stream: config.stream, aws: awsCommand(config) };
}

export default defineProbe({
  kind: 'kinesis',
  measures: 'Injection until the canary can be read from the Kinesis stream.',
  inject: {
    config: InjectConfig,
    target: (config) => awsTarget('kinesis', config),
    names: namesOf,
    open: openKinesisInjector,
  },
  observe: {
    config: ObserveConfig,
    target: (config) => awsTarget('kinesis', config),
    names: namesOf,
    open: openKinesisObserver,
  },
  asksAgain:
    'Not possible: a stream can be read again from a time on, but only as a whole, from the reads that all its consumers share.',
  runbook: {
    stopped: [
      {
        run: '{aws} kinesis describe-stream-summary --stream-name {stream}',
        see: 'ACTIVE? Then see whether agents log refused PutRecords.',
      },
      'CloudWatch, AWS/Kinesis, stream {stream}: IncomingRecords (does anything come in?) and WriteProvisionedThroughputExceeded (is it refused?).',
    ],
    slow: [
      'CloudWatch, AWS/Kinesis, stream {stream}: compare IncomingBytes with 1 MB/s a shard; too few shards, or one hot shard.',
      'The log of the agents: retries?',
    ],
    lossy: [
      'PutRecords answers 200 even where single records were refused: does the agent retry those?',
      'CloudWatch, AWS/Kinesis, stream {stream}: PutRecords.FailedRecords and WriteProvisionedThroughputExceeded.',
    ],
    unreadable: [
      {
        run: '{aws} kinesis describe-stream-summary --stream-name {stream}',
        see: 'ACTIVE? Encrypted: does the policy of its KMS key let us in?',
      },
    ],
    blind: [
      {
        run: '{aws} sts get-caller-identity',
        see: 'With the credentials and from the machine of logcanary: refused means wrong or expired; no answer, its network or DNS.',
      },
    ],
    inconsistent: ['Do all consumers behind {hop} read {stream}, or do lines take another way there, past it?'],
    misrouted: ['The agents of the pipelines named: which stream does their output name?'],
    unproven: [
      {
        run: '{aws} kinesis list-streams',
        see: 'Is {stream} the stream that the agents write to, in this region and account?',
      },
    ],
    injection: [
      {
        run: '{aws} kinesis describe-stream-summary --stream-name {stream}',
        see: 'ACTIVE? May our credentials kinesis:PutRecords, and is the stream throttled?',
      },
    ],
  },
});
