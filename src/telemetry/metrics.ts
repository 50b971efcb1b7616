import { collectDefaultMetrics, Registry } from 'prom-client';
import type { StatusView } from '../core/status.ts';
import type { Clock } from '../lib/clock.ts';
import { contentTypes, type Family, familiesOf, negotiateFormat, writeFamilies } from './exposition.ts';
import { type Build, series } from './series.ts';

export interface Metrics {
  /**
   * One scrape. Everything comes from the one view given, so sums agree with each other.
   * @param accept the scraper's `Accept` header
   */
  render(view: StatusView, accept?: string): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Gauges named like counters, which `promtool check metrics` refuses; the same figures come by type without `_total`. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** The metrics of one app: no global registry, so two apps can live in one process. */
export function createMetrics(options: { readonly build: Build; readonly clock: Clock }): Metrics {
  const runtime = new Registry();
  collectDefaultMetrics({ register: runtime });
  for (const name of misnamed) runtime.removeSingleMetric(name);
  // A timer's turn lets whatever waits run between two families.
  const pause = () => options.clock.sleep(0);
  return {
    async render(view, accept) {
      const format = negotiateFormat(accept);
      const families = [...(await familiesOf(runtime)), ...statusFamilies(view, options.build)];
      return { contentType: contentTypes[format], body: await writeFamilies(families, format, pause) };
    },
  };
}

/** Our own families for one view; those without any data are left out: no data is not zero. */
export function statusFamilies(view: StatusView, build: Build): Family[] {
  return series
    .map(({ samples, ...head }) => ({ ...head, samples: samples(view, build) }))
    .filter((family) => family.samples.length > 0);
}
