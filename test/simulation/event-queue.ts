/** What is to happen when: a binary heap by time, in the order of arrival where times are equal. */
export interface Planned {
  readonly at: number;
  readonly fire: () => void;
}

interface Entry extends Planned {
  readonly order: number;
}

export class EventQueue {
  private readonly heap: Entry[] = [];
  private order = 0;

  /** Time of the next event; infinity when there is none. */
  get nextAt(): number {
    return this.heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.heap.length;
  }

  push(at: number, fire: () => void): void {
    const { heap } = this;
    const entry = { at, fire, order: this.order++ };
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Entry;
      if (!before(entry, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = entry;
  }

  pop(): Planned | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1] as Entry, heap[down] as Entry)) down += 1;
      if (!before(heap[down] as Entry, last)) break;
      heap[i] = heap[down] as Entry;
      i = down;
    }
    heap[i] = last;
    return first;
  }

  clear(): void {
    this.heap.length = 0;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
