import { Worker } from 'node:worker_threads';
import { LedgerError, messageOf } from '../lib/errors.ts';
import type { Call, Reply, Request, WorkerStart } from './sqlite-worker.ts';

/** Calls that may wait at once; more means that the disk has stopped taking them. */
const maxWaiting = 10_000;

/** What a commit brings is garbage at once: a larger nursery only keeps more of it. MB; without a limit it grows to 48. */
const youngMb = 4;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: LedgerError): void;
}

/** The main program's end of the SQLite thread: numbered calls, answered in order. */
export class SqliteThread {
  readonly #worker: Worker;
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: LedgerError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(start: WorkerStart) {
    this.#path = start.path;
    // No flags of ours (a test runner's loaders) may leak in: the thread is plain Node.
    this.#worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      workerData: start,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    });
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#end(`its thread died: ${messageOf(error)}`));
    this.#worker.on('exit', (code) => this.#end(`its thread ended with code ${code}`));
  }

  /** @throws LedgerError as openWriter and openReader do. */
  static async open(start: WorkerStart): Promise<{ thread: SqliteThread; notes: readonly string[] }> {
    const thread = new SqliteThread(start);
    const notes = new Promise<unknown>((resolve, reject) => thread.#waiting.set(0, { resolve, reject }));
    try {
      return { thread, notes: (await notes) as readonly string[] };
    } catch (error) {
      await thread.#worker.terminate();
      throw error;
    }
  }

  async ask(call: Call, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#closing !== undefined) throw closed(this.#path);
    return this.#send(call, transfer);
  }

  /** Serves what is queued, then closes; again is harmless. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    await this.#send({ call: 'close' }, []);
    await exited;
  }

  #send(call: Call, transfer: readonly ArrayBuffer[]): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting.size >= maxWaiting && call.call !== 'close') return Promise.reject(overrun(this.#path));
    this.#lastId += 1;
    const request: Request = { ...call, id: this.#lastId };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.value);
    else waiting?.reject(new LedgerError(reply.failure.message, reply.failure));
  }

  /** Whatever was not answered is unknown to have happened; the engine opens the ledger again to learn. */
  #end(why: string): void {
    this.#ended ??= new LedgerError(
      `The ledger ${this.#path} is not served any more: ${why}. Restart logcanary; all acknowledged commits are in the file.`,
      { reason: 'internal' },
    );
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }
}

function closed(path: string): LedgerError {
  return new LedgerError(`The ledger ${path} is closed.`, { reason: 'aborted' });
}

function overrun(path: string): LedgerError {
  return new LedgerError(
    `Cannot commit to ledger ${path}: ${maxWaiting} calls are waiting already. Look at its disk's latency.`,
    { reason: 'rate_limited', retryable: true },
  );
}
