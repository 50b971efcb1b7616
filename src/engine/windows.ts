/** Windows that people set and end, kept as one row of the ledger: what maintenance and silences have in common. */
import type { Window } from '../core/window.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { EngineState } from './state.ts';

/** Windows that are over are shown for so long, ms, and so many are kept. */
const keepMs = 30 * 86_400_000;
const keepCount = 200;
/** Windows that are not over: nobody keeps track of more, and each is compared with each incident. */
export const openLimit = 200;

/** `mw-7`: numbers go on after the highest that is remembered. */
export function nextId(prefix: string, windows: readonly Window[]): string {
  const numbers = windows.map(({ id }) => Number(id.slice(prefix.length + 1)));
  return `${prefix}-${Math.max(0, ...numbers) + 1}`;
}

export function isFull(windows: readonly Window[], now: EpochMs): boolean {
  return windows.filter(({ until }) => until > now).length >= openLimit;
}

/** With one of them over now; one that has not begun is over before it began. Undefined where none of that name could be ended. */
export function endedIn<W extends Window>(windows: readonly W[], id: string, now: EpochMs): W[] | undefined {
  if (!windows.some((each) => each.id === id && each.until > now)) return undefined;
  return windows.map((each) => (each.id === id ? { ...each, until: Math.max(each.from, now) } : each));
}

/** Those to remember, stored under `key`: what is not over stays, and the newest, so numbers are not used again. */
export function keepWindows<W extends Window>(state: EngineState, key: string, windows: readonly W[]): readonly W[] {
  const over = windows.filter(({ until }, at) => until <= state.now && at < windows.length - 1);
  const forgotten = new Set([
    ...over.filter(({ until }) => until <= state.now - keepMs),
    ...over.slice(0, Math.max(0, windows.length - keepCount)),
  ]);
  const kept = windows.filter((each) => !forgotten.has(each));
  state.pending.push({ op: 'put', table: 'meta', row: { key, value: JSON.stringify(kept) } });
  return kept;
}
