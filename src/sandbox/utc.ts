import type { EpochMs } from '../lib/clock.ts';

/** `2026-11-20T08:11:08.951Z` */
export function utcStamp(at: EpochMs): string {
  return new Date(at).toISOString();
}

/** The parts of a stamp that names are made of: `['2026', '11', '20', '08', '11', '08']`. */
export function utcParts(at: EpochMs): readonly string[] {
  return utcStamp(at).slice(0, 19).split(/[-T:]/);
}
