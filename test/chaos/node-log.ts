/** What truly went out: the canaries in a sandbox's node logs, held against what the ledger says of them. */
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { emission } from '../../src/core/block.ts';
import { checkToken } from '../../src/core/token.ts';
import { tokenOf } from '../../src/engine/injecting.ts';
import type { LedgerPicture } from './ledger-picture.ts';

const nodes = ['node-a', 'node-b', 'node-c'];
const canary = /^logcanary (lcn1[a-z2-7]{47}0) sandbox\/(\S+) #(\d+) /;

export interface NodeLogs {
  /** Reads what was added, and says what is wrong with it. Only while nobody writes canaries. */
  faults(picture: LedgerPicture): Promise<string[]>;
  /** Canaries in the logs so far: token by `stream/seq`. */
  readonly written: ReadonlyMap<string, string>;
}

/** Opens the logs by file, not by name: `emitter-stopped` moves them away. */
export async function openNodeLogs(dir: string, defer: (undo: () => unknown) => void): Promise<NodeLogs> {
  const files: { handle: FileHandle; offset: number }[] = [];
  for (const node of nodes) {
    const handle = await open(path.join(dir, node, 'app.log'), 'r');
    defer(() => handle.close());
    files.push({ handle, offset: 0 });
  }
  const written = new Map<string, string>();
  return {
    written,
    async faults(picture) {
      const faults: string[] = [];
      for (const file of files)
        for (const line of await wholeLines(file)) faults.push(...lineFaults(line, picture, written));
      return [...faults, ...emissionFaults(picture, written)];
    },
  };
}

async function wholeLines(file: { handle: FileHandle; offset: number }): Promise<string[]> {
  const { size } = await file.handle.stat();
  const { buffer } = await file.handle.read(Buffer.alloc(size - file.offset), 0, size - file.offset, file.offset);
  const end = buffer.lastIndexOf(0x0a) + 1;
  file.offset += end;
  return buffer.subarray(0, end).toString('utf8').split('\n');
}

/** Nothing goes out that was not granted before, and nothing goes out twice. */
function lineFaults(line: string, picture: LedgerPicture, written: Map<string, string>): string[] {
  const [, token, name, seq] = canary.exec(line) ?? [];
  if (token === undefined) return [];
  const check = checkToken(token, picture.signer);
  if (check.state !== 'valid') return [`${name} #${seq}: a token that is ${check.state} went out`];
  const { fields } = check;
  const stream = picture.state.streamsByNumber.get(fields.stream);
  const key = `${fields.stream}/${fields.seq}`;
  const earlier = written.get(key);
  written.set(key, token);
  if (earlier !== undefined) return [`${name} #${seq} went out twice`];
  if (stream === undefined || fields.seq >= stream.nextSeq)
    return [`${name} #${seq} went out and was never granted: the ledger is at ${stream?.nextSeq}`];
  const granted = tokenOf(picture.state, stream, fields.seq);
  return granted === token ? [] : [`${name} #${seq} went out with another token than the ledger's`];
}

/** What is proven to have gone out is in the log; what is proven not to have is not. */
function emissionFaults(picture: LedgerPicture, written: ReadonlyMap<string, string>): string[] {
  const faults: string[] = [];
  for (const { number, name, nextSeq } of picture.streams) {
    const states = picture.emission.get(number)?.states;
    for (let seq = 0; seq < nextSeq; seq++) {
      const out = written.has(`${number}/${seq}`);
      if (states?.[seq] === emission.emitted && !out)
        faults.push(`${name} #${seq} is called emitted, and is not there`);
      if (states?.[seq] === emission.withheld && out) faults.push(`${name} #${seq} is called withheld, and went out`);
    }
  }
  return faults;
}
