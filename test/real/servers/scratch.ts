/** A folder for one test file, removed when it is done. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export interface Scratch {
  readonly dir: string;
  /** Run at `end`, last one first, whatever became of the others. */
  cleanup(step: () => Promise<unknown>): void;
  end(): Promise<void>;
}

export async function openScratch(name: string): Promise<Scratch> {
  const dir = await mkdtemp(path.join(os.tmpdir(), `logcanary-real-${name}-`));
  const steps: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true })];
  return {
    dir,
    cleanup: (step) => void steps.push(step),
    async end() {
      const errors: unknown[] = [];
      for (const step of steps.splice(0).toReversed()) await step().catch((error: unknown) => errors.push(error));
      if (errors.length > 0) throw new AggregateError(errors, `Could not clean up ${dir}.`);
    },
  };
}
