/** What an agent has left when its buffer is full: two places, emptied too slowly; the newest that does not fit is gone. */
export interface NarrowBuffer<T> {
  /** False: dropped. */
  offer(item: T): boolean;
  /** What may go on at this moment (monotonic ms): one item per `drainMs`, or everything. */
  take(nowMs: number, everything: boolean): T[];
}

const places = 2;

export function createNarrowBuffer<T>(drainMs: number): NarrowBuffer<T> {
  let held: T[] = [];
  let nextMs = 0;
  return {
    offer(item) {
      if (held.length >= places) return false;
      held.push(item);
      return true;
    },
    take(nowMs, everything) {
      if (everything) {
        const all = held;
        held = [];
        return all;
      }
      const first = nowMs >= nextMs ? held.shift() : undefined;
      if (first === undefined) return [];
      nextMs = nowMs + drainMs;
      return [first];
    },
  };
}
