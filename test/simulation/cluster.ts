/** The nodes of a simulated cluster, the pods on them, and what befalls both. */
import { about } from './dice.ts';
import { Emitter } from './emitter.ts';
import { NodeClock } from './node-clock.ts';
import type { NodeLife } from './node-life.ts';
import { limits, minute } from './setting.ts';
import type { Watchdog } from './watchdog.ts';
import type { Spell } from './weather.ts';

/** Machines have been up for days when the world begins, ms. */
const upBefore = 40 * 24 * 60 * minute;
/** The control plane waits so long for a kubelet before it calls its node NotReady. kubernetes `--node-monitor-grace-period`, ms */
export const graceMs = 40_000;

export interface Pod {
  readonly uid: string;
  readonly node: ClusterNode;
  readonly emitter: Emitter;
  /** Deleted: whoever calls does not reach it. */
  gone: boolean;
  readyAt: number;
  /** When it last put a line out. */
  printedAt: number;
  /** When a call last came that nobody waited for any more: what it brings is late by as much. */
  strayedAt: number;
}

export interface ClusterNode {
  readonly life: NodeLife;
  pod: Pod | undefined;
}

export class Cluster {
  private readonly host: Watchdog;
  readonly nodes: readonly ClusterNode[];
  private pods = 0;
  private readonly byUid = new Map<string, Pod>();

  constructor(host: Watchdog) {
    this.host = host;
    this.nodes = host.world.nodes.map((life) => ({ life, pod: undefined }));
  }

  begin(): void {
    for (const node of this.nodes) {
      const { from, deadAt, goneAt } = node.life;
      this.at(from, () =>
        this.bringPod(node, from === 0 ? 0 : this.host.dice.between(5_000, 50_000, about.node, from)),
      );
      this.at(deadAt, () => node.pod?.emitter.runs && node.pod.emitter.stop());
      this.at(goneAt, () => this.takePod(node));
    }
  }

  private at(when: number, fire: () => void): void {
    if (when !== Number.POSITIVE_INFINITY) this.host.queue.push(when, fire);
  }

  // ------------------------------------------------------------------------------------------------- pods

  private bringPod(node: ClusterNode, afterMs: number): void {
    const { host } = this;
    const { life } = node;
    const name = this.pods++;
    const booted = life.from === 0 ? -upBefore : life.from - 30_000;
    const emitter = new Emitter(name, new NodeClock(host.dice, life.index * 1_000 + life.from, booted), {
      dice: host.dice,
      now: () => host.now,
      at: (when, fire) => host.queue.push(when, fire),
      blockedUntil: () => this.hitBy('emitter-stuck', life)?.end ?? 0,
      printed: (text, begun, ended) => {
        pod.printedAt = ended;
        host.printing.printed(life.key, text, begun, ended);
      },
    });
    const readyAt = host.now + afterMs + (afterMs > 0 ? 2_000 : 0);
    const pod: Pod = {
      uid: `pod-${name}`,
      node,
      emitter,
      gone: false,
      readyAt,
      printedAt: 0,
      strayedAt: -limits.horizonMs,
    };
    node.pod = pod;
    this.byUid.set(pod.uid, pod);
    if (afterMs === 0) emitter.start();
    else this.at(host.now + afterMs, () => !pod.gone && host.now < life.deadAt && emitter.start());
  }

  private takePod(node: ClusterNode): void {
    if (!node.pod) return;
    node.pod.gone = true;
    if (node.pod.emitter.runs) node.pod.emitter.stop();
    node.pod = undefined;
  }

  podOf(uid: string): Pod | undefined {
    return this.byUid.get(uid);
  }

  /** The spell of a kind that reigns on a node now. */
  hitBy(kind: string, { index }: NodeLife): Spell | undefined {
    return this.host.weather.all(kind, this.host.now).find((each) => each.node === index);
  }

  /** Nothing gets through to its pods. */
  isCutOff({ life }: ClusterNode): boolean {
    const { now } = this.host;
    if (now >= life.deadAt || this.hitBy('pod-unreachable', life) || this.hitBy('node-reboots', life)) return true;
    const unready = this.hitBy('node-not-ready', life);
    return unready !== undefined && unready.index % 2 === 0;
  }

  /** Since when its kubelet has been silent for the control plane, if that has noticed it. */
  unreadySince({ life }: ClusterNode): number | undefined {
    const silent = [life.deadAt, this.hitBy('node-not-ready', life)?.at, this.hitBy('node-reboots', life)?.at];
    return silent.find((since) => since !== undefined && this.host.now >= since + graceMs);
  }

  // ------------------------------------------------------------------------------------------------- faults

  prepare(spell: Spell): void {
    const deeds: Readonly<Record<string, (node: ClusterNode) => void>> = {
      'emitter-restarts': (node) => this.restart(node, spell),
      'pod-replaced': (node) => this.replace(node, spell),
      'node-reboots': (node) => this.reboot(node, spell),
    };
    const deed = deeds[spell.kind];
    if (!deed) return;
    this.at(spell.at, () => {
      const node = this.living(spell.node);
      if (node?.pod?.emitter.runs) deed(node);
    });
  }

  private living(index: number | undefined): ClusterNode | undefined {
    const { now } = this.host;
    return this.nodes.find(({ life }) => life.index === index && now >= life.from && now < life.deadAt);
  }

  /** The container ends; now and then just when a line is out and not yet recorded. */
  private restart(node: ClusterNode, { end, index }: Spell): void {
    const { pod } = node;
    const { host } = this;
    if (!pod) return;
    const again = () => !pod.gone && !pod.emitter.runs && host.now < node.life.deadAt && pod.emitter.start();
    const die = () => {
      if (pod.emitter.runs) pod.emitter.stop();
      this.at(Math.max(host.now + 1_000, end), again);
    };
    if (host.dice.chance(0.5, about.node, index)) die();
    else pod.emitter.doom = die;
  }

  private replace(node: ClusterNode, { end, index }: Spell): void {
    const { dice, now } = this.host;
    const { pod } = node;
    const byForce = dice.chance(0.5, about.node, index);
    const bring = () => {
      if (this.host.now < node.life.deadAt && !node.pod) this.bringPod(node, 1_000);
    };
    this.at(byForce ? now + dice.between(1_000, 3_000, about.node, index, 2) : end, bring);
    if (!pod || !byForce) {
      this.takePod(node);
      return;
    }
    // The cluster knows it no more and has another one at once; its container ends in the time that it is given.
    node.pod = undefined;
    pod.gone = true;
    const ends = now + dice.between(5_000, 15_000, about.node, index, 1);
    this.at(ends, () => pod.emitter.runs && pod.emitter.stop());
  }

  /** The same node and the same pod, but what lay in memory is gone, and the clock begins anew. */
  private reboot(node: ClusterNode, { end, index }: Spell): void {
    const { pod } = node;
    if (!pod) return;
    pod.emitter.stop();
    this.at(end, () => {
      if (pod.gone || this.host.now >= node.life.deadAt || pod.emitter.runs) return;
      pod.emitter.reboot(new NodeClock(this.host.dice, 7_000_000 + index, this.host.now - 10_000));
      pod.emitter.start();
    });
  }
}
