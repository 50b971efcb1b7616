/**
 * A CloudWatch that knows GetMetricData as the SDK speaks it: JSON 1.0, times in epoch seconds. Faithful in what misleads:
 * an unknown metric, wrong dimensions, a wrong unit and a silent metric all look alike (empty and `Complete`), points are
 * newest first, EndTime is exclusive, and a page can be partial.
 */
import { AwsFault, type AwsJsonService, startAwsJsonService } from './aws-json-service.ts';

export interface MetricPoint {
  readonly namespace: string;
  readonly metric: string;
  /** `StreamName=logs`, several joined by commas in the order of their names. */
  readonly dimensions: string;
  /** Epoch ms, on a whole minute. */
  readonly at: number;
  readonly value: number;
}

export interface CloudWatchFake extends AwsJsonService {
  /** Replaces all points. */
  hold(points: readonly MetricPoint[]): void;
  /** Points of a query per page from now on; the rest comes with a NextToken. */
  pageSize: number;
}

interface Query {
  readonly Id: string;
  readonly MetricStat?: {
    readonly Metric: { Namespace: string; MetricName: string; Dimensions?: { Name: string; Value: string }[] };
    readonly Period: number;
    readonly Unit?: string;
  };
}

export async function startCloudWatch(): Promise<CloudWatchFake> {
  let held: readonly MetricPoint[] = [];
  const fake = { pageSize: 100_800 };
  const service = await startAwsJsonService({
    GetMetricData(input) {
      const { StartTime, EndTime, MetricDataQueries, NextToken } = input as {
        StartTime: number;
        EndTime: number;
        MetricDataQueries: Query[];
        NextToken?: string;
      };
      if (!(StartTime < EndTime)) throw new AwsFault('ValidationError');
      const from = Number(NextToken ?? 0);
      const MetricDataResults = MetricDataQueries.map((query) =>
        resultOf(query, held, StartTime, EndTime, from, fake.pageSize),
      );
      const more = MetricDataResults.some((result) => result.StatusCode === 'PartialData');
      return { MetricDataResults, Messages: [], ...(more && { NextToken: String(from + fake.pageSize) }) };
    },
  });
  return Object.assign(fake, service, {
    hold(points: readonly MetricPoint[]) {
      held = points;
    },
  });
}

function resultOf(query: Query, held: readonly MetricPoint[], start: number, end: number, from: number, size: number) {
  const stat = query.MetricStat;
  if (stat === undefined || stat.Period % 60 !== 0) throw new AwsFault('ValidationError');
  const dimensions = (stat.Metric.Dimensions ?? []).map(({ Name, Value }) => `${Name}=${Value}`);
  const wanted = dimensions.sort().join(',');
  const matching = held.filter(
    ({ namespace, metric, dimensions: own, at }) =>
      stat.Unit === undefined &&
      namespace === stat.Metric.Namespace &&
      metric === stat.Metric.MetricName &&
      own === wanted &&
      at / 1000 >= start &&
      at / 1000 < end,
  );
  const points = matching.sort((a, b) => b.at - a.at);
  const page = points.slice(from, from + size);
  return {
    Id: query.Id,
    Label: stat.Metric.MetricName,
    Timestamps: page.map(({ at }) => at / 1000),
    Values: page.map(({ value }) => value),
    StatusCode: points.length > from + size ? 'PartialData' : 'Complete',
  };
}
