/** Writing to a bucket of the S3 emulator, apart from the probe under test. */
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { emulatorCredentials } from '../../src/sandbox/s3-emulator.ts';

export interface TestBucket {
  put(key: string, body: Buffer): Promise<void>;
  remove(key: string): Promise<void>;
  close(): void;
}

export function openTestBucket(endpoint: string, bucket: string): TestBucket {
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: emulatorCredentials,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  return {
    async put(Key, Body) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
    },
    async remove(Key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    },
    close: () => client.destroy(),
  };
}
