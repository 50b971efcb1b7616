/** What the engine asks of the emitters: by the real probe's exchange, over a simulated control plane. */

import { type EmitterAnswer, provesUnsent } from '../../probes/kubernetes/emitter-client.ts';
import type { EmitterRequest } from '../../probes/kubernetes/emitter-request.ts';
import { exchange } from '../../probes/kubernetes/refill-exchange.ts';
import { closesLower } from '../../probes/kubernetes/settlement.ts';
import type { Command } from '../../src/engine/event.ts';
import { ProbeError } from '../../src/lib/errors.ts';
import type { Refill, RefillAnswer } from '../../src/probe.ts';
import { Cluster } from './cluster.ts';
import { ControlPlane } from './control-plane.ts';
import { NodeList } from './listed-nodes.ts';
import { SupplyTest } from './supply.ts';
import type { Watchdog } from './watchdog.ts';
import { refusal } from './world.ts';

type RefillCommand = Extract<Command, { type: 'refill' }>;

export class Refilling {
  readonly cluster: Cluster;
  readonly nodes: NodeList;
  readonly controlPlane: ControlPlane;
  private readonly host: Watchdog;
  /** Of each stream the last batch with lines, while nobody can know yet whether it was taken. */
  private readonly unsure = new Map<string, number>();

  constructor(host: Watchdog) {
    this.host = host;
    this.cluster = new Cluster(host);
    this.nodes = new NodeList(host, this.cluster);
    this.controlPlane = new ControlPlane(host, this.cluster);
  }

  begin(): void {
    this.cluster.begin();
    new SupplyTest(this.host, this.cluster).begin();
  }

  carryOut(command: RefillCommand): void {
    const { host } = this;
    const { epoch } = host;
    const { stream, refill } = command;
    if (refill.fresh !== undefined) this.noteLines(refill);
    void this.exchange(command)
      .then(
        (answer) => ({ type: 'refilled' as const, stream, refill, answer }),
        (error) => ({ type: 'refilled' as const, stream, refill, error }),
      )
      .then((event) => {
        if (epoch === host.epoch) host.dispatch(event);
      });
    host.letSettle();
  }

  private async exchange({ refill }: RefillCommand): Promise<RefillAnswer> {
    const { host, nodes } = this;
    const emitter = nodes.real.emitterOf(refill.stream);
    if (emitter === undefined) throw refusal('not_found');
    const pod = this.cluster.podOf(emitter.uid);
    const call = async (request: EmitterRequest) => {
      const answer = await this.controlPlane.call(pod, request).catch((error: unknown) => {
        if (error instanceof ProbeError && provesUnsent(error)) this.unsure.delete(refill.stream);
        throw error;
      });
      this.noteAnswer(refill, request, answer, emitter.uid);
      return answer;
    };
    return exchange({ uid: emitter.uid, exists: nodes.real.exists, call }, refill, () => host.toT(host.now));
  }

  /** More lines may come only when it is known what became of the last ones. */
  private noteLines({ stream, number }: Refill): void {
    const last = this.unsure.get(stream);
    if (last !== undefined)
      this.host.auditor.complain('more-while-unsure', `${stream}: batch ${number}, and nothing is known of ${last}`);
    this.unsure.set(stream, number);
  }

  private noteAnswer({ stream, place }: Refill, request: EmitterRequest, answer: EmitterAnswer, uid: string): void {
    const last = this.unsure.get(stream);
    const { receipt, word } = answer;
    if (last === undefined || receipt?.whole !== true) return;
    const elsewhere = place !== `${uid}/${receipt.incarnation}`;
    const taken = receipt.batches.has(last);
    const decided = request.batch === last || (request.batch > last && closesLower(word));
    if (elsewhere || taken || decided) this.unsure.delete(stream);
  }
}
