/** A pipeline at a cluster's pace, whose index can be asked again, and may have lost documents since. */
import type { HopSpec, PipelineSpec } from '../../src/core/pipeline.ts';
import type { HopState } from '../../src/engine/state.ts';
import type { LogcanaryError } from '../../src/lib/errors.ts';
import type { Find, Look, Question, RecheckQuestion } from '../../src/probe.ts';
import { Bench } from './harness.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

export const minute = 60_000;
export const hour = 60 * minute;

export class RecheckScene extends Scene {
  readonly rechecks: RecheckQuestion[] = [];
  /** Answers, but not completely. */
  recheckPartial = false;
  /** Removed from the index, once they are asked for again. */
  readonly lost = new Set<string>();
  private toLose = 0;
  /** Tokens that ordinary looks at the index do not show. */
  hidden: (token: string) => boolean = () => false;

  override observer(hop: string) {
    const recheck = { everyMs: 10 * minute, spanMs: 10 * minute };
    return { ...super.observer(hop), ...(hop === 'index' ? { recheck } : {}) };
  }

  recheck(hop: HopState, question: RecheckQuestion): Look | LogcanaryError {
    this.rechecks.push(question);
    const { tokens, unreadable } = this.place(hop.spec.name);
    if (unreadable) return failure(unreadable);
    const finds: Find[] = [...question.tokens()]
      .filter((token) => tokens.has(token) && !this.hidden(token) && !this.isLost(token))
      .map((token) => ({ token, kind: 'line' }));
    return this.recheckPartial
      ? { coverage: 'partial', finds, why: failure('partial') }
      : { coverage: 'complete', finds };
  }

  override look(hop: HopState, question: Question, now: number): Look | LogcanaryError {
    const look = super.look(hop, question, now);
    if ('coverage' in look && hop.spec.name === 'index')
      return { ...look, finds: look.finds.filter(({ token }) => !this.hidden(token)) };
    return look;
  }

  /** The next so many that are asked for again are gone. */
  lose(count: number): void {
    this.toLose += count;
  }

  private isLost(token: string): boolean {
    if (this.toLose > 0 && !this.lost.has(token)) {
      this.lost.add(token);
      this.toLose -= 1;
    }
    return this.lost.has(token);
  }

  /** As an index that was deleted: what arrived until now is gone. */
  empty(name = 'index'): void {
    this.place(name).tokens.clear();
  }
}

const slowHops: readonly HopSpec[] = [
  hopSpec({ name: 'stream', withinMs: 30_000, pollMs: 10_000 }),
  hopSpec({ name: 'index', after: 'stream', withinMs: minute, pollMs: 15_000 }),
  hopSpec({ name: 'alert', after: 'index', withinMs: 2 * minute, pollMs: 30_000 }),
];

export function slowPipeline(index: Partial<HopSpec> = {}, changes: Partial<PipelineSpec> = {}): PipelineSpec {
  return sandboxPipeline({
    inject: ['node-a', 'node-b', 'node-c', 'node-d'].map((name) => injectSpec({ name, everyMs: 10_000 })),
    hops: slowHops.map((hop) => (hop.name === 'index' ? { ...hop, ...index } : hop)),
    lostAfterMs: hour,
    pageAfterMs: 5 * minute,
    resolveAfterMs: 5 * minute,
    stoppedEveryMs: minute,
    ...changes,
  });
}

export async function recheckBench(index: Partial<HopSpec> = {}): Promise<{ scene: RecheckScene; bench: Bench }> {
  const scene = new RecheckScene();
  return { scene, bench: await Bench.open(scene, configOf({ pipelines: [slowPipeline(index)] })) };
}
