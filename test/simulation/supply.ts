/**
 * Whether emitters have what they should: schedules are filled up while they can be, and filled again soon after they could not be;
 * and what was handed over goes out, whoever is away meanwhile.
 */
import type { Cluster, Pod } from './cluster.ts';
import { isNight } from './night.ts';
import { limits, minute, type Pace } from './setting.ts';
import type { Watchdog } from './watchdog.ts';

const everyMs = 30_000;
/** A call that went wrong alone is made again, after a list: at most so late. */
const patienceMs = 150_000;
/** From line to line, where calls and pace change: in look intervals of a stopped pipeline. */
const widestGap = 2.5;
/** Complained of again at the soonest. */
const quietMs = 30 * minute;

interface Supply {
  /** Since when this start of its container has been able to print, and to be called. */
  ableSince: number;
  reachedSince: number;
  starts: number;
  /** There have been lines for every moment since then, until then. */
  filledFrom: number;
  filledUntil: number;
  quietUntil: number;
}

export class SupplyTest {
  private readonly host: Watchdog;
  private readonly cluster: Cluster;
  private readonly pace: Pace;
  private readonly supplies = new Map<Pod, Supply>();

  constructor(host: Watchdog, cluster: Cluster) {
    this.host = host;
    this.cluster = cluster;
    this.pace = host.pace;
  }

  begin(): void {
    const look = () => {
      for (const { pod } of this.cluster.nodes) if (pod) this.test(pod);
      this.host.queue.push(this.host.now + everyMs, look);
    };
    look();
  }

  private test(pod: Pod): void {
    const { now } = this.host;
    const supply = this.supplies.get(pod) ?? {
      ...{ ableSince: now, reachedSince: now, starts: pod.emitter.restarts },
      ...{ filledFrom: 0, filledUntil: 0, quietUntil: 0 },
    };
    this.supplies.set(pod, supply);
    if (!this.isAble(pod) || supply.starts !== pod.emitter.restarts) {
      Object.assign(supply, { ableSince: now, filledUntil: 0, starts: pod.emitter.restarts });
    }
    if (!this.isReached(pod)) supply.reachedSince = now;
    const ahead = limits.horizonMs - 2 * limits.refillMs - patienceMs - this.pace.stoppedEveryMs;
    const missing = now + ahead - pod.emitter.reach;
    if (supply.filledUntil < now) supply.filledFrom = now;
    if (missing <= 0) supply.filledUntil = now + ahead;
    const settled = now - supply.ableSince > limits.refillMs + patienceMs && now - supply.reachedSince > patienceMs;
    if (missing > 0 && settled) this.complain(supply, pod, 'schedule-not-filled', `${missing} ms short`);
    const gap = now - Math.max(pod.printedAt, supply.filledFrom, pod.strayedAt + limits.horizonMs);
    if (supply.filledUntil > now && gap > this.widest) this.complain(supply, pod, 'ran-dry', `no line for ${gap} ms`);
  }

  private get widest(): number {
    return widestGap * this.pace.stoppedEveryMs;
  }

  private complain(supply: Supply, pod: Pod, rule: string, detail: string): void {
    const { now, auditor } = this.host;
    if (now < supply.quietUntil) return;
    supply.quietUntil = now + quietMs;
    auditor.complain(rule, `${pod.node.life.name} ${pod.uid}: ${detail}`);
  }

  /** It prints what it has. */
  private isAble({ emitter, node }: Pod): boolean {
    return emitter.runs && !this.cluster.hitBy('emitter-stuck', node.life);
  }

  /** We are there, and nothing keeps us from handing it more. */
  private isReached(pod: Pod): boolean {
    const { host, cluster } = this;
    const { now, weather } = host;
    const { life } = pod.node;
    if (!host.state || host.ledgerStuck || host.suspension.reigns || weather.now('commit-slow', now)) return false;
    if (weather.now('control-plane-away', now) || weather.now('calls-go-wrong', now)) return false;
    // Nothing is handed over for a time in which the cluster sleeps.
    if (isNight(host.plan, now) || isNight(host.plan, now + limits.horizonMs)) return false;
    if (now >= life.leavingAt || now < pod.readyAt || pod.gone || cluster.isCutOff(pod.node)) return false;
    return !cluster.hitBy('node-not-ready', life) && !cluster.hitBy('node-reboots', life);
  }
}
