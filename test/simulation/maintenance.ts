/** Maintenance that people announce: who must not be told of what begins in it, and must be told of what outlives it. */
import type { Change, OutboxRow } from '../../src/core/ledger.ts';
import type { Maintenance } from '../../src/core/maintenance.ts';
import { hopNames } from './setting.ts';
import type { Watchdog } from './watchdog.ts';
import type { Spell } from './weather.ts';

/** Who announces it tries again where we do not answer, ms. */
const retryMs = 20_000;

type Place = Pick<OutboxRow['facts'], 'pipeline' | 'hop'>;

export class MaintenanceBook {
  private readonly host: Watchdog;
  /** As the ledger holds them, by their reasons. Times are T. */
  private readonly known = new Map<string, Maintenance>();

  constructor(host: Watchdog) {
    this.host = host;
  }

  /** Of everything, or of one hop. It is announced until it is known to be in the ledger. */
  announce(spell: Spell): void {
    const { host } = this;
    const reason = `spell ${spell.index}`;
    if (host.now >= spell.end || this.known.has(reason)) return;
    host.queue.push(host.now + retryMs, () => this.announce(spell));
    const { state } = host;
    if (!state || host.ledgerStuck || host.flushing || host.suspension.reigns) return;
    const hop = hopNames[spell.index % (2 * hopNames.length)];
    const from = host.toT(host.now);
    const until = from + spell.end - host.now;
    const wanted = { pipeline: 'sim', ...(hop === undefined ? {} : { hop }), from, until, reason, by: 'people' };
    host.dispatch({ type: 'maintain', wanted, told: () => undefined });
  }

  committed(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.op !== 'put' || change.table !== 'meta' || change.row.key !== 'maintenance') continue;
      for (const window of JSON.parse(String(change.row.value)) as Maintenance[]) this.known.set(window.reason, window);
    }
  }

  /** Whether a place is in a window at a T. */
  holds(place: Place, t: number): boolean {
    return [...this.known.values()].some((each) => isAbout(each, place) && t >= each.from && t < each.until);
  }

  /** Between two moments of T: the longest time in a row in which no window held at a place, ms. */
  longestUncovered(place: Place, from: number, to: number): number {
    const windows = [...this.known.values()].filter((each) => isAbout(each, place));
    let longest = 0;
    let since = from;
    for (const { from: begin, until } of windows.toSorted((one, other) => one.from - other.from)) {
      if (begin >= to) break;
      longest = Math.max(longest, begin - since);
      since = Math.max(since, until);
    }
    return Math.max(longest, to - since);
  }
}

/** By our own reading of it: what the engine makes of a window is what is tested. */
function isAbout({ hop }: Maintenance, place: Place): boolean {
  return hop === undefined || hop === place.hop;
}
