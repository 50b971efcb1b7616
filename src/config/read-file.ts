import { type FileHandle, open } from 'node:fs/promises';

/** A configuration is small; anything bigger is the wrong file. Bytes. */
export const maxConfigBytes = 1024 * 1024;

/** The text of a file, or why it cannot be had and what to change. */
export type FileText = { readonly text: string } | { readonly fault: string };

/** Reads at most `maxBytes`, whatever the path leads to (a pipe and /dev/zero too), as UTF-8. */
export async function readTextFile(path: string, maxBytes: number): Promise<FileText> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    if ((await handle.stat()).isDirectory()) return { fault: 'is a folder. Name a file in it.' };
    return decode(await readBounded(handle, maxBytes), maxBytes);
  } catch (error) {
    return { fault: describeIoError(error) };
  } finally {
    await handle?.close();
  }
}

async function readBounded(handle: FileHandle, maxBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** UTF-8 text, its byte order mark removed; faults for what is no text at all. */
export function decode(bytes: Uint8Array, maxBytes: number): FileText {
  if (bytes.length > maxBytes) {
    return { fault: `is bigger than ${maxBytes / 1024} KiB. Is it the right file?` };
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { fault: 'is UTF-16 text. Save it as UTF-8.' };
  }
  if (bytes.includes(0)) return { fault: 'is a binary file. Name a text file.' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { fault: 'is not valid UTF-8. Save it as UTF-8 text.' };
  }
}

function describeIoError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist. Check the path.';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user. Change its owner or mode.';
  if (code === 'EISDIR') return 'is a folder. Name a file in it.';
  return `could not be read (${code}). Check the path.`;
}
