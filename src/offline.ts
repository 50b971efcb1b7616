/** Questions to a ledger without watching: opened for reading, beside a running `run` or alone. */
import type { Config } from './core/pipeline.ts';
import type { TraceView } from './core/trace.ts';
import { restore } from './engine/restore.ts';
import { traceCanary } from './engine/trace.ts';
import { keysOf } from './key-file.ts';
import { openSqliteReader } from './ledger/sqlite.ts';
import { createClock } from './lib/clock.ts';
import { createSigner } from './lib/signer.ts';

/** @throws LedgerError when there is no ledger yet or it cannot be read */
export async function traceOffline(config: Config, token: string): Promise<TraceView> {
  const reader = await openSqliteReader({ path: config.ledger });
  try {
    const contents = await reader.load();
    const signer = createSigner(await keysOf(config.keys, config.ledger));
    const clock = createClock();
    const place = { target: '', runbook: {} };
    const state = restore({
      config,
      contents,
      signer,
      signingKey: signer.first,
      // Nothing is written here: a writer that no token can have.
      writer: -1,
      seed: 0,
      // Judged as of the last commit: this process has not looked.
      now: Number(contents.meta.find((row) => row.key === 'time')?.value ?? 0),
      wall: clock.wall(),
      observer: () => ({ ...place, mode: 'poll', finds: 'unique' }),
      injector: () => place,
      check: () => place,
    });
    return await traceCanary(state, reader, token);
  } finally {
    await reader.close();
  }
}
