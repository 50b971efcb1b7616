/** The note that somebody was paged must outlive the process, also where the disk that failed cannot hold it. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Notifier } from '../src/core/notifier.ts';
import { createEmergencyPager, type EmergencyPager } from '../src/emergency-pager.ts';
import { createClock } from '../src/lib/clock.ts';
import { silentLog } from '../src/lib/log.ts';
import { scratchFolder } from './e2e/watching.ts';

let dir: string;
let remove: () => Promise<void>;
let told: string[];

beforeEach(async () => {
  ({ dir, remove } = await scratchFolder('emergency'));
  told = [];
  await mkdir(path.join(dir, 'temporary'));
  vi.stubEnv('TMPDIR', path.join(dir, 'temporary'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await remove();
});

/** As the next process would have it. */
function pager(ledger = path.join(dir, 'disk', 'logcanary.db')): EmergencyPager {
  const notifier: Notifier = {
    name: 'pager',
    kind: 'pager',
    send: async ({ action }) => void told.push(action),
  };
  return createEmergencyPager({
    ...{ ledger, deployment: 'd', notifiers: [notifier], clock: createClock(), log: silentLog },
  });
}

test('given a disk on which no note could be left, when the next process can write, then it ends the page, once', async () => {
  await pager().trigger('The disk is gone.');
  await mkdir(path.join(dir, 'disk'));
  await pager().resolve();
  await pager().resolve();
  expect(told).toEqual(['trigger', 'resolve']);
});

test('given a note of one ledger that was left elsewhere, when another ledger takes writes, then nothing is ended', async () => {
  await pager().trigger('The disk is gone.');
  await pager(path.join(dir, 'other.db')).resolve();
  expect(told).toEqual(['trigger']);
});

test('given that no note can be left anywhere, when the ledger fails, then the page goes out all the same', async () => {
  vi.stubEnv('TMPDIR', path.join(dir, 'nowhere'));
  const same = pager();
  await same.trigger('The disk is gone.');
  await same.resolve();
  expect(told).toEqual(['trigger', 'resolve']);
});
