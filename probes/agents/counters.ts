/** Samples of one scrape, by name. */
import type { Sample } from './prometheus-text.ts';

export interface Counters {
  /** The only sample of a metric, or the sum of them; undefined when there is none that is a number. */
  one(name: string): number | undefined;
  /** By the value of a label; samples that are no finite number at or above 0 are left out. */
  by(name: string, label: string): ReadonlyMap<string, number>;
  /** All samples of a metric. */
  all(name: string): readonly Sample[];
}

export function countersOf(samples: readonly Sample[]): Counters {
  const byName = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (!Number.isFinite(sample.value) || sample.value < 0) continue;
    const list = byName.get(sample.name) ?? [];
    list.push(sample);
    byName.set(sample.name, list);
  }
  const all = (name: string) => byName.get(name) ?? [];
  return {
    all,
    one(name) {
      const found = all(name);
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
    },
    by(name, label) {
      const sums = new Map<string, number>();
      for (const { labels, value } of all(name)) {
        const key = labels[label] ?? '';
        sums.set(key, (sums.get(key) ?? 0) + value);
      }
      return sums;
    },
  };
}
