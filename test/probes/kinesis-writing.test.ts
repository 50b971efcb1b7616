import { describe, expect, test } from 'vitest';
import kinesis from '../../probes/kinesis.ts';
import type { Emission, Reason } from '../../src/probe.ts';
import { context, directly, forever } from '../contract/bench.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { AwsFault, never, type Operation, startAwsJsonService } from '../fakes/aws-json-service.ts';
import { canaryLines } from '../fakes/canary-lines.ts';
import { type Answering, startHostileServer } from '../fakes/hostile-server.ts';

const base = { stream: 'logs', region: 'us-east-1', access_key_id: 'test', secret_access_key: 'test' };
const taken = (input: Record<string, unknown>) => ({
  FailedRecordCount: 0,
  Records: (input.Records as unknown[]).map((_, index) => ({
    SequenceNumber: `49${index}`,
    ShardId: 'shardId-000000000000',
  })),
});

async function injectAt(
  endpoint: string,
  count: number,
  more: object = {},
  signal = forever.signal,
): Promise<readonly Emission[]> {
  const role = kinesis.inject;
  if (role === undefined) throw new Error('the probe does not inject');
  const injector = await role.open(role.config.parse({ ...base, endpoint, ...more }), context);
  const [stream] = await injector.streams(forever);
  const lines = canaryLines(count).map(({ text }, seq) => ({ stream: stream?.key ?? '', seq, text }));
  return directly(injector)
    .inject(lines, { signal })
    .finally(() => injector.close());
}

/** What became of the lines, and why: `withheld rate_limited`. */
function outcomes(emissions: readonly Emission[]): string[] {
  return emissions.map((emission) => {
    if (emission.state === 'emitted') return 'emitted';
    expectProbeError(emission.why);
    return `${emission.state} ${emission.why.reason}`;
  });
}

async function injectInto(putRecords: Operation, count: number, more: object = {}) {
  const service = await startAwsJsonService({ PutRecords: putRecords });
  const emissions = await injectAt(service.endpoint, count, more);
  await service.stop();
  return { emissions, requests: service.calls.map(({ input }) => input.Records as { PartitionKey: string }[]) };
}

describe('kinesis injector', () => {
  test('given records that are refused one by one, when injected, then those are withheld, an internal failure is unconfirmed, the rest is emitted', async () => {
    const { emissions } = await injectInto(
      () => ({
        FailedRecordCount: 2,
        Records: [
          { SequenceNumber: '491', ShardId: 'shardId-000000000000' },
          { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded for shard shardId-0' },
          { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal Service Failure' },
        ],
      }),
      3,
    );
    expect(outcomes(emissions)).toEqual(['emitted', 'withheld rate_limited', 'unconfirmed server_error']);
  });
  test('given more lines than one request takes, when injected, then they go out in several, in order', async () => {
    const { emissions, requests } = await injectInto(taken, 1001);
    expect(requests.map((records) => records.length)).toEqual([500, 500, 1]);
    expect(new Set(outcomes(emissions))).toEqual(new Set(['emitted']));
  });
  test('given one request that fails among three, when injected, then the others count', async () => {
    let calls = 0;
    const { emissions } = await injectInto((input) => {
      calls += 1;
      if (calls === 2) throw new AwsFault('KMSThrottlingException');
      return taken(input);
    }, 1001);
    const states = outcomes(emissions);
    expect([states[499], states[500], states[999], states[1000]]).toEqual([
      'emitted',
      'withheld rate_limited',
      'withheld rate_limited',
      'emitted',
    ]);
  });
  test('given no partition key, when injected, then each line has its own; given one, all have that', async () => {
    const free = await injectInto(taken, 20);
    expect(new Set(free.requests[0]?.map((record) => record.PartitionKey)).size).toBe(20);
    const fixed = await injectInto(taken, 20, { partition_key: 'tenant-1' });
    expect(new Set(fixed.requests[0]?.map((record) => record.PartitionKey))).toEqual(new Set(['tenant-1']));
  });
  test('given fewer results than records, when injected, then all are unconfirmed: nobody can tell which', async () => {
    const { emissions } = await injectInto(() => ({ FailedRecordCount: 0, Records: [{ SequenceNumber: '491' }] }), 2);
    expect(outcomes(emissions)).toEqual(['unconfirmed bad_answer', 'unconfirmed bad_answer']);
  });
  test('given a result that is neither taken nor refused, when injected, then it is unconfirmed', async () => {
    const { emissions } = await injectInto(() => ({ FailedRecordCount: 0, Records: [{}] }), 1);
    expect(outcomes(emissions)).toEqual(['unconfirmed bad_answer']);
  });
  test.each<[string, string]>([
    ['ResourceNotFoundException', 'withheld not_found'],
    ['AccessDeniedException', 'withheld auth'],
    ['ExpiredTokenException', 'withheld auth'],
    ['UnrecognizedClientException', 'withheld auth'],
    ['ProvisionedThroughputExceededException', 'withheld rate_limited'],
    ['InvalidArgumentException', 'withheld rejected'],
    ['KMSDisabledException', 'withheld rejected'],
  ])('given %s, when injected, then the lines are %s', async (name, outcome) => {
    const { emissions } = await injectInto(() => {
      throw new AwsFault(name);
    }, 1);
    expect(outcomes(emissions)).toEqual([outcome]);
  });
  test('given a request that was sent and not answered, when the deadline passes, then its lines are unconfirmed and later ones withheld', async () => {
    const deadline = new AbortController();
    const service = await startAwsJsonService({
      PutRecords() {
        deadline.abort(new DOMException('no answer within 1 ms', 'TimeoutError'));
        return never;
      },
    });
    const states = outcomes(await injectAt(service.endpoint, 501, {}, deadline.signal));
    expect([states[0], states[499], states[500]]).toEqual([
      'unconfirmed timeout',
      'unconfirmed timeout',
      'withheld timeout',
    ]);
    await service.stop();
  });

  const proofs: [Answering, Emission['state'], Reason][] = [
    ['HTML with 403', 'withheld', 'auth'],
    ['HTML with 500', 'unconfirmed', 'server_error'],
    ['HTML with 200', 'unconfirmed', 'bad_answer'],
    ['a reset connection', 'unconfirmed', 'network'],
  ];
  test.each(proofs)('given %s, when injected, then the lines are %s', async (misbehaviour, state, reason) => {
    const server = await startHostileServer();
    server.misbehave(misbehaviour);
    expect(outcomes(await injectAt(server.url, 1))).toEqual([`${state} ${reason}`]);
    await server.stop();
  });
  test('given nothing that listens, when injected, then the lines are withheld: nothing can have gone out', async () => {
    const server = await startHostileServer();
    expect(outcomes(await injectAt(server.refusingUrl, 1))).toEqual(['withheld refused']);
    await server.stop();
  });
});
