import type { Config } from '../core/pipeline.ts';
import type { DrillJson } from '../http/drill-json.ts';
import type { Clock } from '../lib/clock.ts';
import { type CliIo, CommandExit } from './command.ts';
import { newsOf } from './drill-table.ts';
import type { KnownKinds } from './kinds.ts';
import { askRunning, NobodyListens } from './running.ts';

const what = 'Drills';
/** Between looks at how far it is, ms. */
const pollMs = 500;

/** How one is held, as it is asked for. Durations as they were written. */
export interface Asked {
  readonly notifiers: readonly string[];
  readonly timeout?: string;
  readonly hold?: string;
  readonly by: string;
}

export interface DrillCall {
  readonly config: Config;
  readonly known: KnownKinds;
  readonly asked: Asked;
  readonly io: CliIo;
  readonly clock: Clock;
}

/**
 * Has the running logcanary hold it, and follows it to its end. Undefined where nothing listens.
 * @throws CommandExit when it is refused, or we are interrupted
 */
export async function drillByRunning(call: DrillCall): Promise<DrillJson | undefined> {
  const { signal } = call.io;
  try {
    return await follow(call);
  } catch (error) {
    if (error instanceof NobodyListens) return undefined;
    if (!signal.aborted) throw error;
    const goesOn = 'The drill goes on in the running logcanary, which also resolves it. See GET /api/v1/drill.';
    throw new CommandExit(1, goesOn);
  }
}

async function follow(call: DrillCall): Promise<DrillJson> {
  const { asked, io, clock } = call;
  const { notifiers, ...rest } = asked;
  const body = { ...rest, ...(notifiers.length > 0 && { notifiers }) };
  let drill = (await askRunning(call, { method: 'POST', path: '/drill', body, what })) as DrillJson;
  io.stderr.write(`The running logcanary holds ${drill.id}.\n`);
  while (drill.ended_at === null) {
    await clock.sleep(pollMs, io.signal);
    const now = await lookUp(call, drill.id);
    io.stderr.write(newsOf(drill, now));
    drill = now;
  }
  return drill;
}

async function lookUp(call: DrillCall, id: string): Promise<DrillJson> {
  const gone = new CommandExit(1, `The logcanary that held ${id} is gone; at its next start it resolves what is open.`);
  try {
    const { drills } = (await askRunning(call, { method: 'GET', path: '/drill', what })) as Listed;
    const found = drills.find((each) => each.id === id);
    if (found !== undefined) return found;
  } catch (error) {
    throw error instanceof NobodyListens ? gone : error;
  }
  throw gone;
}

interface Listed {
  readonly drills: readonly DrillJson[];
}
