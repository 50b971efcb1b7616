/** SIGSTOP, or a machine that sleeps: the process does nothing and takes nothing until it goes on. */
import type { Watchdog } from './watchdog.ts';

/** The runtime takes less for a slow machine, ms. */
const noticedFromMs = 3_000;

export class Suspension {
  private readonly host: Watchdog;
  /** Of the latest one, ms since the beginning. */
  from = 0;
  until = 0;

  constructor(host: Watchdog) {
    this.host = host;
  }

  get reigns(): boolean {
    return this.host.now < this.until;
  }

  begin(forMs: number): void {
    const { host } = this;
    if (!host.state || this.reigns) return;
    const { epoch, now: from } = host;
    this.from = from;
    this.until = from + forMs;
    host.queue.push(this.until, () => {
      if (epoch !== host.epoch) return;
      host.away.push({ from, to: host.now });
      if (forMs > noticedFromMs && !host.ledgerStuck) host.watchAgain(from);
    });
  }

  /** The process is gone, and the next one runs. */
  end(): void {
    this.from = 0;
    this.until = 0;
  }

  /** True, and it comes again later, while the process is suspended. */
  putsOff(event: () => void): boolean {
    if (this.reigns) this.host.queue.push(this.until, event);
    return this.reigns;
  }
}
