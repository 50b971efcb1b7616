import type { LinkTemplates, Locale } from '../core/pipeline.ts';
import { localZone } from './moments.ts';
import type { Words } from './words.ts';
import { english } from './words-en.ts';
import { japanese } from './words-ja.ts';

export const languages: Readonly<Record<Locale, Words>> = { en: english, ja: japanese };

/** How one channel speaks. */
export interface Voice {
  readonly words: Words;
  /** IANA name of the zone of its times, beside UTC. */
  readonly zone: string;
  readonly links: LinkTemplates;
}

export interface VoiceOptions {
  readonly locale?: Locale | undefined;
  readonly zone?: string | undefined;
  readonly links?: LinkTemplates | undefined;
}

/** English, in the machine's zone and without links, unless told otherwise. */
export function voiceOf({ locale = 'en', zone = localZone(), links = {} }: VoiceOptions = {}): Voice {
  return { words: languages[locale], zone, links };
}
