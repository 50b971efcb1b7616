import type { z } from 'zod';
import type { Notifier } from '../core/notifier.ts';
import type { Severity } from '../core/pipeline.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

/** One kind of channel: its strict config schema and how it opens. One file per kind in `src/notify/`. */
export interface NotifierDefinition<Config> {
  /** The word in the configuration. */
  readonly kind: string;
  /** Unknown keys refused. `name` and `min_severity` are the loader's and not part of it. */
  readonly config: z.ZodType<Config>;
  readonly defaultMinSeverity: Severity;
  open(config: Config, context: { readonly name: string; readonly clock: Clock; readonly log: Log }): Notifier;
}

/** A definition whose config type is forgotten. */
// biome-ignore lint/suspicious/noExplicitAny: variance: a list of definitions with different configs has no common type
export type AnyNotifier = NotifierDefinition<any>;
