/**
 * One emitter as `deploy/kubernetes/PROTOCOL.md` has it, and as `deploy/kubernetes/base/emitter` does it: what it answers, when it
 * prints, what it remembers and what it forgets. On the simulation's time, with a clock of its own.
 */
import type { EmitterRequest } from '../../probes/kubernetes/emitter-request.ts';
import { about, type Dice } from './dice.ts';
import type { NodeClock } from './node-clock.ts';

/** All from the protocol and the scripts. */
const lateMs = 10_000;
const keepMs = 9_300_000;
const tidyMs = 60_000;
const room = { lines: 4_000, bytes: 1_048_576, batches: 256, remembered: 8_000, instances: 64 };

interface Batch {
  readonly number: number;
  readonly incarnation: string;
  readonly received: number;
  readonly count: number;
  readonly bytes: number;
  /** As the receipt has them. */
  readonly records: string[];
  /** Some line of it waits, or is being written. */
  queued: boolean;
}

interface Book {
  readonly batches: Map<number, Batch>;
  highest: number;
  called: number;
}

interface Line {
  readonly due: number;
  readonly batch: Batch;
  readonly index: number;
  readonly text: string;
}

/** What an emitter stands in. Times in ms since the beginning of the world. */
export interface Surroundings {
  readonly dice: Dice;
  now(): number;
  at(when: number, fire: () => void): void;
  /** The container's log takes nothing until then. */
  blockedUntil(): number;
  /** The line went out whole between these moments. */
  printed(text: string, begun: number, ended: number): void;
}

export class Emitter {
  readonly name: number;
  private clock: NodeClock;
  private readonly around: Surroundings;
  private readonly books = new Map<string, Book>();
  private queue: Line[] = [];
  private writing: Line | undefined;
  private incarnation = '';
  private started = 0;
  private starts = 0;
  private tidied = 0;
  /** The first of the queue, whose turn is on the calendar. */
  private awaited: Line | undefined;
  /** Called when the next line is out, before it is recorded: its container dies in that moment. */
  doom: (() => void) | undefined;

  constructor(name: number, clock: NodeClock, around: Surroundings) {
    this.name = name;
    this.clock = clock;
    this.around = around;
  }

  get runs(): boolean {
    return this.incarnation !== '';
  }

  get restarts(): number {
    return Math.max(0, this.starts - 1);
  }

  /** Until when there are lines for every moment, ms since the beginning; now when there are none. */
  get reach(): number {
    const last = this.queue.at(-1);
    return last ? this.clock.moment(last.due) : this.around.now();
  }

  start(): void {
    const { dice } = this.around;
    this.starts += 1;
    const half = (n: number) => Math.floor(dice.roll(about.emitter, this.name, this.starts, n) * 2 ** 32);
    this.incarnation = [half(1), half(2)].map((each) => each.toString(16).padStart(8, '0')).join('');
    this.started = this.reading();
    this.tidied = this.started;
  }

  /** The container ends. What was being written may or may not come out whole. */
  stop(): void {
    const { writing } = this;
    const { dice, now, printed } = this.around;
    this.queue = [];
    this.writing = undefined;
    this.incarnation = '';
    for (const { batches } of this.books.values()) for (const batch of batches.values()) batch.queued = false;
    if (writing && dice.chance(0.5, about.emitter, this.name, this.starts, 3)) printed(writing.text, now(), now());
    this.doom = undefined;
  }

  /** What lay in the machine's memory is gone, and its uptime begins anew. */
  reboot(clock: NodeClock): void {
    this.books.clear();
    this.clock = clock;
  }

  // ------------------------------------------------------------------------------------------------- calls

  /** One call. `crowded`: too many bodies are being read just now. */
  answer(request: EmitterRequest, bytes: number, crowded: boolean): string {
    const received = this.reading();
    this.tidy(received);
    const book = this.books.get(request.instance) ?? { batches: new Map(), highest: 0, called: 0 };
    const word = this.admit(request, bytes, received, book, crowded);
    for (const [number, batch] of book.batches)
      if (number <= request.done && !batch.queued && number !== request.batch) book.batches.delete(number);
    const waiting = [...this.all()].filter(({ queued }) => queued);
    const sum = (of: (batch: Batch) => number) => waiting.reduce((total, batch) => total + of(batch), 0);
    const lines = sum(({ count }) => count);
    const head = `lcne1 ${word} ${this.incarnation} ${this.started} ${this.reading()} ${lines} ${sum((each) => each.bytes)}`;
    const batches = [...book.batches.values()].map(
      ({ number, incarnation, received: at, count, records }) =>
        `batch ${number} ${incarnation} ${at} ${count}\n${records.join('')}`,
    );
    return `${head}\n${batches.join('')}end\n`;
  }

