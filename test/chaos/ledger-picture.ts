/** All that a ledger file says, read while no process has it open: what a kill left behind. */
import { copyFile } from 'node:fs/promises';
import { blockSize, decodeEmission, decodeVerdicts } from '../../src/core/block.ts';
import type { LedgerReader, LedgerTables, StreamRow, TableName } from '../../src/core/ledger.ts';
import type { Config } from '../../src/core/pipeline.ts';
import { restore } from '../../src/engine/restore.ts';
import type { EngineState } from '../../src/engine/state.ts';
import { openSqliteReader } from '../../src/ledger/sqlite.ts';
import { createSigner, type Signer } from '../../src/lib/signer.ts';

/** More rows than any table gets in an ordeal. */
const allRows = 1_000_000;

export interface LedgerPicture {
  /** T of the last commit. */
  readonly time: number;
  readonly streams: readonly StreamRow[];
  readonly runs: ReadonlyMap<number, LedgerTables['run']>;
  readonly hops: readonly LedgerTables['hop'][];
  readonly incidents: ReadonlyMap<number, LedgerTables['incident']>;
  readonly outbox: ReadonlyMap<number, LedgerTables['outbox']>;
  readonly unwatched: readonly LedgerTables['unwatched'][];
  /** By stream number: what is known of each canary's emission, one of `emission`; and from when to when, ms. */
  readonly emission: ReadonlyMap<number, EmissionTimes>;
  /** By `trackKey`: the code of each canary, as stored, settled or not; 0 where there is none. */
  readonly codes: ReadonlyMap<string, Uint8Array>;
  /** As the next start would have it in memory. */
  readonly state: EngineState;
  readonly signer: Signer;
}

export interface EmissionTimes {
  readonly states: Uint8Array;
  readonly nb: Int32Array;
  readonly na: Int32Array;
}

export const trackKey = (stream: number, hop: number) => `${stream}/${hop}`;

/** Copies the file with its write-ahead log, so that the next `run` need not wait for the reading. */
export async function copyLedger(ledger: string, copy: string): Promise<boolean> {
  const there = await copyFile(ledger, copy).then(
    () => true,
    () => false,
  );
  // none after a start that was killed before its first commit, and after a good end
  if (there) await copyFile(`${ledger}-wal`, `${copy}-wal`).catch(() => undefined);
  return there;
}

/** Undefined for a file that has no tables yet. */
export async function readLedger(file: string, config: Config): Promise<LedgerPicture | undefined> {
  let reader: LedgerReader;
  try {
    reader = await openSqliteReader({ path: file });
  } catch (error) {
    if (error instanceof Error && error.message.includes('it has version 0')) return undefined;
    throw error;
  }
  try {
    return await pictureOf(reader, config);
  } finally {
    await reader.close();
  }
}

async function pictureOf(reader: LedgerReader, config: Config): Promise<LedgerPicture> {
  const all = <T extends TableName>(table: T) => reader.find(table, {}, allRows);
  const contents = await reader.load();
  const time = Number(contents.meta.find(({ key }) => key === 'time')?.value ?? 0);
  const signer = createSigner(config.keys);
  const streams = await all('stream');
  const next = new Map(streams.map(({ number, nextSeq }) => [number, nextSeq]));
  const place = { target: '', runbook: {} };
  const state = restore({
    ...{ config, contents, signer, signingKey: signer.first, writer: -1, seed: 0, now: time, wall: time },
    observer: () => ({ ...place, mode: 'poll', finds: 'unique' }),
    injector: () => place,
    check: () => place,
  });
  return {
    ...{ time, streams, state, signer, hops: await all('hop'), unwatched: await all('unwatched') },
    runs: new Map((await all('run')).map((row) => [row.id, row])),
    incidents: new Map((await all('incident')).map((row) => [row.id, row])),
    outbox: new Map((await all('outbox')).map((row) => [row.id, row])),
    emission: emissionOf(await all('emission'), next),
    codes: codesOf(await all('verdict'), next),
  };
}

function emissionOf(rows: readonly LedgerTables['emission'][], next: ReadonlyMap<number, number>) {
  const found = new Map<number, EmissionTimes>();
  for (const [stream, count] of next) {
    const room = roomFor(count);
    found.set(stream, { states: new Uint8Array(room), nb: new Int32Array(room), na: new Int32Array(room) });
  }
  for (const { stream, block, data } of rows) {
    const { states, nb, na } = decodeEmission(block, data);
    const into = found.get(stream);
    into?.states.set(states, block * blockSize);
    into?.nb.set(nb, block * blockSize);
    into?.na.set(na, block * blockSize);
  }
  return found;
}

function codesOf(rows: readonly LedgerTables['verdict'][], next: ReadonlyMap<number, number>) {
  const found = new Map<string, Uint8Array>();
  for (const { stream, hop, block, data } of rows) {
    const key = trackKey(stream, hop);
    const codes = found.get(key) ?? new Uint8Array(roomFor(next.get(stream) ?? 0));
    found.set(key, codes);
    codes.set(decodeVerdicts(block, data).codes, block * blockSize);
  }
  return found;
}

/** Whole blocks. */
function roomFor(count: number): number {
  return Math.ceil((count + 1) / blockSize) * blockSize;
}
