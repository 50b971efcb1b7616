/** Where drills of a running app are held: asked for by people or due by the schedule; what becomes of them is kept in the ledger. */
import { type Drill, outcomeOf, summaryOf } from './core/drill.ts';
import type { Notifier } from './core/notifier.ts';
import type { Config, DrillPlan } from './core/pipeline.ts';
import { keepDrillSchedule } from './drill-schedule.ts';
import type { Event } from './engine/event.ts';
import type { EngineState } from './engine/state.ts';
import type { DrillingOptions } from './http/drill.ts';
import type { Clock } from './lib/clock.ts';
import { LedgerError, messageOf } from './lib/errors.ts';
import type { Log } from './lib/log.ts';
import { drillBegun, endTestIncident, holdDrill } from './notify/drill.ts';

/** To record a step of a drill, ms. */
const commitMs = 10_000;

export interface DrillDeskOptions {
  readonly config: Config;
  readonly state: EngineState;
  readonly clock: Clock;
  readonly log: Log;
  readonly notifiers: readonly Notifier[];
  /** Resolves after the commit; rejects while the ledger refuses. */
  committed(event: Event): Promise<void>;
}

export interface DrillDesk extends Omit<DrillingOptions, 'secret'> {
  /** Ends what an earlier process left open, and begins to keep the schedule. */
  open(): void;
  /** Ends a drill that is under way: its test incidents are resolved first. */
  close(): Promise<void>;
}

type Wanted = DrillPlan & { readonly by: string };

export function openDrillDesk(options: DrillDeskOptions): DrillDesk {
  const { config, state, clock, log, notifiers, committed } = options;
  const stop = new AbortController();
  let underWay: Promise<void> | undefined;
  let keeping: Promise<unknown> = Promise.resolve();
  const record = (drill: Drill) => inTime(clock, committed({ type: 'drilled', drill }));
  const keep = (drill: Drill) =>
    record(drill).catch((error: unknown) => log.error({ drill: drill.id }, messageOf(error)));

  /** Undefined while another one is under way. */
  async function begin({ notifiers: names, by, timeoutMs, holdMs }: Wanted): Promise<Drill | undefined> {
    if (underWay !== undefined || stop.signal.aborted) return undefined;
    const turn = Promise.withResolvers<void>();
    underWay = turn.promise;
    const chosen = notifiers.filter(({ name }) => names?.includes(name) ?? true);
    const drill = { id: nextId(state.drills), at: clock.now(), by };
    const given = {
      drill,
      notifiers: chosen,
      timeoutMs,
      holdMs,
      deployment: config.deployment,
      pageUrl: state.pageUrl,
    };
    const ended = () => {
      underWay = undefined;
      turn.resolve();
    };
    try {
      const begun = drillBegun(given);
      // known to the ledger before anything goes out: a process that comes after us would end it
      await record(begun);
      let last = Promise.resolve();
      const changed = (news: Drill) => {
        last = keep(news);
      };
      void holdDrill({ ...given, clock, signal: stop.signal, changed })
        .then(async (over) => {
          await last;
          say(log, over);
        })
        .finally(ended);
      return begun;
    } catch (error) {
      ended();
      throw error;
    }
  }

  const scheduled = async (plan: DrillPlan) => {
    if ((await begin({ ...plan, by: 'schedule' })) === undefined) return;
    await underWay;
  };
  return {
    drills: () => state.drills,
    names: () => notifiers.map(({ name }) => name),
    hold: begin,
    open() {
      const spec = config.drill;
      const left = endLeftOvers(options, keep);
      const obstacle = () => obstacleIn(state);
      const hold = () => (spec ? scheduled(spec) : Promise.resolve());
      keeping = Promise.all([
        left,
        spec && keepDrillSchedule({ spec, clock, log, signal: stop.signal, obstacle, hold }),
      ]);
    },
    async close() {
      stop.abort(new DOMException('logcanary is stopping', 'AbortError'));
      await Promise.all([underWay, keeping]);
    },
  };
}

/** A ledger that begins to refuse answers when it takes writes again: nothing here waits for that. */
async function inTime(clock: Clock, commit: Promise<void>): Promise<void> {
  const limit = clock.deadline(commitMs);
  try {
    const late = new Promise<never>((_, reject) => {
      limit.signal.addEventListener(
        'abort',
        () =>
          reject(
            new LedgerError('The drill could not be recorded: the ledger does not take writes.', {
              reason: 'timeout',
              retryable: true,
            }),
          ),
        { once: true },
      );
    });
    await Promise.race([commit, late]);
  } finally {
    limit.clear();
  }
}

function nextId(drills: readonly Drill[]): string {
  return `drill-${Math.max(0, ...drills.map(({ id }) => Number(id.slice('drill-'.length)))) + 1}`;
}

/** A drill on top of a real page would only confuse. */
function obstacleIn({ open }: EngineState): string | undefined {
  const critical = [...open.values()].find(({ facts }) => facts.severity === 'critical');
  return critical && `${critical.facts.id} (${critical.facts.kind} at ${critical.facts.hop}) is critical and open`;
}

/** A process that died in a drill left test incidents open. */
async function endLeftOvers(
  { config, state, clock, log, notifiers }: DrillDeskOptions,
  keep: (drill: Drill) => Promise<void>,
): Promise<void> {
  for (const drill of state.drills.filter(({ endedAt }) => endedAt === undefined)) {
    const channels = await Promise.all(
      drill.channels.map(async (channel) => {
        const notifier = notifiers.find(({ name }) => name === channel.notifier);
        const state = channel.state === 'sending' || channel.state === 'proving' ? 'stopped' : channel.state;
        if (channel.end !== 'open' || notifier === undefined) return { ...channel, state };
        const { receipt } = channel;
        const given = { deployment: config.deployment, drill, notifier, clock, receipt };
        return { ...channel, state, ...(await endTestIncident(given)) } as const;
      }),
    );
    await keep({ ...drill, channels, endedAt: clock.now() });
    log.warn({ drill: drill.id }, 'A drill was under way when logcanary ended; its test incidents were resolved now.');
  }
}

function say(log: Log, drill: Drill): void {
  const outcome = outcomeOf(drill);
  const said = `Drill ${drill.id}: ${summaryOf(drill)}.`;
  if (outcome === 'good') log.info({ drill: drill.id, by: drill.by }, said);
  else log.error({ drill: drill.id, by: drill.by, outcome }, said);
}
