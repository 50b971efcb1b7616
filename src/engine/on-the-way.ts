/** What to look at first when lines do not come: what the configuration knows to lie between two hops. */
import { type FirstLook, firstLooks, looksFor, ownAdvice } from '../core/first-look.ts';
import { runbookOf } from './finding.ts';
import type { CheckState, HopState, InjectorState } from './state.ts';

/** Runbooks of what carries lines: agents before the first hop, consumers behind it. */
const into = 'into-first-hop';
const outOf = 'out-of-first-hop';

/** The best look of each side before the others: agents are more often to blame than a stream, an index more often than its consumer. */
export function flowLooks(hop: HopState, kind: string): readonly FirstLook[] {
  const carriers = lookedAt(hop);
  const own = runbookOf(hop, kind);
  const [first, second] = hop.parent === undefined ? [carriers, own] : [own, carriers];
  return firstLooks(first.slice(0, 1), second.slice(0, 1), first.slice(1), second.slice(1));
}

/** Where the hop's probe has nothing to say, what holds for any. */
export function oddLooks(hop: HopState, kind: 'corrupted' | 'duplicated' | 'forged'): readonly FirstLook[] {
  return firstLooks(runbookOf(hop, kind), looksFor(ownAdvice[kind], { hop: hop.spec.name }));
}

function lookedAt({ parent, pipeline: { checks, injectors } }: HopState): FirstLook[] {
  const agents = [...checks, ...injectors].filter((each) => has(each, into) && !has(each, outOf));
  // Logstash may stand on either side: where other agents ship, it is the consumer.
  const either = checks.filter((each) => has(each, into) && has(each, outOf));
  if (parent === undefined) return looksOf(checksOf(agents).length > 0 || either.length === 0 ? agents : either, into);
  if (parent.parent !== undefined) return [];
  const consumers = checks.filter(
    (each) => has(each, outOf) && !(either.includes(each) && checksOf(agents).length === 0),
  );
  return looksOf(consumers, outOf);
}

type Carrier = CheckState | InjectorState;

function checksOf(carriers: readonly Carrier[]): readonly Carrier[] {
  return carriers.filter((each) => 'failures' in each);
}

function has({ runbook }: Carrier, kind: string): boolean {
  return runbook[kind] !== undefined;
}

function looksOf(carriers: readonly Carrier[], kind: string): FirstLook[] {
  return carriers.flatMap((carrier) => runbookOf(carrier, kind));
}
