/** Reads everything that a dead `run` left: its ledger, the logs that it wrote to, the pages that it sent. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { shippedKinds } from '../../src/cli/kinds.ts';
import { loadConfig } from '../../src/config/load.ts';
import { verdicts } from '../../src/core/verdict-name.ts';
import { verdictCounts } from '../../src/engine/sums.ts';
import { traceOffline } from '../../src/offline.ts';
import { arrivalsOf } from './arrivals.ts';
import type { Lane } from './lane.ts';
import { identityFaults, takenBack } from './ledger-audit.ts';
import { copyLedger, type LedgerPicture, readLedger } from './ledger-picture.ts';
import { openNodeLogs } from './node-log.ts';
import type { Bench } from './ordeal.ts';
import { deliveryFaults, toldBy } from './page-story.ts';

export interface Inspection {
  /** Where the accounts do not add up. */
  readonly identity: readonly string[];
  /** What the ledger said at the last inspection, and says no more. */
  readonly kept: readonly string[];
  /** Where the node logs and the ledger contradict each other. */
  readonly emission: readonly string[];
  /** Where the pager and the ledger do. */
  readonly told: readonly string[];
}

export interface Inspector {
  /** Only while no `run` is alive. */
  inspect(): Promise<Inspection>;
  /** Reads archive and index on; the index keeps 15 min. False while the index is down. */
  readArrivals(): Promise<boolean>;
  /** Where the last picture's verdicts, and losses that were ever declared, contradict what truly arrived. */
  truthFaults(): string[];
  /** Canaries called delayed at the alerter, where nothing but ourselves can have held them up. */
  alertFaults(): string[];
  /** Of the last inspection. */
  readonly picture: LedgerPicture | undefined;
  /** One line for people. */
  summary(): string;
}

export async function openInspector(bench: Bench, lane: Lane): Promise<Inspector> {
  const config = await loadConfig({ file: lane.config, env: process.env, ...(await shippedKinds()) });
  const logs = await openNodeLogs(lane.dir, bench.defer);
  const arrivals = arrivalsOf(lane.dir, config);
  const copy = path.join(lane.dir, 'copy.db');
  let picture: LedgerPicture | undefined;

  const traceFaults = async (): Promise<string[]> => {
    const tokens = [...logs.written.values()];
    const token = tokens[Math.floor(bench.random() * tokens.length)];
    if (token === undefined) return [];
    const { state, emission } = await traceOffline({ ...config, ledger: copy }, token);
    if (state === 'known' && emission?.state !== 'withheld') return [];
    return [`trace calls a canary that went out ${state}, emission ${emission?.state}`];
  };

  return {
    async inspect() {
      const before = picture;
      for (const end of ['', '-wal', '-shm']) await rm(copy + end, { force: true });
      const now = (await copyLedger(lane.ledger, copy)) ? await readLedger(copy, config) : undefined;
      if (now === undefined) {
        const kept = before === undefined ? [] : ['the ledger is gone'];
        return { identity: [], kept, emission: [], told: [] };
      }
      picture = now;
      arrivals.noteLost(now);
      const emission = await logs.faults(now);
      return {
        identity: identityFaults(now),
        kept: before === undefined ? [] : takenBack(before, now),
        emission: [...emission, ...(await traceFaults())],
        told: deliveryFaults(toldBy(lane.pager.events), now.outbox.values(), now.incidents),
      };
    },
    readArrivals: () => arrivals.read(),
    truthFaults: () => (picture === undefined ? ['there is no ledger'] : arrivals.faults(picture)),
    alertFaults: () => (picture === undefined ? [] : arrivals.alertFaults(picture)),
    get picture() {
      return picture;
    },
    summary: () => {
      const written = `${logs.written.size} canaries went out, ${arrivals.counts.index} in the index, ${arrivals.counts.archive} in the archive`;
      return picture === undefined ? written : `${written}; ${wordsOf(picture)}; ${lane.pager.events.length} pages`;
    },
  };
}

/** `delivered 812, lost 3` over all hops, and how many incidents. */
function wordsOf({ state, incidents }: LedgerPicture): string {
  const counts = verdictCounts(state.pipelines.flatMap(({ hops }) => hops.flatMap(({ tracks }) => tracks)));
  const words = verdicts.filter((verdict) => counts[verdict] > 0).map((verdict) => `${verdict} ${counts[verdict]}`);
  return `${words.join(', ')}; ${incidents.size} incidents`;
}
