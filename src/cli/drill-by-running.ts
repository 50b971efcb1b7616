import type { DrillJson } from '../http/drill-json.ts';
import { CommandExit } from './command.ts';
import type { DrillCall } from './drill.ts';
import { newsOf } from './drill-table.ts';
import { askRunning, NobodyListens } from './running.ts';

const what = 'Drills';
/** Between looks at how far it is, ms. */
const pollMs = 500;

/**
 * Has the running logcanary hold it, and follows it to its end. Undefined where nothing listens.
 * @throws CommandExit when it is refused
 */
export async function drillByRunning(call: DrillCall): Promise<DrillJson | undefined> {
  const { asked, io, clock } = call;
  const { notifiers, ...rest } = asked;
  const body = { ...rest, ...(notifiers.length > 0 && { notifiers }) };
  let drill: DrillJson;
  try {
    drill = (await askRunning(call, { method: 'POST', path: '/drill', body, what })) as DrillJson;
  } catch (error) {
    if (error instanceof NobodyListens) return undefined;
    throw error;
  }
  io.stderr.write(`The running logcanary holds ${drill.id}.\n`);
  while (drill.ended_at === null) {
    await clock.sleep(pollMs, io.signal).catch(() => undefined);
    if (io.signal.aborted)
      throw new CommandExit(
        1,
        `${drill.id} goes on in the running logcanary, which also resolves it. See GET /api/v1/drill.`,
      );
    const now = await lookUp(call, drill.id);
    io.stderr.write(newsOf(drill, now));
    drill = now;
  }
  return drill;
}

async function lookUp(call: DrillCall, id: string): Promise<DrillJson> {
  const { drills } = (await askRunning(call, { method: 'GET', path: '/drill', what })) as {
    drills: readonly DrillJson[];
  };
  const found = drills.find((each) => each.id === id);
  if (found === undefined)
    throw new CommandExit(1, `The logcanary that held ${id} is gone; it resolves it at its next start.`);
  return found;
}
