/** What people found out about an incident, kept with it: for those who look at it now, and for the report. */
import type { EpochMs } from '../lib/clock.ts';

/** At least one of cause, remediation and ticket is there. One line each, as it was written: never markup. */
export interface Note {
  readonly at: EpochMs;
  readonly by: string;
  readonly cause?: string;
  readonly remediation?: string;
  /** An address of http or https, or a short id such as `OPS-12`. */
  readonly ticket?: string;
}

/** Of an incident; beyond that the oldest go. Facts are stored with every notification, so they stay small. */
export const notesKept = 20;

const shortId = /^#?[A-Za-z0-9][A-Za-z0-9._#/-]{0,63}$/;

/** An address that may be shown as a link, or a short id. Addresses with a password in them are refused. */
export function isTicket(text: string): boolean {
  return shortId.test(text) || isAddress(text);
}

/** Only such a ticket may become a link: `javascript:` and its like must not. */
export function isAddress(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
