/** Looks at `run` all the time from outside, and at what it wrote and told; says in the end what was not as promised. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { shippedKinds } from '../../src/cli/kinds.ts';
import { loadConfig } from '../../src/config/load.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { type ListedIncident, misaccounted, scrape } from '../e2e/watching.ts';
import type { Lane } from './lane.ts';
import { identityFaults } from './ledger-audit.ts';
import { copyLedger, readLedger } from './ledger-picture.ts';
import { openNodeLogs } from './node-log.ts';
import type { Bench, Finding } from './ordeal.ts';
import { deliveryFaults, storyFaults, type Told, toldBy } from './page-story.ts';
import { until } from './patience.ts';

const everyMs = 400;
const patienceMs = 5_000;
/** The archiver writes every 5 s; a backlog comes first. */
const flowingWithinMs = 120_000;

/** What of `GET /api/v1/status` is looked at. */
interface Status {
  readonly at: string;
  readonly health: { readonly ok: boolean; readonly problems: readonly string[] };
  readonly pipelines: readonly Pipeline[];
  readonly incidents: readonly Incident[];
}
interface Pipeline {
  /** Handed out when it died, and never heard of: they need not have gone out. */
  readonly unconfirmed: number;
  readonly hops: readonly Hop[];
}
interface Incident extends ListedIncident {
  readonly detail: string;
}
interface Hop {
  readonly name: string;
  readonly state: string;
  readonly expected: number;
  readonly canaries: Readonly<Record<string, number>>;
}

export interface Witness {
  /** How often it could look. */
  readonly looks: number;
  /** Largest resident set of any `run` so far, MiB. */
  readonly peakMib: number;
  status(): Promise<Status>;
  /** Begins to look, until the ordeal is over. */
  begin(): void;
  /** Waits until every hop flows, something more was found at each, and nothing is waited for in vain. */
  flowing(): Promise<void>;
  /**
   * What must be true whatever was done. Ends `run`; call it when nothing is broken any more and all is quiet.
   * @param causes kinds of incident that there was a cause for
   */
  findings(causes: readonly string[]): Promise<readonly Finding[]>;
}

