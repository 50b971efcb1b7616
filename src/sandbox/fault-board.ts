/** All faults of the sandbox (design §10), in the order of the pipeline. */
export const faultNames = [
  'agent-stopped',
  'agent-drops',
  'agent-duplicates',
  'agent-truncates',
  'agent-slow',
  'agent-buffer-full',
  'stream-throttled',
  'stream-down',
  'consumer-stopped',
  'consumer-drops',
  'index-down',
  'index-rejects',
  'index-read-only',
  'index-disk-filling',
  'index-slow-refresh',
  'index-partial-shards',
  'archive-stopped',
  'alerter-stopped',
  'emitter-stopped',
  'node-leaves',
  'clock-stepped',
  'forged-canaries',
] as const;
export type FaultName = (typeof faultNames)[number];

/** Breaks one thing, or heals it; resolved means done. Undefined: not possible here. */
export type FaultSwitch = ((on: boolean) => void | Promise<void>) | undefined;

export interface FaultBoard {
  list(): { readonly name: FaultName; readonly active: boolean }[];
  /**
   * Switches a fault on or off and resolves when that is done; setting it to what it is already does nothing.
   * `unknown`: no such fault; `conflict`: this one needs `demo`. Calls are done one after the other.
   */
  set(name: string, on: boolean): Promise<'ok' | 'unknown' | 'conflict'>;
}

export function createFaultBoard(switches: Readonly<Record<FaultName, FaultSwitch>>): FaultBoard {
  const active = new Set<FaultName>();
  let last: Promise<unknown> = Promise.resolve();

  async function apply(name: FaultName, turn: NonNullable<FaultSwitch>, on: boolean): Promise<'ok'> {
    if (active.has(name) !== on) await turn(on);
    if (on) active.add(name);
    else active.delete(name);
    return 'ok';
  }

  return {
    list: () => faultNames.map((name) => ({ name, active: active.has(name) })),
    async set(name, on) {
      const known = faultNames.find((each) => each === name);
      if (known === undefined) return 'unknown';
      const turn = switches[known];
      if (turn === undefined) return 'conflict';
      const done = last.then(() => apply(known, turn, on));
      last = done.catch(() => undefined);
      return done;
    },
  };
}
