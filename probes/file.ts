/** Appends canaries to a log file that an agent tails. */
import { constants } from 'node:fs';
import { type FileHandle, open as openFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import {
  type BatchLine,
  type CallOptions,
  defineProbe,
  type Emission,
  type Injector,
  type ListedStream,
  type ProbeContext,
  ProbeError,
  type Reason,
} from '../src/probe.ts';

const Config = z.strictObject({
  path: z.string().min(1).describe('The log file. It is created when missing, its folder is not.'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,63}$/, 'letters, digits, dots, dashes and underscores, at most 63')
    .optional()
    .describe('Name of the stream. Default: the file name without its extension.'),
  labels: z
    .record(z.string(), z.string())
    .default({})
    .describe('node, zone, pool: what an incident may be localised by.'),
  leaving: z
    .string()
    .min(1)
    .optional()
    .describe(
      'While this file exists the stream is leaving, since its time of change; a spot termination hook may touch it.',
    ),
});
type FileConfig = z.output<typeof Config>;

/**
 * Append; create; never wait for the reader of a pipe: opening one that nobody reads fails at once instead of blocking a
 * thread for ever. Means nothing for regular files. https://man7.org/linux/man-pages/man2/open.2.html
 */
const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NONBLOCK;

async function open(config: FileConfig, { clock }: ProbeContext): Promise<Injector> {
  const name = config.name ?? safeName(config.path);
  let cutLine = false;

  /** Opened anew each time, so that a rotated or replaced file is followed. */
  async function append(lines: readonly BatchLine[]): Promise<Emission[]> {
    const nb = clock.now();
    let file: FileHandle | undefined;
    try {
      file = await openFile(config.path, flags, 0o644);
      const start = cutLine ? '\n' : '';
      const bytes = Buffer.from(start + lines.map((line) => `${line.text}\n`).join(''));
      const { bytesWritten } = await file.write(bytes);
      if (bytesWritten > 0) cutLine = bytesWritten < bytes.length && bytes[bytesWritten - 1] !== lineFeed;
      return emissionsOf(lines, bytesWritten - start.length, { nb, na: clock.now() }, config.path);
    } catch (error) {
      const why = fileError(`append to ${config.path}`, error);
      // Whatever fails before the write, and a write that fails for want of room, wrote nothing (write(2)).
      const state =
        file === undefined || why.reason === 'disk_full' || codeOf(error) === 'EAGAIN' ? 'withheld' : 'unconfirmed';
      return lines.map(() => ({ state, why }));
    } finally {
      await file?.close().catch(() => {});
    }
  }

  return {
    async streams({ signal }) {
      if (signal.aborted) throw givenUp(config.path, signal);
      const leavingSince = await leavingTime(config.leaving, clock.now());
      const stream: ListedStream = { key: config.path, name, labels: config.labels };
      return [leavingSince === undefined ? stream : { ...stream, leavingSince }];
    },
    inject: (lines, options) => injectOwn(lines, config.path, options, append),
    async close() {},
  };
}

const lineFeed = 0x0a;

/** Writes the lines of this file's stream together and withholds any others. */
async function injectOwn(
  lines: readonly BatchLine[],
  key: string,
  { signal }: CallOptions,
  append: (lines: readonly BatchLine[]) => Promise<Emission[]>,
): Promise<Emission[]> {
  if (signal.aborted) return lines.map(() => ({ state: 'withheld', why: givenUp(key, signal) }));
  const own = lines.filter((line) => line.stream === key);
  const emissions = own.length === 0 ? [] : await append(own);
  const byLine = new Map(own.map((line, index) => [line, emissions[index]]));
  return lines.map((line) => byLine.get(line) ?? { state: 'withheld', why: notOurs(line, key) });
}

/** A short write (a full disk, a quota): whole lines are out, what is cut or behind the cut is not known to be. */
function emissionsOf(
  lines: readonly BatchLine[],
  written: number,
  bounds: { nb: number; na: number },
  file: string,
): Emission[] {
  let end = 0;
  return lines.map((line) => {
    end += Buffer.byteLength(line.text) + 1;
    if (end <= written) return { state: 'emitted', ...bounds };
    const message = `Wrote only ${Math.max(0, written)} bytes of a batch to ${file}. Make room on its disk, or raise its quota.`;
    return { state: 'unconfirmed', why: new ProbeError(message, { reason: 'disk_full', retryable: true }) };
  });
}

async function leavingTime(file: string | undefined, now: number): Promise<number | undefined> {
  if (file === undefined) return undefined;
  try {
    return Math.min(now, Math.floor((await stat(file)).mtimeMs));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw fileError(`see whether ${file} exists`, error);
  }
}

/** https://man7.org/linux/man-pages/man3/errno.3.html */
const known: Readonly<Record<string, { reason: Reason; change: string; retryable: boolean }>> = {
  ENOENT: { reason: 'not_found', change: 'Create its folder, or correct the path.', retryable: false },
  ENOTDIR: { reason: 'not_found', change: 'Correct the path: a part of it is no folder.', retryable: false },
  EISDIR: { reason: 'config', change: 'Name a file in that folder.', retryable: false },
  EACCES: { reason: 'auth', change: 'Let this user write there.', retryable: false },
  EPERM: { reason: 'auth', change: 'Let this user write there.', retryable: false },
  EROFS: { reason: 'rejected', change: 'Mount its file system writable.', retryable: false },
  ENXIO: { reason: 'refused', change: 'Start what reads this pipe.', retryable: true },
  EAGAIN: { reason: 'rate_limited', change: 'The reader of this pipe does not keep up.', retryable: true },
  ENOSPC: { reason: 'disk_full', change: 'Make room on its disk.', retryable: true },
  EDQUOT: { reason: 'disk_full', change: 'Raise the quota.', retryable: true },
  EFBIG: { reason: 'disk_full', change: 'Rotate the file.', retryable: true },
  EMFILE: { reason: 'internal', change: 'Raise the limit of open files.', retryable: true },
};

function fileError(what: string, cause: unknown): ProbeError {
  const code = codeOf(cause);
  const { reason, change, retryable } = known[code] ?? { reason: 'internal' as const, change: '', retryable: true };
  return new ProbeError(`Cannot ${what}: ${code}. ${change}`.trim(), { reason, retryable, cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function givenUp(file: string, signal: AbortSignal): ProbeError {
  const timedOut = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
  const reason = timedOut ? 'timeout' : 'aborted';
  return new ProbeError(`Did not touch ${file}: the call had been given up.`, {
    reason,
    retryable: true,
    cause: signal.reason,
  });
}

function notOurs(line: BatchLine, key: string): ProbeError {
  return new ProbeError(`Cannot write to "${line.stream}": this injector only appends to ${key}.`, {
    reason: 'internal',
  });
}

function safeName(file: string): string {
  const name = path
    .parse(file)
    .name.replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 63);
  return name === '' ? 'file' : name;
}

export default defineProbe({
  kind: 'file',
  measures: 'Lines appended to a log file that an agent tails.',
  inject: {
    config: Config,
    target: (config) => config.path,
    names: (config) => ({ path: config.path, folder: path.dirname(config.path) }),
    open,
  },
  runbook: {
    injection: {
      run: "ls -ld '{folder}'; df -h '{folder}'",
      see: 'Does the folder exist, is there room, and may the user of logcanary write there?',
    },
    'into-first-hop': {
      run: "tail -n 2 '{path}'",
      see: 'Test lines are there? Then the agent that tails this file does not pass them on: see its log.',
    },
  },
});
