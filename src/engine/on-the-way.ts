/** What to look at first when lines do not come: what the configuration knows to lie between two hops. */
import { type FirstLook, firstLooks, looksFor, ownAdvice } from '../core/first-look.ts';
import { type Finding, runbookOf } from './finding.ts';
import type { CheckState, HopState, InjectorState, StreamState } from './state.ts';

/** Runbooks of what carries lines: agents before the first hop, consumers behind it. */
const into = 'into-first-hop';
const outOf = 'out-of-first-hop';
/** As `readableAbove` says it. */
const theEmitters = 'the emitters';

/** What a finding says of the place. */
export interface Concerned {
  readonly streams: readonly StreamState[];
  readonly between?: Finding['between'];
}

/**
 * The best look of each side before the others: agents are more often to blame than a stream, an index more often than its consumer.
 * Where nothing can be read between the agents and the hop, it may have stopped on either side: theirs, then why it cannot be read.
 */
export function flowLooks(hop: HopState, kind: string, concerned: Concerned): readonly FirstLook[] {
  const carriers = lookedAt(hop, concerned);
  const own = runbookOf(hop, kind);
  if (hop.parent !== undefined && concerned.between?.from === theEmitters)
    return firstLooks(carriers.slice(0, 1), runbookOf(hop.parent, 'unreadable').slice(0, 1), own.slice(0, 1), carriers);
  const atAgents = hop.parent === undefined;
  const [first, second] = atAgents ? [carriers, own] : [own, carriers];
  return firstLooks(first.slice(0, 1), second.slice(0, 1), first.slice(1), second.slice(1));
}

/** Where the hop's probe has nothing to say, what holds for any. */
export function oddLooks(hop: HopState, kind: 'corrupted' | 'duplicated' | 'forged'): readonly FirstLook[] {
  return firstLooks(runbookOf(hop, kind), looksFor(ownAdvice[kind], { hop: hop.spec.name }));
}

function lookedAt({ parent, pipeline }: HopState, { streams: [first], between }: Concerned): FirstLook[] {
  const { checks, injectors } = pipeline;
  // Of injectors, one of a stream concerned: they are alike.
  const writing = first === undefined ? injectors.slice(0, 1) : [first.injector];
  const agents = [...checks, ...writing].filter((each) => has(each, into) && !has(each, outOf));
  // Logstash may stand on either side: where other agents ship, it is the consumer.
  const either = checks.filter((each) => has(each, into) && has(each, outOf));
  const shipping = checksOf(agents).length > 0 || either.length === 0 ? agents : either;
  if (parent === undefined || (parent.parent !== undefined && between?.from === theEmitters))
    return looksOf(shipping, into);
  if (parent.parent !== undefined) return [];
  const reading = checks.filter((each) => has(each, outOf) && !shipping.includes(each));
  // What is above cannot be read: it may have stopped on either side of that.
  const before = between?.from === theEmitters ? looksOf(shipping, into).slice(0, 1) : [];
  return [...before, ...looksOf(reading, outOf)];
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
