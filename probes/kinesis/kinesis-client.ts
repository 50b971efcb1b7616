/** The Kinesis client as both roles of the probe open it. */
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { type AwsConfig, awsClientOptions } from '../aws/aws-config.ts';

/**
 * Bound of any answer, bytes. GetRecords gives at most 10 MiB of records, 14 MB in base64.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
 */
const maxAnswerBytes = 16 * 1024 * 1024;

export type KinesisModule = typeof import('@aws-sdk/client-kinesis');

/** The vendor's module, loaded only now, and a client of it. */
export async function openKinesis(config: AwsConfig): Promise<{ kinesis: KinesisModule; client: KinesisClient }> {
  const kinesis = await import('@aws-sdk/client-kinesis');
  return { kinesis, client: new kinesis.KinesisClient(await awsClientOptions(config, maxAnswerBytes)) };
}

/** What a stream is known by in the ledger; must not change for a stream that stays. */
export function streamKey({ region, stream }: AwsConfig & { readonly stream: string }): string {
  return region === undefined ? stream : `${region}/${stream}`;
}
