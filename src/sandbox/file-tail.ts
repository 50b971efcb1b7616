import { type FileHandle, open, stat } from 'node:fs/promises';

/** How far a file has been read. */
export interface TailPosition {
  readonly inode: number;
  /** Bytes, at the start of a line. */
  readonly offset: number;
}

/** Follows a growing file as an agent does: by name, over renames and truncation. */
export interface FileTail {
  /** The whole lines that were added, without line feeds; none when there is no such file (now). At most 256 KiB. */
  read(): Promise<string[]>;
  /** Where the next line begins; absent before the first file was found. */
  position(): TailPosition | undefined;
  close(): Promise<void>;
}

const mostBytesPerRead = 256 * 1024;

/**
 * Starts at `from` when that is the same file, else at the end of what is there (`'end'`) or at its start (`'start'`).
 * A file that takes the place of an earlier one is read from its start, after the rest of the earlier one.
 */
export function tailFile(path: string, from: TailPosition | 'start' | 'end'): FileTail {
  let file: { handle: FileHandle; inode: number; offset: number } | undefined;

  async function reopen(inode: number, size: number): Promise<void> {
    const offset = file === undefined ? firstOffset(from, inode, size) : 0;
    await file?.handle.close();
    file = undefined;
    file = { handle: await open(path, 'r'), inode, offset };
  }

  async function readOn(): Promise<string[]> {
    if (file === undefined) return [];
    const { size } = await file.handle.stat();
    if (size < file.offset) file.offset = 0;
    const wanted = Math.min(mostBytesPerRead, size - file.offset);
    if (wanted === 0) return [];
    const { buffer, bytesRead } = await file.handle.read(Buffer.allocUnsafe(wanted), 0, wanted, file.offset);
    const { lines, bytes } = wholeLines(buffer.subarray(0, bytesRead));
    file.offset += bytes;
    return lines;
  }

  return {
    async read() {
      const lines = await readOn();
      if (lines.length > 0) return lines;
      const there = await stat(path).catch(() => undefined);
      if (!there?.isFile() || there.ino === file?.inode) return [];
      await reopen(there.ino, there.size);
      return readOn();
    },
    position: () => file && { inode: file.inode, offset: file.offset },
    async close() {
      await file?.handle.close();
      file = undefined;
    },
  };
}

function firstOffset(from: TailPosition | 'start' | 'end', inode: number, size: number): number {
  if (from === 'start') return 0;
  if (from === 'end') return size;
  return from.inode === inode && from.offset <= size ? from.offset : 0;
}

/** A line that is still being written waits for its line feed, unless it alone fills what one read may take. */
function wholeLines(bytes: Buffer): { lines: string[]; bytes: number } {
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end === 0)
    return bytes.length < mostBytesPerRead ? { lines: [], bytes: 0 } : { lines: [text(bytes)], bytes: bytes.length };
  return { lines: text(bytes.subarray(0, end - 1)).split('\n'), bytes: end };
}

const text = (bytes: Buffer) => bytes.toString('utf8');