  private admit(request: EmitterRequest, bytes: number, received: number, book: Book, crowded: boolean): string {
    const { batch, lines, incarnation, instance } = request;
    if (incarnation !== '-' && incarnation !== this.incarnation) return 'restarted';
    if (batch === 0) return 'ok';
    const highest = Math.max(book.highest, ...book.batches.keys());
    if (book.batches.has(batch) || batch === highest) return 'repeat';
    if (batch < highest) return 'closed';
    if (this.isFull(lines.length, bytes, book, crowded)) return 'full';
    this.books.set(instance, book);
    if (lines.length > 0) this.take(request, bytes, received, book);
    book.highest = batch;
    book.called = received;
    return 'ok';
  }

  private isFull(count: number, bytes: number, book: Book, crowded: boolean): boolean {
    if (book.highest === 0 && this.books.size >= room.instances) return true;
    if (count === 0) return false;
    if (crowded) return true;
    const all = [...this.all()];
    const waiting = all.filter(({ queued }) => queued);
    const sum = (of: readonly Batch[], what: 'count' | 'bytes') => of.reduce((total, each) => total + each[what], 0);
    return (
      all.length >= room.batches ||
      sum(all, 'count') + count > room.remembered ||
      sum(waiting, 'count') + count > room.lines ||
      sum(waiting, 'bytes') + bytes > room.bytes
    );
  }

  private take({ batch: number, lines }: EmitterRequest, bytes: number, received: number, book: Book): void {
    const { incarnation } = this;
    const batch: Batch = { number, incarnation, received, count: lines.length, bytes, records: [], queued: true };
    book.batches.set(number, batch);
    lines.forEach(({ delayMs, text }, index) => {
      this.queue.push({ due: received + delayMs, batch, index, text });
    });
    // Stable: of lines for the same moment the one that came first goes first.
    this.queue.sort((a, b) => a.due - b.due);
    this.await();
  }

  private *all(): Iterable<Batch> {
    for (const { batches } of this.books.values()) yield* batches.values();
  }

  private tidy(now: number): void {
    if (now - this.tidied < tidyMs) return;
    this.tidied = now;
    for (const [instance, book] of this.books) {
      for (const [number, { received, queued }] of book.batches)
        if (received < now - keepMs && !queued) book.batches.delete(number);
      if (book.called < now - keepMs) book.highest = 0;
      if (book.batches.size === 0 && book.highest === 0) this.books.delete(instance);
    }
  }

  // ------------------------------------------------------------------------------------------------- printing

  private reading(): number {
    return this.clock.reading(this.around.now());
  }

  /** Looks again when the first line is due: a little later, since a shell on a busy machine takes its time. */
  private await(): void {
    const [first] = this.queue;
    if (!first || this.writing || first === this.awaited) return;
    this.awaited = first;
    const { starts } = this;
    const { dice } = this.around;
    const [number, index] = [first.batch.number, first.index];
    const busy = dice.chance(0.003, about.emitter, number, index, this.name) ? 3_000 : 15;
    const delay = dice.between(0, busy, about.emitter, number, index, this.name + 1);
    const at = Math.max(this.clock.moment(first.due), this.around.now()) + delay;
    this.around.at(at, () => {
      if (starts === this.starts && this.queue[0] === first && this.runs && !this.writing) this.turn(first);
    });
  }

  private turn(line: Line): void {
    const { around } = this;
    this.queue.shift();
    const now = this.reading();
    if (now - line.due >= lateMs) {
      this.settled(line, `d ${line.index} ${now} 0\n`);
      return;
    }
    const begun = around.now();
    const ended = Math.max(
      around.blockedUntil(),
      begun + around.dice.between(0, 4, about.emitter, line.due, this.name),
    );
    if (ended - begun < 10) {
      this.wrote(line, begun, ended);
      return;
    }
    this.writing = line;
    const { starts } = this;
    around.at(ended, () => {
      if (starts !== this.starts || this.writing !== line) return;
      this.writing = undefined;
      this.wrote(line, begun, ended);
    });
  }

  private wrote(line: Line, begun: number, ended: number): void {
    this.around.printed(line.text, begun, ended);
    const { doom } = this;
    if (doom) {
      doom();
      return;
    }
    const nb = this.clock.reading(begun);
    this.settled(line, `e ${line.index} ${nb} ${this.clock.reading(ended) - nb}\n`);
  }

  private settled({ batch, index }: Line, record: string): void {
    batch.records.push(record);
    if (index === batch.count - 1) batch.queued = false;
    this.await();
  }
}
