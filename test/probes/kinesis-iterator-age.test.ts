import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import probe from '../../probes/kinesis-iterator-age.ts';
import { context, forever } from '../contract/bench.ts';
import { describeCheck } from '../contract/probe.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { startAwsJsonService } from '../fakes/aws-json-service.ts';
import { type CloudWatchFake, type MetricPoint, startCloudWatch } from '../fakes/cloudwatch.ts';

const secret = 'wJalrXUtnFEMI-not-a-real-key';
const key = { access_key_id: 'AKIADUMMY', secret_access_key: secret };
const minute = 60_000;
const hour = 60 * minute;

/** One value a minute, newest first, beginning `ago` minutes before the minute we are in. */
function points(metric: string, values: readonly number[], ago = 3): MetricPoint[] {
  const thisMinute = Math.floor(context.clock.wall() / minute) * minute;
  return values.map((value, index) => ({
    namespace: 'AWS/Kinesis',
    metric,
    dimensions: 'StreamName=logs',
    at: thisMinute - (ago + index) * minute,
    value,
  }));
}

const ages = (values: readonly number[], ago?: number) => points('GetRecords.IteratorAgeMilliseconds', values, ago);
const incoming = (values: readonly number[], ago?: number) => points('IncomingRecords', values, ago);

function startKinesis(hours: number) {
  return startAwsJsonService({
    DescribeStreamSummary: () => ({ StreamDescriptionSummary: { StreamName: 'logs', RetentionPeriodHours: hours } }),
  });
}

describeCheck('kinesis-iterator-age', {
  probe,
  secrets: [secret],
  hostile: (url) => ({ stream: 'logs', region: 'us-east-1', endpoint: url, cloudwatch_endpoint: url, ...key }),
  async bench() {
    const [watch, kinesis] = await Promise.all([startCloudWatch(), startKinesis(24)]);
    watch.hold([...ages([1000, 2000, 3000]), ...incoming([5, 5, 5])]);
    const endpoints = { endpoint: kinesis.endpoint, cloudwatch_endpoint: watch.endpoint };
    return {
      config: { stream: 'logs', region: 'us-east-1', ...endpoints, ...key },
      stop: async () => void (await Promise.all([watch.stop(), kinesis.stop()])),
    };
  },
});

describeCheck('kinesis-iterator-age against a hostile CloudWatch alone', {
  probe,
  secrets: [secret],
  hostile: (url) => ({ stream: 'logs', region: 'us-east-1', cloudwatch_endpoint: url, retention: '24h', ...key }),
  async bench() {
    const watch = await startCloudWatch();
    watch.hold(ages([1000, 2000]));
    return {
      config: { stream: 'logs', region: 'us-east-1', cloudwatch_endpoint: watch.endpoint, retention: '24h', ...key },
      stop: watch.stop,
    };
  },
});

describe('kinesis-iterator-age', () => {
  let watch: CloudWatchFake;
  beforeAll(async () => {
    watch = await startCloudWatch();
  });
  afterAll(() => watch.stop());

  async function check(held: readonly MetricPoint[], more: object = { retention: '24h' }) {
    watch.hold(held);
    const raw = { stream: 'logs', region: 'us-east-1', cloudwatch_endpoint: watch.endpoint, ...key, ...more };
    const opened = await probe.check?.open(probe.check.config.parse(raw), context);
    if (opened === undefined) throw new Error('the probe has no check');
    return opened.check(forever).finally(() => opened.close());
  }

  test('given readers that are behind, when checked, then the age is read in seconds against the retention', async () => {
    const { readings, problems, why } = await check([...ages([7_200_000, 7_100_000]), ...incoming([9, 9])]);
    expect(readings).toEqual([
      {
        measure: 'iterator-age',
        subject: 'logs',
        unit: 'seconds',
        value: 7100,
        limit: 86_400,
        limitName: 'retention',
        warnAt: 43_200,
      },
    ]);
    expect([problems, why]).toEqual([[], undefined]);
  });
  test('given no retention in the config, when checked, then the stream is asked for it', async () => {
    const kinesis = await startKinesis(48);
    const { readings } = await check(ages([1000, 1000]), { endpoint: kinesis.endpoint });
    expect(readings[0]?.limit).toBe((48 * hour) / 1000);
    await kinesis.stop();
  });
  test('given a dead consumer, when its age vanishes while records come in, then that is a problem and no reading', async () => {
    const { readings, problems } = await check([...incoming([9, 9, 9, 9, 9, 9, 9]), ...ages([800, 900], 9)]);
    expect(readings).toEqual([]);
    expect(problems).toEqual([expect.stringContaining('nobody has read')]);
  });
  test('given no points at all, when checked, then there is no reading, no problem, and a reason: no data is not zero', async () => {
    const { readings, problems, why } = await check([]);
    expect([readings, problems]).toEqual([[], []]);
    expectProbeError(why, ['partial']);
  });
  test('given an idle stream whose reader is alive, when checked, then its age is read', async () => {
    const { readings, problems } = await check(ages([0, 0, 0]));
    expect(readings[0]?.value).toBe(0);
    expect(problems).toEqual([]);
  });
  test('given one false peak of 24 h among small ages, when checked, then the peak is not believed', async () => {
    const { readings } = await check([...ages([86_400_000, 1500]), ...incoming([1, 1])]);
    expect(readings[0]?.value).toBe(1.5);
  });
  test('given a lone point, when checked, then there is no reading', async () => {
    const { readings, why } = await check([...ages([86_400_000]), ...incoming([1])]);
    expect(readings).toEqual([]);
    expectProbeError(why, ['partial']);
  });
  test('given points of the last two minutes only, when checked, then they are not used: they may still change', async () => {
    const { readings } = await check(ages([5000, 5000], 0));
    expect(readings).toEqual([]);
  });
  test('given an answer in pages, when checked, then all pages count', async () => {
    watch.pageSize = 1;
    const { readings } = await check([...ages([4000, 3000, 2000]), ...incoming([1, 1, 1])]);
    watch.pageSize = 100;
    expect(readings[0]?.value).toBe(3);
  });
});
