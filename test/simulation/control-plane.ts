/**
 * What is between logcanary and an emitter: an API server that passes calls on, refuses them, loses them or their answers, or
 * delivers them when nobody waits any more. Calls take the simulation's time.
 */
import type { EmitterAnswer } from '../../probes/kubernetes/emitter-client.ts';
import { readAnswer } from '../../probes/kubernetes/emitter-receipt.ts';
import { composeRequest, type EmitterRequest } from '../../probes/kubernetes/emitter-request.ts';
import { ProbeError, type Reason } from '../../src/lib/errors.ts';
import type { Cluster, Pod } from './cluster.ts';
import { about } from './dice.ts';
import { minute } from './setting.ts';
import type { Watchdog } from './watchdog.ts';

/** How one call fares. `unheard`: it came, its answer did not. `stray`: it comes much later, to a pod that is still there. */
type Fate = 'good' | 'refused' | 'broken' | 'full' | 'lost' | 'unheard' | 'stray' | 'cut' | 'server_error';
const misfortunes: readonly Fate[] = ['refused', 'broken', 'full', 'lost', 'unheard', 'stray', 'cut', 'server_error'];

const secret = 'simulated-secret-0000';
const proxyTimeoutMs = 10_000;
/** Longer than any server keeps a call whose caller is gone. */
const longestStrayMs = 3 * minute;
/** Now and then a call goes wrong alone. */
const usualMisfortune = 0.01;

export class ControlPlane {
  private readonly host: Watchdog;
  private readonly cluster: Cluster;
  private calls = 0;

  constructor(host: Watchdog, cluster: Cluster) {
    this.host = host;
    this.cluster = cluster;
  }

  isAway(at: number): boolean {
    return this.host.weather.now('control-plane-away', at) !== undefined;
  }

  /** One call to the emitter in a pod. Its promise is settled by an event of the simulation, never by itself. */
  call(pod: Pod | undefined, request: EmitterRequest): Promise<EmitterAnswer> {
    this.calls += 1;
    const { host, calls } = this;
    const askedAt = host.toT(host.now);
    const asked = host.now;
    const bytes = composeRequest(secret, request).length;
    const fate = this.fateOf(pod);
    const wayMs = 5 + host.dice.delay(40, 3_000, about.proxy, calls);
    let heard: string | undefined;
    const reach = (after: number) =>
      host.queue.push(host.now + after, () => {
        if (!pod?.emitter.runs || pod.gone || this.cluster.isCutOff(pod.node)) return;
        heard = pod.emitter.answer(request, bytes, fate === 'full');
        if (fate === 'stray') pod.strayedAt = host.now;
      });
    if (fate === 'stray') reach(host.dice.between(5_000, longestStrayMs, about.proxy, calls, 1));
    else if (fate !== 'refused' && fate !== 'server_error' && fate !== 'lost' && fate !== 'broken') reach(wayMs);
    const silent = fate === 'lost' || fate === 'unheard' || fate === 'stray';
    const tookMs = silent ? proxyTimeoutMs : 2 * wayMs;
    return new Promise((resolve, reject) => {
      host.answer(tookMs, () => {
        const text = fate === 'broken' ? 'lcne1 broken\n' : silent || this.ranOut(asked) ? undefined : heard;
        const answer = text === undefined ? undefined : readAnswer(fate === 'cut' ? this.cut(text) : text);
        if (answer && !this.cutOff()) {
          resolve({ ...answer, askedAt, answeredAt: host.toT(host.now), way: 'proxy', words: [answer.word] });
        } else reject(errorOf(fate, text !== undefined));
        host.letSettle();
        return undefined;
      });
    });
  }

  private fateOf(pod: Pod | undefined): Fate {
    const { dice, weather, now } = this.host;
    const { calls } = this;
    if (this.isAway(now)) return dice.chance(0.5, about.proxy, calls, 2) ? 'refused' : 'lost';
    if (pod === undefined || pod.gone) return 'server_error';
    if (this.cluster.isCutOff(pod.node)) return dice.chance(0.5, about.proxy, calls, 3) ? 'server_error' : 'lost';
    const flaky = weather.now('calls-go-wrong', now);
    if (!dice.chance(flaky?.share ?? usualMisfortune, about.proxy, calls, 4)) return 'good';
    return misfortunes[dice.between(0, misfortunes.length - 1, about.proxy, calls, 5)] as Fate;
  }

  /** The answer comes back through the same server. */
  private cutOff(): boolean {
    return this.isAway(this.host.now);
  }

  private ranOut(asked: number): boolean {
    const { suspension, now } = this.host;
    return asked <= suspension.from && now - asked > proxyTimeoutMs;
  }

  private cut(text: string): string {
    return text.slice(0, Math.floor(text.length * this.host.dice.roll(about.proxy, this.calls, 6)));
  }
}

function errorOf(fate: Fate, answered: boolean): ProbeError {
  const reason: Reason =
    fate === 'refused' || fate === 'server_error'
      ? fate
      : answered
        ? 'bad_answer'
        : fate === 'good'
          ? 'network'
          : 'timeout';
  return new ProbeError(`Simulated: the call to the emitter failed (${fate}).`, { reason, retryable: true });
}
