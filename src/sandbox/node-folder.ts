/** One simulated node: a folder with the log that everything on the node writes to. */
import {
  appendFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, open } from 'node:fs/promises';
import path from 'node:path';

export interface NodeFolder {
  readonly name: string;
  /** The node's log. */
  readonly log: string;
  /** While this file exists, the node is going away. */
  readonly leaving: string;
  /** Where the node's agent remembers how far it got. */
  readonly registry: string;
  /** Adds a line to the log. */
  append(line: string): Promise<void>;
  /** The end of the log, at most `bytes`; empty while it is blocked. */
  newest(bytes: number): Promise<string>;
  /** A directory takes the log's place, so that nobody can write to it, not even root. */
  block(): void;
  /** The log is back, with all that it held. */
  unblock(): void;
  leave(): void;
  comeBack(): void;
}

/** Makes the folder with an empty log; one that an earlier sandbox left is healed and keeps its log. */
export function openNodeFolder(dir: string, name: string): NodeFolder {
  const folder = path.join(dir, name);
  const inside = (file: string) => path.join(folder, file);
  const [log, leaving, away] = [inside('app.log'), inside('leaving'), inside('app.log.away')];
  mkdirSync(folder, { recursive: true });
  unblock(log, away);
  appendFileSync(log, '');
  rmSync(leaving, { force: true });
  return {
    name,
    log,
    leaving,
    registry: inside('agent.json'),
    append: (line) => appendFile(log, `${line}\n`),
    newest: (bytes) => endOf(log, bytes),
    block: () => block(log, away),
    unblock: () => unblock(log, away),
    leave: () => writeFileSync(leaving, ''),
    comeBack: () => rmSync(leaving, { force: true }),
  };
}

// Moving is done synchronously: between two calls only another process can slip in, and what it writes is kept.

function block(log: string, away: string): void {
  if (existsSync(away)) return;
  renameSync(log, away);
  retryOverNewFile(log, away, () => mkdirSync(log));
}

function unblock(log: string, away: string): void {
  if (!existsSync(away)) return;
  if (lstatSync(log, { throwIfNoEntry: false })?.isDirectory()) rmdirSync(log);
  retryOverNewFile(log, away, () => linkSync(away, log));
  unlinkSync(away);
}

/** An injector opens by name and creates: a file that it made in the gap goes to the end of the real log. */
function retryOverNewFile(log: string, away: string, place: () => void): void {
  for (let tries = 0; ; tries += 1) {
    try {
      place();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === 10) throw error;
      appendFileSync(away, readFileSync(log));
      unlinkSync(log);
    }
  }
}

async function endOf(log: string, bytes: number): Promise<string> {
  const file = await open(log, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(bytes, size);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } catch {
    return '';
  } finally {
    await file.close();
  }
}
