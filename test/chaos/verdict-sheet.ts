/** An ordeal's promises, and what came up against each. */
import { messageOf } from '../../src/lib/errors.ts';
import type { Finding } from './ordeal.ts';

/** Of what speaks against one promise, so much is told. */
const most = 10;

export interface VerdictSheet<Name extends string> {
  add(name: Name, against: string): void;
  /** @param trouble why it could not be carried out to its end, if so */
  findings(trouble?: unknown): Finding[];
}

export function createVerdictSheet<Name extends string>(promises: Readonly<Record<Name, string>>): VerdictSheet<Name> {
  const names = Object.keys(promises) as Name[];
  const against = new Map<Name, string[]>(names.map((name) => [name, []]));
  return {
    add: (name, text) => void against.get(name)?.push(text),
    findings: (trouble) => [
      ...names.map((name) => {
        const all = against.get(name) ?? [];
        const more = all.length > most ? [`and ${all.length - most} more`] : [];
        return { promise: promises[name], against: [...all.slice(0, most), ...more] };
      }),
      { promise: 'it is carried out to its end', against: trouble === undefined ? [] : [stackOf(trouble)] },
    ],
  };
}

function stackOf(trouble: unknown): string {
  return trouble instanceof Error ? (trouble.stack ?? trouble.message) : messageOf(trouble);
}
