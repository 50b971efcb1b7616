/**
 * What agents gave up. Their counters begin anew with every start of the agent, so what is kept is the difference: the
 * first reading of an agent is a baseline, a counter that began anew counts from 0, nothing is ever subtracted. One meta
 * row for each agent, written when something changed, so that a restart of ours neither forgets nor counts twice.
 */
import { type Evidence, evidenceOf } from '../core/evidence.ts';
import type { MetaRow } from '../core/ledger.ts';
import type { NameList } from '../core/template.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { CheckResult, Drop } from '../probe.ts';
import { closeBursts, counterKey, type DropBook, type DropCounter, restoreBook } from './drop-book.ts';
import type { CheckState, EngineState } from './state.ts';

/** Incarnations remembered of a counter: while a pod is replaced, the old and the new one may answer in turns. */
const incarnationLimit = 4;
/** An agent not seen for so long is forgotten: its node is gone. */
const keepMs = 24 * 3_600_000;

/** Takes the counters of a result. Call before the result takes the place of the one before. */
export function noteDrops(state: EngineState, check: CheckState, result: CheckResult): void {
  const seen = Map.groupBy(result.drops ?? [], ({ agent }) => agent.name);
  for (const [name, drops] of seen) if (noteAgent(state, check, name, drops)) write(state, check, name);
  for (const [name, book] of check.drops) {
    if (seen.has(name)) continue;
    // An agent that is gone for certain drops nothing any more; one that is silent may.
    if (result.why === undefined && closeBursts(book)) write(state, check, name);
    if (state.now - book.seenAt > keepMs) forget(state, check, name);
  }
}

/** True when there is something to be written. */
function noteAgent(state: EngineState, check: CheckState, name: string, drops: readonly Drop[]): boolean {
  const known = check.drops.get(name);
  const [first] = drops;
  if (first === undefined) return false;
  const book = known ?? newBook(first, state.now);
  check.drops.set(name, book);
  let changed = known === undefined || book.node !== first.agent.node;
  book.node = first.agent.node;
  book.seenAt = state.now;
  for (const drop of drops) changed = noteCounter(state, check, book, drop, known === undefined) || changed;
  book.restored = false;
  return changed;
}

function newBook({ agent }: Drop, now: EpochMs): DropBook {
  return { kind: agent.kind, node: agent.node, seenAt: now, restored: false, counters: new Map() };
}

function noteCounter(state: EngineState, check: CheckState, book: DropBook, drop: Drop, isNew: boolean): boolean {
  const { measure, subject = '', counts, incarnation, total } = drop;
  if (!Number.isSafeInteger(total) || total < 0) return false;
  const key = counterKey({ measure, subject });
  const known = book.counters.get(key);
  const counter = known ?? { measure, subject, counts, totals: new Map(), counted: 0, burst: undefined };
  book.counters.set(key, counter);
  const before = counter.totals.get(incarnation);
  // A counter that appears on an agent we have been watching began there; one that we only now know to read did not.
  const baseline = known === undefined && (isNew || book.restored);
  const fresh = baseline ? 0 : before === undefined || total < before ? total : total - before;
  counter.totals.delete(incarnation);
  counter.totals.set(incarnation, total);
  for (const oldest of counter.totals.keys()) if (counter.totals.size > incarnationLimit) counter.totals.delete(oldest);
  if (fresh > 0) lose(state, check, counter, fresh);
  else if (counter.burst?.open) counter.burst.open = false;
  else return before !== total;
  return true;
}

function lose(state: EngineState, check: CheckState, counter: DropCounter, fresh: number): void {
  counter.counted += fresh;
  const { burst } = counter;
  const goesOn =
    burst !== undefined && state.now - burst.lastAt < check.pipeline.spec.resolveAfterMs + check.spec.everyMs;
  const begun = goesOn ? burst : { since: check.resultAt || state.now, count: 0 };
  counter.burst = { since: begun.since, lastAt: state.now, count: begun.count + fresh, open: true };
}

// ------------------------------------------------------------------------------------------------ words

/** What was given up at the latest readings, in sentences, with how long ago it began; undefined when nothing was. */
export function dropsTold(
  check: CheckState,
): { readonly since: EpochMs; readonly evidence: readonly Evidence[] } | undefined {
  const groups = new Map<string, Given>();
  for (const [name, book] of check.drops) {
    for (const { burst, measure, subject } of book.counters.values()) {
      if (!burst?.open) continue;
      const what = subject === '' ? measure : `${measure} (${subject})`;
      const group = groups.get(what) ?? { measure, subject, agent: book.kind, count: 0, names: [], since: burst.since };
      groups.set(what, group);
      group.count += burst.count;
      group.names.push(name);
      group.since = Math.min(group.since, burst.since);
    }
  }
  if (groups.size === 0) return undefined;
  const worst = [...groups.values()].sort((a, b) => b.count - a.count).slice(0, groupLimit);
  return { since: Math.min(...worst.map(({ since }) => since)), evidence: worst.map(evidenceFor) };
}

function evidenceFor({ agent, measure, subject, count, names }: Given): Evidence {
  const values = { agent, names: someOf(names), count, what: measure };
  return subject === '' ? evidenceOf('dropped', values) : evidenceOf('dropped-by', { ...values, subject });
}

interface Given {
  readonly agent: string;
  readonly measure: string;
  readonly subject: string;
  readonly names: string[];
  count: number;
  since: EpochMs;
}

const groupLimit = 6;
const nameLimit = 10;

/** At most ten names, so that a thousand nodes make one readable page. */
function someOf(names: readonly string[]): NameList {
  return { shown: [...names].sort().slice(0, nameLimit), more: Math.max(0, names.length - nameLimit) };
}

// ------------------------------------------------------------------------------------------------ rows

const rowPrefix = 'drops ';

function rowKey(check: CheckState, name: string): string {
  return rowPrefix + JSON.stringify([check.pipeline.spec.name, check.spec.name, name]);
}

function write(state: EngineState, check: CheckState, name: string): void {
  const book = check.drops.get(name);
  if (book === undefined) return;
  const counters = [...book.counters.values()].map((each) => ({ ...each, totals: [...each.totals] }));
  const value = JSON.stringify({ kind: book.kind, node: book.node, counters });
  state.pending.push({ op: 'put', table: 'meta', row: { key: rowKey(check, name), value } });
}

function forget(state: EngineState, check: CheckState, name: string): void {
  check.drops.delete(name);
  state.pending.push({ op: 'delete', table: 'meta', row: { key: rowKey(check, name) } });
}

/** The counters of a check's agents as the ledger has them. @throws Error for a row that we did not write */
export function restoreDrops(
  pipeline: string,
  check: string,
  rows: readonly MetaRow[],
  now: EpochMs,
): Map<string, DropBook> {
  const books = new Map<string, DropBook>();
  for (const { key, value } of rows) {
    if (!key.startsWith(rowPrefix)) continue;
    const [ofPipeline, ofCheck, name] = JSON.parse(key.slice(rowPrefix.length)) as unknown[];
    if (ofPipeline !== pipeline || ofCheck !== check || typeof name !== 'string') continue;
    books.set(name, restoreBook(JSON.parse(value), now));
  }
  return books;
}
