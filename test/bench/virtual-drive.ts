/** Drives the engine through virtual time as fast as it goes: what a tick changes is committed before its commands are carried out. */
import { unitHash } from '../../src/core/schedule.ts';
import type { Command, Event } from '../../src/engine/event.ts';
import { takeChanges } from '../../src/engine/rows.ts';
import { step } from '../../src/engine/step.ts';
import type { EpochMs } from '../../src/lib/clock.ts';
import type { Find } from '../../src/probe.ts';
import { listedStreams, type Rig, takesMs } from './engine-rig.ts';

/** Often enough for 5 000 canaries a second: the engine hands out 500 at a time. */
const tickMs = 100;

/** A batch of lines on its way. */
interface Shipment {
  readonly at: EpochMs;
  readonly finds: readonly Find[];
}

export interface VirtualDrive {
  /** Goes on until T = `until`. */
  run(until: EpochMs): Promise<void>;
  /** Canaries handed out so far. */
  readonly injected: number;
}

/** @param divert takes the lines that go out: then looks are complete and find nothing */
export function virtualDrive(rig: Rig, divert?: (sent: readonly Find[]) => void): VirtualDrive {
  const { state, ledger } = rig;
  const streams = listedStreams(rig.spec);
  const shipments: Shipment[] = [];
  const readUpTo = new Map<string, number>();
  let injected = 0;
  let now = state.now;

  const perform = (command: Command): Event | undefined => {
    if (command.type === 'list') return { type: 'listed', injector: command.injector, streams };
    if (command.type === 'look') return look(command);
    if (command.type !== 'inject') return undefined;
    injected += command.lines.length;
    const finds = command.lines.map(({ text }): Find => ({ token: text.slice(10, 62), kind: 'line' }));
    if (divert) divert(finds);
    else shipments.push({ at: now, finds });
    const emissions = command.refs.map(({ seq, stream }) => ({
      state: 'emitted' as const,
      ...boundsOf(now, stream.number, seq),
    }));
    return { type: 'injected', injector: command.injector, refs: command.refs, emissions };
  };

  const look = ({ hop, question, asked }: Extract<Command, { type: 'look' }>): Event => {
    const finds: Find[] = [];
    let next = readUpTo.get(hop.spec.name) ?? 0;
    for (let each = shipments[next]; each && each.at + takesMs(hop.spec.name) <= now; each = shipments[++next])
      finds.push(...each.finds);
    readUpTo.set(hop.spec.name, next);
    forget(shipments, readUpTo);
    const { ranges, count } = asked();
    const cursor = String(now);
    return {
      type: 'looked',
      hop,
      asOf: question.asOf,
      asked: ranges,
      askedCount: count,
      tookMs: 5,
      look: { coverage: 'complete', finds, cursor },
    };
  };

  return {
    async run(until) {
      for (; now < until; now += tickMs) {
        const commands = step(state, { type: 'tick', wall: now }, now);
        // What answers change goes into the next commit, as it does in the real runtime.
        await ledger.commit(takeChanges(state));
        for (const command of commands) {
          const outcome = perform(command);
          if (outcome) step(state, outcome, now);
        }
      }
      await ledger.commit(takeChanges(state));
    },
    get injected() {
      return injected;
    },
  };
}

/** An injector that answers some 5 to 60 ms after the slot and knows the moment to 2 to 40 ms. */
function boundsOf(now: EpochMs, stream: number, seq: number): { nb: EpochMs; na: EpochMs } {
  const nb = now + 5 + Math.floor(unitHash(stream, seq) * 55);
  return { nb, na: nb + 2 + Math.floor(unitHash(stream + 1, seq) * 38) };
}

/** Drops shipments that every hop has read. */
function forget(shipments: Shipment[], readUpTo: Map<string, number>): void {
  const done = readUpTo.size < 4 ? 0 : Math.min(...readUpTo.values());
  if (done < 16) return;
  shipments.splice(0, done);
  for (const [hop, at] of readUpTo) readUpTo.set(hop, at - done);
}
