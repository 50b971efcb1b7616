/** The day as people read it: what broke, what was mended, and what was said to whom. */
import { title } from '../../src/notify/wording.ts';
import type { Message, Trouble } from './day.ts';
import { clockOf, timeOf } from './wanted.ts';

interface Entry {
  readonly at: number;
  readonly text: string;
}

export function timeline(script: readonly Trouble[], messages: readonly Message[], until: number): string[] {
  const entries = [...script.flatMap(befell), ...said(messages)].filter(({ at }) => at < until);
  return entries.toSorted((one, other) => one.at - other.at).map(({ at, text }) => `${clockOf(at)}  ${text}`.trimEnd());
}

function befell({ at, until, what }: Trouble): Entry[] {
  const begin = { at: timeOf(at), text: `--- ${what}` };
  return until === undefined ? [begin] : [begin, { at: timeOf(until), text: `--- over: ${what}` }];
}

/** What several channels were told within the same second is one line. */
function said(messages: readonly Message[]): Entry[] {
  const lines = new Map<
    string,
    { readonly entry: Omit<Entry, 'text'>; readonly to: string[]; readonly what: string }
  >();
  for (const { at, channel, action, facts } of messages) {
    const what = `${action.padEnd(7)} ${facts.severity.padEnd(8)} ${title(facts)}`;
    const key = `${Math.floor(at / 1_000)} ${what}`;
    const line = lines.get(key) ?? { entry: { at }, to: [], what: title(facts) };
    lines.set(key, line);
    line.to.push(action === 'update' ? `${channel} (update)` : channel);
  }
  return [...lines.values()].map(({ entry, to, what }) => ({
    ...entry,
    text: `${`    ${to.toSorted().join(', ')}:`.padEnd(30)} ${what}`,
  }));
}
