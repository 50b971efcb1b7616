import type { z } from 'zod';
import type { Notifier } from '../core/notifier.ts';
import type { Severity } from '../core/pipeline.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { VoiceOptions } from './voice.ts';

/** What a channel is opened with besides its own options: the loader's keys. */
export interface ChannelContext extends VoiceOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** One kind of channel: its strict config schema and how it opens. One file per kind in `src/notify/`. */
export interface NotifierDefinition<Config> {
  /** The word in the configuration. */
  readonly kind: string;
  /** Unknown keys refused. `name`, `min_severity` and their like are the loader's and not part of it. */
  readonly config: z.ZodType<Config>;
  readonly defaultMinSeverity: Severity;
  /** What is open must be told again so often, ms, or the channel takes it for over. Absent: once is enough. */
  readonly renewEveryMs?: number;
  /** True: who tells it the same dedup key again wakes nobody, be it another logcanary. Absent: each message is one. */
  readonly deduplicates?: true;
  /** Set where a note on an incident can be shown without waking anybody. Others are never told of one. */
  readonly takesNotes?: true;
  open(config: Config, context: ChannelContext): Notifier;
}

/** A definition whose config type is forgotten. */
// biome-ignore lint/suspicious/noExplicitAny: variance: a list of definitions with different configs has no common type
export type AnyNotifier = NotifierDefinition<any>;
