/**
 * An emitter as `deploy/kubernetes/PROTOCOL.md` describes it, on a clock that a test moves: it takes schedules, prints, and
 * gives receipts. It can be restarted in the middle of a line, and rebooted with its node, which forgets everything.
 */
import type { Word } from '../../../probes/kubernetes/emitter-receipt.ts';

/** Of an emitter that was not restarted. */
export const firstIncarnation = '0000000000000001';

export interface Printed {
  /** Time of the test's clock, ms. */
  readonly at: number;
  readonly batch: number;
  readonly index: number;
  readonly text: string;
}

export interface FakeEmitter {
  /** The body of a call; the body of its answer. */
  call(body: string): string;
  /** Prints what is due by now. */
  run(): void;
  /**
   * A new incarnation after the container died. `halfWay`: just when it had written a line and not yet the record of it (if
   * one was written since the last call).
   */
  restart(halfWay: boolean): void;
  /** Nobody reads its stdout: a write does not end, so nothing is printed and nothing is dropped. */
  block(blocked: boolean): void;
  /** The same with the node: the memory that held all records is gone, too. */
  reboot(): void;
  readonly incarnation: string;
  /** All lines that went out, of all incarnations. */
  readonly printed: Printed[];
}

interface Batch {
  readonly incarnation: string;
  readonly received: number;
  readonly lines: readonly { readonly delay: number; readonly text: string }[];
  readonly records: Map<number, string>;
}

/** `now`: ms. `offset`: what the node's uptime shows beside it. */
export function createFakeEmitter(secret: string, now: () => number, offset = 123_456): FakeEmitter {
  const printed: Printed[] = [];
  let batches = new Map<number, Batch>();
  let highest = 0;
  let starts = 0;
  let started = 0;
  /** Lines whose records a receipt has shown. */
  let shown = 0;
  let incarnation = '';
  let blocked = false;
  const reading = () => Math.floor((now() + offset) / 10) * 10;

  function start(): void {
    starts += 1;
    incarnation = starts.toString(16).padStart(16, '0');
    started = reading();
  }

  /** Lines without a record that this incarnation holds, in the order of their turns. */
  function waiting() {
    return [...batches]
      .filter(([, batch]) => batch.incarnation === incarnation)
      .flatMap(([number, batch]) =>
        batch.lines.flatMap(({ delay, text }, index) =>
          batch.records.has(index) ? [] : [{ number, batch, index, text, due: batch.received + delay }],
        ),
      )
      .toSorted((one, other) => one.due - other.due || one.number - other.number || one.index - other.index);
  }

  function run(): void {
    if (blocked) return;
    for (const { number, batch, index, text, due } of waiting()) {
      if (due > now() + offset) return;
      if (now() + offset - due >= 10_000) {
        batch.records.set(index, `d ${index} ${reading()} 0`);
        continue;
      }
      printed.push({ at: now(), batch: number, index, text });
      batch.records.set(index, `e ${index} ${reading()} 0  `);
    }
  }

  function receipt(word: Word, fault = ''): string {
    shown = printed.length;
    const queued = waiting();
    const head = `lcne1 ${word} ${incarnation} ${started} ${reading()} ${queued.length} 0${fault}`;
    const listed = [...batches].flatMap(([number, { incarnation: of, received, lines, records }]) => [
      `batch ${number} ${of} ${received} ${lines.length}`,
      ...records.values(),
    ]);
    return `${[head, ...listed, 'end'].join('\n')}\n`;
  }

  function take(number: number, taker: string, body: readonly string[]): Word {
    if (batches.has(number)) return 'repeat';
    if (number <= highest && number > 0) return 'closed';
    if (taker !== '-' && taker !== incarnation) return 'restarted';
    if (number > 0) highest = number;
    if (body.length === 0) return 'ok';
    const lines = body.map((line) => {
      const [, delay = '', text = ''] = /^(\d+) (.*)$/.exec(line) ?? [];
      return { delay: Number(delay), text: text.replaceAll('\\n', '\n') };
    });
    batches.set(number, { incarnation, received: reading(), lines, records: new Map() });
    return 'ok';
  }

  function forget(done: number): void {
    for (const [number, batch] of batches) {
      const finished = batch.records.size === batch.lines.length || batch.incarnation !== incarnation;
      if (number <= done && finished) batches.delete(number);
    }
  }

  start();
  return {
    call(body) {
      const [head = '', ...rest] = body.split('\n');
      const [tag, given, , taker = '', batch, done, count, bytes] = head.split(' ');
      if (tag !== 'lcne1' || given !== secret) return 'lcne1 refused\n';
      run();
      const lines = rest.slice(0, -1);
      if (lines.length !== Number(count)) return receipt('malformed', ' count');
      if (Buffer.byteLength(rest.join('\n')) !== Number(bytes)) return receipt('malformed', ' bytes');
      forget(Number(done));
      return receipt(take(Number(batch), taker, lines));
    },
    run,
    block(on) {
      blocked = on;
    },
    restart(halfWay) {
      run();
      const last = printed.at(-1);
      if (halfWay && last !== undefined && printed.length > shown) batches.get(last.batch)?.records.delete(last.index);
      start();
    },
    reboot() {
      run();
      batches = new Map();
      highest = 0;
      shown = printed.length;
      start();
    },
    get incarnation() {
      return incarnation;
    },
    printed,
  };
}
