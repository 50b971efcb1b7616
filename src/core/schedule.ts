import type { EpochMs } from '../lib/clock.ts';
import type { Shape } from './pipeline.ts';

/** How many canaries a `burst` slot emits at once. */
export const burstSize = 10;

/** The parts of a run that its schedule follows from. */
export interface Schedule {
  readonly fromSeq: number;
  readonly t0: EpochMs;
  readonly everyMs: number;
  /** Each slot is moved by a fixed pseudo-random amount in [0, jitterMs), so that streams and watchdogs do not beat. Below everyMs. */
  readonly jitterMs: number;
  readonly seed: number;
  readonly shapes: readonly Shape[];
}

/**
 * When the canary `seq` of the run is to be emitted. A fixed schedule: it never waits for what came back, so a stall
 * does not thin out the very canaries that would show it.
 */
export function plannedAt(run: Schedule, seq: number): EpochMs {
  const slot = slotOf(run, seq - run.fromSeq);
  return run.t0 + slot * run.everyMs + Math.floor(unitHash(run.seed, slot) * run.jitterMs);
}

/** The shape of the canary `seq`. */
export function shapeOf(run: Schedule, seq: number): Shape {
  return run.shapes[slotOf(run, seq - run.fromSeq) % run.shapes.length] ?? 'plain';
}

function slotOf(run: Schedule, index: number): number {
  if (!run.shapes.includes('burst')) return index;
  const perCycle = run.shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  let slot = Math.floor(index / perCycle) * run.shapes.length;
  let rest = index % perCycle;
  for (const shape of run.shapes) {
    if (rest < sizeOf(shape)) return slot;
    rest -= sizeOf(shape);
    slot += 1;
  }
  return slot;
}

function sizeOf(shape: Shape): number {
  return shape === 'burst' ? burstSize : 1;
}

/** A well mixed number in [0, 1) from two integers (the finaliser of MurmurHash3). */
export function unitHash(seed: number, index: number): number {
  let h = (seed ^ Math.imul(index + 1, 0x9e3779b1)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4_294_967_296;
}
