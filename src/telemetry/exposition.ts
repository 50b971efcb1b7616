import { type Metric, type OpenMetricsContentType, Registry } from 'prom-client';

/** One line of a family. Without `suffix` it carries the family's own name. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** `_bucket`, `_sum`, `_count` of a histogram. */
  readonly suffix?: string;
  /** OpenMetrics only. `timestamp` in seconds since 1970. */
  readonly exemplar?: {
    readonly labelSet: Readonly<Record<string, string>>;
    readonly value: number;
    readonly timestamp: number;
  };
}

/** All lines of one metric, ready to be written. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export type ExpositionFormat = 'text' | 'openmetrics';

export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
};

/**
 * The format a scraper asked for: OpenMetrics 1.0 only when its `Accept` names it at least as high as plain text,
 * else the text format 0.0.4, which everything can read.
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  let openmetrics = 0;
  let text = 0;
  for (const range of (accept ?? '').slice(0, 2_000).toLowerCase().split(',')) {
    const [media = '', ...parameters] = range.split(';').map((part) => part.trim());
    const version = parameters.find((part) => part.startsWith('version='))?.slice('version='.length);
    const quality = Number(parameters.find((part) => part.startsWith('q='))?.slice(2) ?? 1) || 0;
    if (media === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) {
      openmetrics = Math.max(openmetrics, quality);
    } else if (media === 'text/plain') text = Math.max(text, quality);
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text';
}

/**
 * Writes families in the wanted format. prom-client can only count by itself (its histograms cannot be set), so each
 * family is handed to a registry as an object with the one method that the registry calls, `get()`; names, escaping and
 * number formats stay the library's.
 * @param pause awaited between families, so that a big scrape never holds the event loop for long
 */
export async function writeFamilies(
  families: Iterable<Family>,
  format: ExpositionFormat,
  pause: () => Promise<void>,
): Promise<string> {
  const chunks: string[] = [];
  for (const family of families) {
    const registry = format === 'openmetrics' ? openMetricsRegistry() : new Registry();
    registry.registerMetric(settled(family, format));
    chunks.push(await registry.getSingleMetricAsString(family.name));
    await pause();
  }
  return format === 'openmetrics' ? `${chunks.join('\n')}\n# EOF\n` : `${chunks.join('\n\n')}\n`;
}

function openMetricsRegistry(): Registry {
  const registry = new Registry();
  // Typed for registries born as OpenMetrics only; the method itself takes both content types.
  (registry as unknown as Registry<OpenMetricsContentType>).setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

function settled(family: Family, format: ExpositionFormat): Metric {
  // In OpenMetrics the family of a counter lacks `_total`, which the registry adds to each of its lines.
  const strip = format === 'openmetrics' && family.type === 'counter';
  const name = strip ? family.name.replace(/_total$/, '') : family.name;
  const values = family.samples.map((sample) => ({
    labels: sample.labels,
    value: sample.value,
    ...(sample.suffix === undefined ? {} : { metricName: family.name + sample.suffix }),
    ...(sample.exemplar === undefined ? {} : { exemplar: sample.exemplar }),
  }));
  const answer = { name, help: family.help, type: family.type, values, aggregator: 'sum' };
  return { name: family.name, get: async () => answer } as unknown as Metric;
}

interface LibraryValue {
  readonly labels?: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** The families of another registry (the Node.js default metrics), read once. */
export async function familiesOf(registry: Registry): Promise<Family[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.map((metric) => ({
    name: metric.name,
    type: String(metric.type) as Family['type'],
    help: metric.help,
    samples: (metric.values as readonly LibraryValue[]).map((value) => ({
      labels: value.labels ?? {},
      value: value.value,
      ...(value.metricName === undefined || value.metricName === metric.name
        ? {}
        : { suffix: value.metricName.slice(metric.name.length) }),
    })),
  }));
}
