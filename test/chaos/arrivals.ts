/** What truly arrived: the canaries in the sandbox's archive and index, held against the ledger's verdicts. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, isSeen } from '../../src/core/block.ts';
import type { Config } from '../../src/core/pipeline.ts';
import { scanRecord } from '../../src/core/scan.ts';
import { readToken } from '../../src/core/token.ts';
import { type LedgerPicture, trackKey } from './ledger-picture.ts';

/** The sandbox's `lost_after`, ms. */
const lostAfterMs = 60_000;
/** An index document can be searched about a second after its arrival, and an object's time is that of its end. */
const visibleMs = 3_000;
/** Each `within` of the sandbox without that time; at the alerter half of it, ms. */
const earlyEnoughMs: Readonly<Record<string, number>> = {
  stream: 8_000 - visibleMs,
  index: 10_000 - visibleMs,
  archive: 20_000 - visibleMs,
  alert: 10_000,
};
/** Documents that one search may give. */
const pageSize = 10_000;

export interface Arrivals {
  /** Reads what is new. The index keeps 15 min, so often enough. False while the index is down. */
  read(): Promise<boolean>;
  /** Remembers what is called lost now. */
  noteLost(picture: LedgerPicture): void;
  /** Delivered where nothing arrived, lost where it did, lost or delayed although it came in time. */
  faults(picture: LedgerPicture): string[];
  /** Delayed at the alerter although the index had it early: only where nobody held the alerter up. */
  alertFaults(picture: LedgerPicture): string[];
  /** Distinct canaries seen, by place. */
  readonly counts: { readonly index: number; readonly archive: number };
}

/** By `stream/seq`: how long after its planned emission a canary was first there, ms. */
type Seen = Map<string, number>;

interface Lost {
  readonly hop: string;
  readonly stream: number;
  readonly seq: number;
}

export function arrivalsOf(dir: string, config: Config): Arrivals {
  const places: Record<string, Seen> = { index: new Map(), archive: new Map() };
  const everLost = new Map<string, Lost>();
  const objects = new Set<string>();
  let since = 0;
  const seen = (place: string) => places[place] ?? new Map<string, number>();
  return {
    async read() {
      await readArchive(path.join(dir, 'archive'), objects, seen('archive'));
      const newest = await readIndex(indexUrlOf(config), since, seen('index'));
      since = newest ?? since;
      return newest !== undefined;
    },
    noteLost(picture) {
      for (const { id, name } of picture.hops)
        for (const { number } of picture.streams)
          picture.codes.get(trackKey(number, id))?.forEach((code, seq) => {
            if (code === codeOf.lost) everLost.set(`${name} ${number}/${seq}`, { hop: name, stream: number, seq });
          });
    },
    faults: (picture) => [
      ...picture.hops.flatMap(({ id, name }) => (places[name] ? verdictFaults(picture, id, name, seen(name)) : [])),
      ...picture.hops.flatMap(({ id, name }) => (name === 'alert' ? [] : delayFaults(picture, id, name, places))),
      ...[...everLost.values()].flatMap((lost) => lossFaults(lost, places)),
    ],
    alertFaults: (picture) =>
      picture.hops.flatMap(({ id, name }) => (name === 'alert' ? delayFaults(picture, id, name, places) : [])),
    get counts() {
      return { index: seen('index').size, archive: seen('archive').size };
    },
  };
}

function verdictFaults(picture: LedgerPicture, hop: number, name: string, arrived: Seen): string[] {
  const faults: string[] = [];
  for (const stream of picture.streams)
    picture.codes.get(trackKey(stream.number, hop))?.forEach((code, seq) => {
      const there = arrived.has(`${stream.number}/${seq}`);
      if (isSeen(code) && !there)
        faults.push(`${stream.name} #${seq} is called delivered at ${name}, and is not there`);
      if (code === codeOf.lost && there) faults.push(`${stream.name} #${seq} is called lost at ${name}, and is there`);
    });
  return faults;
}

/**
 * It was there so early that no look within the deadline can have missed it, and is called delayed. The stream and the
 * alerter keep no record: what is in the index in time was in the stream before, and within reach of the alerter.
 */
function delayFaults(
  picture: LedgerPicture,
  hop: number,
  name: string,
  places: Readonly<Record<string, Seen>>,
): string[] {
  const early = earlyEnoughMs[name] ?? 0;
  const arrived = places[name] ?? places.index ?? new Map<string, number>();
  const faults: string[] = [];
  for (const stream of picture.streams)
    picture.codes.get(trackKey(stream.number, hop))?.forEach((code, seq) => {
      const afterMs = arrived.get(`${stream.number}/${seq}`) ?? Number.POSITIVE_INFINITY;
      if (code === codeOf.delayed && afterMs <= early)
        faults.push(`${stream.name} #${seq} is called delayed at ${name}, and had come as far after ${afterMs} ms`);
    });
  return faults;
}

/** It was called lost once: it must not have been there in time. What is further down in time passed the stream in time. */
function lossFaults({ hop, stream, seq }: Lost, places: Readonly<Record<string, Seen>>): string[] {
  const at = hop === 'stream' ? Object.values(places) : [places[hop] ?? new Map<string, number>()];
  const afterMs = Math.min(...at.map((seen) => seen.get(`${stream}/${seq}`) ?? Number.POSITIVE_INFINITY));
  if (afterMs > lostAfterMs - visibleMs) return [];
  return [`stream ${stream} #${seq} was called lost at ${hop}, where it was ${afterMs} ms after it was due`];
}

function note(seen: Seen, token: string, at: number): void {
  const fields = readToken(token);
  if (fields === undefined) return;
  const key = `${fields.stream}/${fields.seq}`;
  const afterMs = at - fields.plannedAt;
  seen.set(key, Math.min(afterMs, seen.get(key) ?? afterMs));
}

async function readArchive(folder: string, known: Set<string>, seen: Seen): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names) {
    const file = path.join(folder, name);
    if (known.has(file) || !name.endsWith('._S3rver_object')) continue;
    known.add(file);
    const { mtimeMs } = await stat(file);
    for (const { token } of scanRecord(await readFile(file)).finds) note(seen, token, mtimeMs);
  }
}

function indexUrlOf({ pipelines }: Config): string {
  const { options } = pipelines.flatMap(({ hops }) => hops).find(({ name }) => name === 'index') ?? {};
  return String((options as { url?: unknown } | undefined)?.url);
}

interface SearchAnswer {
  readonly _shards: { readonly failed: number };
  readonly hits: {
    readonly hits: readonly {
      readonly _source: { readonly message: string; readonly event: { readonly ingested: string } };
    }[];
  };
}

/** @returns when the newest document came in; undefined when the index did not answer in full */
async function readIndex(url: string, since: number, seen: Seen): Promise<number | undefined> {
  const gte = new Date(since).toISOString();
  const query = { bool: { filter: [{ range: { 'event.ingested': { gte } } }, { match: { message: 'logcanary' } }] } };
  const body = JSON.stringify({ size: pageSize, sort: [{ 'event.ingested': 'asc' }], query });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/logs-*/_search`, { method: 'POST', headers, body }).catch(() => undefined);
  if (answer?.ok !== true) return undefined;
  const { hits, _shards } = (await answer.json()) as SearchAnswer;
  if (_shards.failed > 0) return undefined;
  let newest = since;
  for (const { _source } of hits.hits) {
    const at = Date.parse(_source.event.ingested);
    newest = Math.max(newest, at);
    for (const { token } of scanRecord(Buffer.from(_source.message)).finds) note(seen, token, at);
  }
  return newest;
}
