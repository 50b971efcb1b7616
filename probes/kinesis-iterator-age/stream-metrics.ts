/** The last minutes of a stream's metrics, as CloudWatch has them. */
import type { CloudWatchClient, GetMetricDataCommandOutput, MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { type EpochMs, ProbeError } from '../../src/probe.ts';
import { type Attempt, awsError, badAnswer } from '../aws/aws-error.ts';

export interface MetricPoint {
  /** CloudWatch's clock. */
  readonly at: EpochMs;
  readonly value: number;
}

export interface StreamMetrics {
  /** Newest first; ms. */
  readonly ages: readonly MetricPoint[];
  /** Newest first; records a minute. */
  readonly incoming: readonly MetricPoint[];
  /** What is asked about ends here. */
  readonly end: EpochMs;
}

export type CloudWatchModule = typeof import('@aws-sdk/client-cloudwatch');

const minuteMs = 60_000;
/** Points of the last two minutes are often missing or not final. Exporters' experience: prometheus/cloudwatch_exporter `delay_seconds`. */
const delayMs = 2 * minuteMs;
const windowMs = 15 * minuteMs;
const maxPages = 10;

/** @param now wall clock, ms: it is another system's clock that is asked */
export async function readStreamMetrics(
  cloudwatch: CloudWatchModule,
  client: CloudWatchClient,
  stream: string,
  now: EpochMs,
  attempt: Attempt,
): Promise<StreamMetrics> {
  const end = Math.floor((now - delayMs) / minuteMs) * minuteMs;
  const points: Record<string, MetricPoint[]> = { age: [], incoming: [] };
  let token: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const command = new cloudwatch.GetMetricDataCommand({
      StartTime: new Date(end - windowMs),
      EndTime: new Date(end),
      MetricDataQueries: queriesFor(stream),
      ...(token === undefined ? {} : { NextToken: token }),
    });
    const answer = await client.send(command, { abortSignal: attempt.signal }).catch((error) => {
      throw awsError(attempt, error);
    });
    collect(answer, points, attempt);
    token = answer.NextToken;
    if (token === undefined) return { ages: newestFirst(points.age), incoming: newestFirst(points.incoming), end };
  }
  throw badAnswer(attempt, `an end after ${maxPages} pages`);
}

function queriesFor(stream: string): MetricDataQuery[] {
  const query = (Id: string, MetricName: string, Stat: string): MetricDataQuery => ({
    Id,
    // no Unit: a wrong one gives nothing
    MetricStat: {
      Metric: { Namespace: 'AWS/Kinesis', MetricName, Dimensions: [{ Name: 'StreamName', Value: stream }] },
      Period: 60,
      Stat,
    },
  });
  return [query('age', 'GetRecords.IteratorAgeMilliseconds', 'Maximum'), query('incoming', 'IncomingRecords', 'Sum')];
}

function collect(answer: GetMetricDataCommandOutput, points: Record<string, MetricPoint[]>, attempt: Attempt): void {
  if (!Array.isArray(answer.MetricDataResults)) throw badAnswer(attempt, 'MetricDataResults');
  for (const { Id = '', StatusCode, Timestamps = [], Values = [] } of answer.MetricDataResults) {
    if (StatusCode === 'InternalError' || StatusCode === 'Forbidden') throw refused(StatusCode, attempt);
    Timestamps.forEach((at, index) => {
      const value = Values[index];
      if (value !== undefined) points[Id]?.push({ at: at.getTime(), value });
    });
  }
}

function refused(status: 'InternalError' | 'Forbidden', { what, target, needs }: Attempt): ProbeError {
  const change = status === 'Forbidden' ? `Grant ${needs}.` : 'It is tried again later.';
  const message = `Cannot ${what}: a result with status ${status} from ${target}. ${change}`;
  return new ProbeError(message, {
    reason: status === 'Forbidden' ? 'auth' : 'server_error',
    retryable: status !== 'Forbidden',
  });
}

function newestFirst(points: readonly MetricPoint[] = []): MetricPoint[] {
  return points.toSorted((a, b) => b.at - a.at);
}