/** @param ledger its path for this process */
export function createWitness(bench: Bench, lane: Lane, ledger = lane.ledger): Witness {
  const seen = { looks: 0, peakMib: 0, at: '', minted: new Map<string, number>() };
  const against = { accounts: new Set<string>(), time: new Set<string>(), counts: new Set<string>() };
  const get = async (of: string) => {
    const limit = bench.clock.deadline(patienceMs, bench.signal);
    try {
      return await (await fetch(`${lane.origin}${of}`, { signal: limit.signal })).json();
    } finally {
      limit.clear();
    }
  };
  const status = () => get('/api/v1/status') as Promise<Status>;

  async function look(): Promise<void> {
    for (const each of misaccounted(await scrape(lane.origin))) against.accounts.add(each);
    const { at, pipelines } = await status();
    if (at < seen.at) against.time.add(`${at} after ${seen.at}`);
    seen.at = at;
    for (const { hops } of pipelines) for (const hop of hops) compare(hop);
    seen.peakMib = Math.max(seen.peakMib, await peakMibOf(lane.run.pid));
    seen.looks += 1;
  }
  function compare({ name, expected, canaries }: Hop): void {
    // with those withheld: an unconfirmed canary can turn out to be one
    const minted = expected + (canaries.withheld ?? 0);
    const before = seen.minted.get(name) ?? 0;
    if (minted < before) against.counts.add(`${name}: ${minted} minted after ${before}`);
    seen.minted.set(name, minted);
  }

  /** The file against the logs and the pager, with nobody writing any more. */
  async function fileFaults(): Promise<Record<'accounts' | 'lines' | 'pages', string[]>> {
    const end = await lane.run.end();
    if (end.code !== 0) return all(`run ended with ${JSON.stringify(end)}`);
    const copy = path.join(lane.dir, 'audited.db');
    await copyLedger(ledger, copy);
    const kinds = await shippedKinds();
    const picture = await readLedger(copy, await loadConfig({ file: lane.config, env: process.env, ...kinds }));
    if (picture === undefined) return all('the ledger is empty');
    const logs = await openNodeLogs(lane.dir, bench.defer);
    return {
      accounts: identityFaults(picture),
      lines: await logs.faults(picture),
      pages: deliveryFaults(toldOf(lane), picture.outbox.values(), picture.incidents),
    };
  }

  return {
    get looks() {
      return seen.looks;
    },
    get peakMib() {
      return seen.peakMib;
    },
    status,
    async flowing() {
      const hops = async () => (await status()).pipelines.flatMap(hopsOf);
      let before: readonly PlacedHop[] | undefined;
      await until(bench, 'every hop flows', flowingWithinMs, async () => {
        before ??= await hops();
        const now = await hops();
        const still = now.filter((hop, at) => !flows(hop, before?.[at]));
        if (still.length > 0)
          throw new Error(still.map((hop) => `${hop.name} ${hop.state} ${notFound(hop)}`).join(', '));
        return true;
      });
    },
    begin() {
      const over = new AbortController();
      const watching = (async () => {
        while (!over.signal.aborted) {
          // it may be dead, or out of sockets: the ordeal decides whether that is all right
          await look().catch(() => undefined);
          await bench.clock.sleep(everyMs, over.signal).catch(() => undefined);
        }
      })();
      bench.defer(async () => {
        over.abort();
        await watching;
      });
    },
    async findings(causes) {
      await look();
      // what a starved pipeline does late is truly late: to be known by who reads of it
      bench.say(`load ${loadavg().map(Math.round).join(', ')} on ${availableParallelism()} cores`);
      const { pipelines, incidents } = await status();
      const groundless = incidents.filter(({ kind }) => !causes.includes(kind));
      const file = await fileFaults();
      const held = (promise: string, ...faults: Iterable<string>[]): Finding => ({
        promise,
        against: faults.flatMap((each) => [...each]).slice(0, 10),
      });
      return [
        held(`the accounts add up, each of ${seen.looks} times, and in the file`, against.accounts, file.accounts),
        held('ledger time never goes back', against.time),
        held('nothing that was counted is forgotten', against.counts),
        held(
          `no incident without a cause (${incidents.length} told)`,
          groundless.map(({ id, kind, hop, detail }) => `${id} ${kind}@${hop}: ${detail}`),
        ),
        held('every canary that went out is found at every hop', pipelines.flatMap(hopsOf).flatMap(notFound)),
        held('each line that went out had been granted, and went out once; each proof is right', file.lines),
        held('each page is begun once and ended once, repeated only as it was', storyFaults(toldOf(lane)), file.pages),
      ];
    },
  };
}

type PlacedHop = Hop & Pick<Pipeline, 'unconfirmed'>;

const hopsOf = ({ hops, unconfirmed }: Pipeline): PlacedHop[] => hops.map((hop) => ({ ...hop, unconfirmed }));

function flows(hop: PlacedHop, before: PlacedHop | undefined): boolean {
  const more = (hop.canaries.delivered ?? 0) > (before?.canaries.delivered ?? 0);
  return hop.state === 'flowing' && notFound(hop).length === 0 && more;
}

function notFound({ name, canaries, unconfirmed }: PlacedHop): string[] {
  const { lost = 0, overdue = 0, unverifiable = 0 } = canaries;
  const tooMany =
    unverifiable > unconfirmed ? [`${name}: ${unverifiable} unverifiable, ${unconfirmed} unconfirmed`] : [];
  return [
    ...(lost > 0 ? [`${name}: ${lost} lost`] : []),
    ...(overdue > 0 ? [`${name}: ${overdue} overdue`] : []),
    ...tooMany,
  ];
}

const all = (fault: string) => ({ accounts: [fault], lines: [fault], pages: [fault] });

/** The emergency page goes past the ledger, and has no incident of its own: the ordeal that causes it looks at it. */
function toldOf({ pager }: Lane): Told[] {
  return toldBy(pager.events).filter(({ incident }) => incident !== 'inc-ledger');
}

/** High-water mark of the resident set, MiB. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
export async function peakMibOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch((error: unknown) => messageOf(error));
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024);
}
