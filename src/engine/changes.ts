/**
 * What was changed around a pipeline lately, so that an incident can name what came shortly before it: what the checks tell
 * of rollouts and configuration, and nodes that came or went. Kept in memory: after a restart the checks find theirs again.
 */
import type { ChangeBefore, IncidentKind } from '../core/incident.ts';
import type { EpochMs } from '../lib/clock.ts';

/** Changes, and comings and goings, that are kept of a pipeline, at most, and for how long. */
const kept = { count: 200, ms: 24 * 3_600_000 };
/** What happened this much earlier than the first canary concerned is named (issue 4, "shortly before"). */
const beforeMs = 60 * 60_000;
/** Of one incident, the newest. */
const namedCount = 5;
/** More nodes than this are told by their number. */
const nodesNamed = 3;
/** The same change found again: the times of other clocks are read anew each time, and may differ a little. */
const sameMs = 60_000;
/** Code points of a change's text: it is for one line. */
const textLimit = 200;

/** What these tell of, no rollout brings about: it is about us, about others, or about a setting. */
const unexplained: ReadonlySet<IncidentKind> = new Set([
  'clock',
  'ledger',
  'isolated',
  'blind',
  'forged',
  'unproven',
  'silent',
]);

/** Nodes that came, or went, as one listing showed it. */
interface Move {
  readonly at: EpochMs;
  readonly way: 'joined' | 'left';
  readonly names: readonly string[];
  readonly noun: string;
}

export interface ChangeBook {
  told: ChangeBefore[];
  moves: Move[];
  /** Of each injector, by its place in the configuration: who was there at its last listing. */
  readonly present: Map<number, { readonly listedAt: EpochMs; readonly nodes: ReadonlyMap<string, ListedNode> }>;
}

/** What is read of a stream. */
export interface ListedNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly listed: boolean;
  readonly leavingSince: EpochMs | undefined;
}

export function newChangeBook(): ChangeBook {
  return { told: [], moves: [], present: new Map() };
}

/** What a check found: mostly what it found the last time, too. */
export function noteChanges(book: ChangeBook, changes: readonly ChangeBefore[], now: EpochMs): void {
  for (const change of changes) {
    const at = Math.min(change.at, now);
    const what = Array.from(change.what).slice(0, textLimit).join('');
    if (!book.told.some((each) => isSame(each, { at, what }))) book.told.push({ at, what });
  }
  book.told = newest(book.told, now);
}

function isSame(one: ChangeBefore, other: ChangeBefore): boolean {
  return one.what === other.what && Math.abs(one.at - other.at) <= sameMs;
}

function newest<Dated extends { readonly at: EpochMs }>(all: readonly Dated[], now: EpochMs): Dated[] {
  const recent = all.filter(({ at }) => at >= now - kept.ms);
  return recent.toSorted((one, other) => other.at - one.at).slice(0, kept.count);
}

// ------------------------------------------------------------------------------------------------ nodes

/** Compares an injector's streams with those of its last listing. The first one after a start says nothing of who came. */
export function noteNodes(book: ChangeBook, injector: number, streams: Iterable<ListedNode>, listedAt: EpochMs): void {
  const before = book.present.get(injector);
  if (before?.listedAt === listedAt) return;
  const all = [...streams];
  const staying = all.filter(({ listed, leavingSince }) => listed && leavingSince === undefined);
  const nodes = new Map(staying.map((stream) => [nodeOf(stream), stream]));
  book.present.set(injector, { listedAt, nodes });
  if (before === undefined) return;
  const joined = [...nodes].filter(([name]) => !before.nodes.has(name));
  const left = new Map([...before.nodes].filter(([name]) => !nodes.has(name)));
  const signs = all.filter((stream) => left.has(nodeOf(stream))).flatMap(({ leavingSince }) => leavingSince ?? []);
  const leftAt = signs.length === 0 ? listedAt : Math.min(listedAt, Math.max(...signs));
  book.moves.push(...moveOf('joined', joined, listedAt), ...moveOf('left', [...left], leftAt));
  book.moves = newest(book.moves, listedAt);
}

/** Several routes may lead through one node. */
function nodeOf({ name, labels }: ListedNode): string {
  return labels.node ?? name;
}

function moveOf(way: Move['way'], nodes: readonly (readonly [string, ListedNode])[], at: EpochMs): Move[] {
  if (nodes.length === 0) return [];
  const noun = nodes.every(([, { labels }]) => labels.node !== undefined) ? 'nodes' : 'streams';
  return [{ at, way, noun, names: nodes.map(([name]) => name) }];
}

/** One line for all that came, one for all that went. */
function movesTold(moves: readonly Move[]): ChangeBefore[] {
  const groups = Map.groupBy(moves, ({ way, noun }) => `${noun} ${way}`);
  return [...groups].map(([key, group]) => {
    const names = [...new Set(group.flatMap((move) => move.names))].toSorted();
    const way = group[0]?.way;
    const what = names.length > nodesNamed ? `${names.length} ${key}` : `${names.join(', ')} ${way}`;
    return { at: Math.max(...group.map(({ at }) => at)), what };
  });
}

// ------------------------------------------------------------------------------------------------ an incident's

interface Beginning {
  readonly kind: IncidentKind;
  readonly since: EpochMs;
  readonly openedAt: EpochMs;
  /** As it was said before. */
  readonly changed?: readonly ChangeBefore[];
}

/**
 * What happened shortly before an incident began, or until it was opened; newest first. What is found later, and was done in
 * that time, is added while it is open; what was said once stays as it was said. The same list where nothing is new.
 */
export function changedBefore(
  book: ChangeBook,
  { kind, since, openedAt, changed: said = [] }: Beginning,
): readonly ChangeBefore[] {
  if (unexplained.has(kind)) return said;
  const isNear = ({ at }: { readonly at: EpochMs }) => at >= since - beforeMs && at <= openedAt;
  const moves = said.length === 0 ? movesTold(book.moves.filter(isNear)) : [];
  const found = book.told.filter((each) => isNear(each) && !said.some((one) => isSame(one, each)));
  const all = [...said, ...found, ...moves].toSorted((one, other) => other.at - one.at).slice(0, namedCount);
  return all.every((each) => said.includes(each)) ? said : all;
}
