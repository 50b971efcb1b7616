/** Reading positions handed back damaged: a look reads on, reads anew, or says that it could not; it never skips in silence. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { writeCursor as writeKinesis } from '../../probes/kinesis/kinesis-cursor.ts';
import kinesis from '../../probes/kinesis.ts';
import { writeCursor as writeS3 } from '../../probes/s3/s3-cursor.ts';
import s3 from '../../probes/s3.ts';
import { isoTime } from '../../src/http/moment.ts';
import { silentLog } from '../../src/lib/log.ts';
import { type Look, type Observer, ProbeError } from '../../src/probe.ts';
import { AwsFault, startAwsJsonService } from '../fakes/aws-json-service.ts';
import { canaryLines } from '../fakes/canary-lines.ts';
import { hastyClock } from '../fakes/hasty-clock.ts';
import { editJson, editText, hostileNumbers, hostileValues, textEdits } from './mutation.ts';
import { checking, type FuzzTarget, refuse } from './target.ts';

const minute = 60_000;
const [line = { token: '', text: '' }] = canaryLines(1, 9);
const sequenceNumber = '49590338271490256608559692538361571095921575989136588898';
const aws = { region: 'us-east-1', access_key_id: 'test', secret_access_key: 'test' };

interface Damaged {
  readonly cursor: string;
  /** No honest writer can have left it: what it claims to have read must not be believed. */
  readonly absurd: boolean;
}

/** Texts that are nearly the cursor, and cursors with a value in them that cannot be. */
const damagedCursors = (whole: string): fc.Arbitrary<Damaged> => {
  const value: unknown = JSON.parse(whole);
  const future = hostileNumbers.filter((number) => number >= 1e15 || !Number.isInteger(number));
  return fc.oneof(
    textEdits.map((edits) => ({ cursor: editText(whole, edits), absurd: false })),
    fc
      .tuple(fc.nat(), fc.oneof(future, fc.constantFrom<unknown>(null, true, {}, 'tzzzzzzzzzzz', 't', -1)))
      .map(([draw, by]) => ({ cursor: JSON.stringify(editJson(value, draw, by)), absurd: true })),
    hostileValues.map((one) => ({ cursor: JSON.stringify(one), absurd: true })),
  );
};

/** When the canary was written, and the moment of asking. */
interface Times {
  readonly written: number;
  readonly asOf: number;
}

async function lookWith(observer: Observer, { cursor, absurd }: Damaged, { written, asOf }: Times): Promise<void> {
  const question = { asOf, since: written - minute, count: 1, tokens: () => [line.token], prefixes: [], cursor };
  let look: Look;
  try {
    look = await observer.observe(question, { signal: new AbortController().signal });
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    if (error.reason === 'internal') refuse(`our own bug: ${error.message}`);
    return;
  }
  if ((look.asOf ?? asOf) > asOf) refuse('as of the future');
  const found = look.finds.some(({ token }) => token === line.token);
  const accuses = look.coverage === 'complete' && (look.since ?? 0) <= written && (look.asOf ?? asOf) >= written;
  if (absurd && accuses && !found)
    refuse(`complete without the canary that is there, by the cursor ${cursor.slice(0, 200)}`);
}

async function openKinesis(clock: ReturnType<typeof hastyClock>, written: number) {
  const record = {
    SequenceNumber: sequenceNumber,
    Data: Buffer.from(line.text).toString('base64'),
    PartitionKey: 'p',
    ApproximateArrivalTimestamp: written / 1000,
  };
  const service = await startAwsJsonService({
    ListShards: () => ({ Shards: [{ ShardId: 'shardId-000000000000', HashKeyRange: {}, SequenceNumberRange: {} }] }),
    GetShardIterator: (input) => iteratorFor(input, written),
    GetRecords: ({ ShardIterator }) => ({
      Records: ShardIterator === 'whole' ? [record] : [],
      NextShardIterator: 'tip',
      MillisBehindLatest: 0,
    }),
  });
  const role = kinesis.observe;
  if (role === undefined) return refuse('the probe does not observe');
  const config = role.config.parse({ ...aws, stream: 'logs', endpoint: service.endpoint, read: 'follow' });
  return { service, observer: await role.open(config, { clock, log: silentLog }) };
}

/** As Kinesis does: from a time on, behind the record, and an error for a record that the shard never held. */
function iteratorFor(
  { ShardIteratorType, Timestamp, StartingSequenceNumber }: Record<string, unknown>,
  written: number,
) {
  if (ShardIteratorType === 'AT_TIMESTAMP') {
    return { ShardIterator: Number(Timestamp) * 1000 <= written ? 'whole' : 'tip' };
  }
  if (StartingSequenceNumber !== sequenceNumber) throw new AwsFault('InvalidArgumentException');
  return { ShardIterator: 'tip' };
}

const kinesisCursors: FuzzTarget = {
  name: 'cursors: kinesis',
  runs: 60,
  async open() {
    const clock = hastyClock();
    const asOf = clock.now();
    const written = asOf - 5 * minute;
    const { service, observer } = await openKinesis(clock, written);
    const start = written - minute;
    const shards = new Map([['shardId-000000000000', { time: start }]]);
    const whole = writeKinesis({ start, at: asOf - 1_000, shards }, 'us-east-1/logs');
    const property = fc.asyncProperty(damagedCursors(whole), (damaged) => {
      clock.advance(2_000);
      return lookWith(observer, damaged, { written, asOf });
    });
    return checking(property, async () => {
      await observer.close();
      await service.stop();
    });
  },
};

/** A bucket with one object, of the time the canary was written. */
export async function openBucket(written: number) {
  // ISO 8601 without a clock: seconds are all that S3 gives
  const modified = isoTime(written);
  const listing = `<?xml version="1.0"?><ListBucketResult><Name>logs</Name><IsTruncated>false</IsTruncated><KeyCount>1</KeyCount><Contents><Key>a.log</Key><LastModified>${modified}</LastModified><ETag>&quot;e1&quot;</ETag><Size>${line.text.length}</Size></Contents></ListBucketResult>`;
  const server = http.createServer((request, response) => {
    const lists = request.url?.includes('list-type=2') === true;
    response.writeHead(200, { 'content-type': lists ? 'application/xml' : 'text/plain', etag: '"e1"' });
    response.end(lists ? listing : line.text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const role = s3.observe;
  if (role === undefined) return refuse('the probe does not observe');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = role.config.parse({ ...aws, bucket: 'logs', endpoint, layout: 'YYYY/MM/DD/HH/' });
  return { server, observer: await role.open(config, { clock: hastyClock(), log: silentLog }) };
}

const s3Cursors: FuzzTarget = {
  name: 'cursors: s3',
  runs: 60,
  async open() {
    const asOf = hastyClock().now();
    const written = asOf - 5 * minute;
    const { server, observer } = await openBucket(written);
    const whole = writeS3(
      { start: written - minute, floor: written - 2 * minute, seen: new Set(['abcdefghijkl']) },
      'logs/',
    );
    const property = fc.asyncProperty(damagedCursors(whole), (damaged) =>
      lookWith(observer, damaged, { written, asOf }),
    );
    return checking(property, async () => {
      await observer.close();
      server.closeAllConnections();
      server.close();
    });
  },
};

export const cursorTargets: readonly FuzzTarget[] = [kinesisCursors, s3Cursors];
