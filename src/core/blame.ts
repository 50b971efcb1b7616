/** Which label, if any, tells the broken streams from the good ones: a zone, a node pool, a tenant, a revision of the agent. */
import { fisherExact } from './statistics.ts';

export type Labels = Readonly<Record<string, string>>;

/**
 * `named`: these labels, all with the same streams, hold nearly all that is broken and hardly anything that is not. `all`: nothing is
 * good. `unclear`: there are too few streams, or no label tells them apart.
 */
export type Blame =
  | { readonly state: 'named'; readonly labels: readonly string[] }
  | { readonly state: 'all' | 'unclear' };

/** Design §5: of naming the label that fits best, 58 to 91 % is wrong; with all of these at most 0.8 %. */
const leastShare = 0.8;
const leastInside = 3;
const leastOutside = 3;
const significance = 0.05;

interface Candidate {
  readonly label: string;
  /** Streams that have it, as a string of 0 and 1 in their order: the same for labels that go together. */
  readonly members: string;
  readonly inside: number;
  readonly size: number;
}

/** One entry per stream each. The order of labels within streams does not matter. */
export function blame(broken: readonly Labels[], good: readonly Labels[]): Blame {
  if (broken.length > 0 && good.length === 0) return { state: 'all' };
  const candidates = candidatesOf(broken, good);
  // Labels that go together are one guess.
  const guesses = new Set(candidates.map(({ members }) => members)).size;
  const fitting = candidates.filter((each) => fits(each, broken.length, good.length, guesses));
  const best = fitting.toSorted((one, other) => fitOf(other, broken.length) - fitOf(one, broken.length))[0];
  if (best === undefined) return { state: 'unclear' };
  const aliases = fitting.filter(({ members }) => members === best.members);
  return { state: 'named', labels: aliases.map(({ label }) => label).toSorted() };
}

/**
 * Every value of every label that could be named at all, whatever is broken: only those are guesses that may go wrong by chance (Tarone
 * 1990). A node's own name is none.
 */
function candidatesOf(broken: readonly Labels[], good: readonly Labels[]): Candidate[] {
  const streams = [...broken, ...good];
  const members = new Map<string, number[]>();
  streams.forEach((labels, at) => {
    for (const [name, value] of Object.entries(labels)) {
      const label = `${name}=${value}`;
      const list = members.get(label);
      if (list) list.push(at);
      else members.set(label, [at]);
    }
  });
  const could = ([, at]: [string, number[]]) => at.length >= leastInside && streams.length - at.length >= leastOutside;
  return [...members].filter(could).map(([label, at]) => ({
    label,
    members: at.join(' '),
    inside: at.filter((index) => index < broken.length).length,
    size: at.length,
  }));
}

/** How well a label matches what is broken: the harmonic mean of precision and recall. */
function fitOf({ inside, size }: Candidate, broken: number): number {
  return (2 * inside) / (size + broken);
}

function fits({ inside, size }: Candidate, broken: number, good: number, guesses: number): boolean {
  if (inside < leastInside) return false;
  if (inside / size < leastShare || inside / broken < leastShare) return false;
  const p = fisherExact(inside, size - inside, broken - inside, good - (size - inside));
  return p * guesses <= significance;
}
