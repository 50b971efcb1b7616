/** In place of a small disk, where no mount is permitted: no file of `run` may grow any more (RLIMIT_FSIZE). */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Lane } from './lane.ts';
import type { SmallDisk } from './small-disk.ts';

/** Holds for the `run` that is alive; the next one begins without it. @param ledger its path */
export function fileLimit(lane: Lane, ledger: string): SmallDisk {
  const limit = async (bytes: number | 'unlimited') => {
    await promisify(execFile)('prlimit', ['--pid', String(lane.run.pid), `--fsize=${bytes}:unlimited`]);
  };
  return {
    inside: [],
    mounted: false,
    seen: (file) => file,
    fill: async (leave) => limit((await stat(`${ledger}-wal`)).size + Math.floor(leave)),
    free: () => limit('unlimited'),
    readOnly: () => Promise.reject(new Error('Nothing is mounted here.')),
    close: async () => {},
  };
}
