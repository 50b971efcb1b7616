/** What we know of another logcanary, and whether it is still to be heard. */
import type { PeerIncident, PeerReport, PeerTaken } from '../core/peer.ts';
import type { PeerSpec } from '../core/pipeline.ts';
import type { EpochMs } from '../lib/clock.ts';

/** Who is silent for so long may be dead: others tell in its place, ms. */
export const takeoverMs = 60_000;
/** Who is silent for so long is not waited for with an end any more, ms (design §6). */
export const givenUpMs = 15 * 60_000;
/** That settings differ is told after so long, ms: both are not set right, or upgraded, in the same minute. */
export const differsMs = 15 * 60_000;

/** What we answer for in place of a peer. */
export interface Taken extends PeerTaken {
  /** Id of our incident that goes on with it, or that told its end. Not said to peers. */
  readonly ours?: string;
}

interface Heard {
  /** What it said when it was last heard. */
  report: PeerReport | undefined;
  /** The incidents of its report, by their dedup keys. */
  theirs: ReadonlyMap<string, PeerIncident>;
}

export interface PeerState extends Heard {
  readonly spec: PeerSpec;
  /** When it was last heard; 0 for never. Also before our start. */
  heardAt: EpochMs;
  /** Why it was not heard, or not believed, at the last try; undefined when it was. Not stored. */
  trouble: string | undefined;
  /** What we answer for in its place, newest last, at most 500. */
  taken: readonly Taken[];
  /** What it went on with in our place and we gave over to it: those of its claims that it still makes. */
  given: readonly PeerTaken[];
  /** Since when its settings are not ours, or it does not hear us; undefined while all agrees. Not stored. */
  differsSince: EpochMs | undefined;
}

/** What is kept of a report. */
export function heard(report: PeerReport | undefined): Heard {
  return { report, theirs: new Map(report?.open.map((each) => [each.dedupKey, each])) };
}

/** The moments that matter of the state. */
interface Times {
  readonly now: EpochMs;
  readonly startedAt: EpochMs;
  readonly watchingSince: EpochMs;
}

/** Heard by this process, and since it was last suspended. */
export function isHeard({ startedAt, watchingSince }: Times, { heardAt }: PeerState): boolean {
  return heardAt > Math.max(startedAt, watchingSince);
}

/** Not silent for long; also one that could not be heard because it is we who just came. */
export function isAlive({ now, startedAt, watchingSince }: Times, { heardAt }: PeerState): boolean {
  return now - Math.max(heardAt, startedAt, watchingSince) <= takeoverMs;
}

export function isGivenUp(times: Times, peer: PeerState): boolean {
  return !isAlive(times, peer) && times.now - peer.heardAt > givenUpMs;
}

type Windows = Pick<PeerReport, 'maintenance' | 'silences'>;

/** Maintenance or silences, ours and those that peers last said: what people set at one of them holds at all. */
export function withPeers<Key extends keyof Windows>(
  state: Pick<Windows, Key> & { readonly peers: readonly PeerState[] },
  key: Key,
): readonly Windows[Key][number][] {
  if (state.peers.length === 0) return state[key];
  return [...state[key], ...state.peers.flatMap(({ report }) => report?.[key] ?? [])];
}

const rowKey = 'peers';

interface PeerRow extends Pick<PeerState, 'heardAt' | 'report' | 'taken' | 'given'> {
  readonly name: string;
}

/** As a meta row. */
export function peersRow(peers: readonly PeerState[]): { key: string; value: string } {
  const rows = peers.map(
    ({ spec: { name }, heardAt, report, taken, given }): PeerRow => ({
      ...{ name, heardAt, report, taken, given },
    }),
  );
  return { key: rowKey, value: JSON.stringify(rows) };
}

/** With what the ledger's meta rows hold of those that are configured. */
export function restorePeers(specs: readonly PeerSpec[] | undefined, meta: ReadonlyMap<string, string>): PeerState[] {
  const rows: readonly PeerRow[] = JSON.parse(meta.get(rowKey) ?? '[]');
  return (specs ?? []).map((spec) => {
    const { heardAt = 0, report, taken = [], given = [] } = rows.find(({ name }) => name === spec.name) ?? {};
    return { spec, heardAt, ...heard(report), taken, given, trouble: undefined, differsSince: undefined };
  });
}
