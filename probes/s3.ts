/** An archive in S3, written by Firehose or whatever else writes whole objects. */
import { z } from 'zod';
import { defineProbe, parseDuration } from '../src/probe.ts';
import { awsFields, awsTarget, bothHalvesOfKey } from './aws/aws-config.ts';
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
    lookback: durationMs('16m').describe(
      'How long before it becomes visible an object may be stamped or named: the buffer interval (Firehose: at most 15m) and the upload. Default 16m.',
    ),
    max_read_bytes: z
      .number()
      .int()
      .min(1024)
      .max(512 * 1024 * 1024)
      .default(128 * 1024 * 1024)
      .describe('Bytes of one look. Larger objects are not read. Default 128 MiB, the largest that Firehose buffers.'),
  })
  .refine(...bothHalvesOfKey);
