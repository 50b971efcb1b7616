import { createHash } from 'node:crypto';

/**
 * The stable identity of a kind of trouble at a place: never times, counts or discovered labels, so that a trigger after
 * a restart is the same alert and a resolve always finds its trigger. 40 hex digits.
 */
export function dedupKeyOf(deployment: string, pipeline: string, hop: string, kind: string): string {
  const text = JSON.stringify(['logcanary/dedup/1', deployment, pipeline, hop, kind]);
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}

/** Stands for a heartbeat's address in the ledger: its path is a secret. 16 hex digits. */
export function heartbeatKeyOf(url: string): string {
  return createHash('sha256').update(`logcanary/heartbeat/1\0${url}`).digest('hex').slice(0, 16);
}

/** Stands for settings, so that two logcanaries can compare theirs without showing them. 16 hex digits. */
export function settingsKeyOf(settings: unknown): string {
  return createHash('sha256')
    .update(`logcanary/settings/1\0${JSON.stringify(settings)}`)
    .digest('hex')
    .slice(0, 16);
}
