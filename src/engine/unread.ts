/** Hops that cannot be read, and why: the target, our own side, or because nothing answers at all. */
import { evidenceOf } from '../core/evidence.ts';
import { looksFor, ownAdvice } from '../core/first-look.ts';
import type { EpochMs } from '../lib/clock.ts';
import { evidenceBehind } from './depth.ts';
import { countsSince, type Finding, hasOpen, looksOf, runbookOf, streamsOf } from './finding.ts';
import { hopsBehind } from './flow.ts';
import { answeredBetween, failedLooks, failing, failingSince, isSilent, silentSince } from './look-outcome.ts';
import { isBlind, isSilence } from './reason.ts';
import type { EngineState, HopState, PipelineState } from './state.ts';

export function isolation(state: EngineState, pipeline: PipelineState): Finding | undefined {
  const read = pipeline.hops.filter((hop) => hop.looks.length > 0 && hop.mode !== 'push');
  const hops = read.filter(isSilent);
  const targets = new Set(hops.map((hop) => hop.target));
  if (targets.size < 2) return undefined;
  const since = Math.min(...hops.map(failingSince));
  if (read.some((hop) => !hops.includes(hop) && !isSilentToo(hop, since))) return undefined;
  const names = { shown: hops.map((hop) => hop.spec.name), more: 0 };
  return {
    kind: 'isolated',
    hop: 'logcanary',
    since,
    streams: streamsOf(state, pipeline),
    totalStreams: streamsOf(state, pipeline).length,
    severity: 'critical',
    detail: [evidenceOf('isolated', { targets: targets.size, hops: names, answer: hops[0]?.looks.at(-1)?.why ?? '' })],
    firstLook: looksFor(ownAdvice.isolated, addressOf(targets)),
  };
}

/** One of them that a command can be pointed at. */
function addressOf(targets: ReadonlySet<string>): { readonly target?: string } {
  const [target] = [...targets].filter((each) => /^[\w.-]+:\d+$/.test(each));
  return target === undefined ? {} : { target };
}

/** A hop that is read on demand is asked because all others are silent: one answer that does not come is enough. */
function isSilentToo(hop: HopState, since: EpochMs): boolean {
  const last = hop.looks.at(-1);
  return hop.mode === 'on-demand' && last !== undefined && last.askedAt >= since && isSilence(last.reason);
}

/**
 * A hop that is silent while it is not known yet whether the others answer: we may be cut off, or just back. Decided by
 * an answer from elsewhere between two silent looks here; not waited for longer than this hop's own looks take.
 */
export function mayBeIsolation(state: EngineState, hop: HopState): boolean {
  const last = hop.looks.at(-1);
  if (!last || !isSilence(last.reason)) return false;
  const others = state.pipelines
    .flatMap(({ hops }) => hops)
    .filter((each) => each.mode !== 'push' && each.target !== hop.target);
  if (!others.some((each) => each.looks.length > 0)) return false;
  const since = Math.max(silentSince(hop), isolatedAt(state) ?? 0);
  if (state.now - since > 3 * hop.spec.pollMs + hop.spec.timeoutMs) return false;
  return !others.some((each) => each.looks.some((look) => answeredBetween(look, since, last.askedAt)));
}

/** Until when we were cut off; undefined when that is over and told. It is told once, of whichever pipeline. */
function isolatedAt(state: EngineState): EpochMs | undefined {
  const open = [...state.open.values()].filter(({ facts }) => facts.kind === 'isolated');
  return open.length === 0 ? undefined : Math.max(...open.map(({ lastBadAt }) => lastBadAt));
}

export function unreadFinding(state: EngineState, hop: HopState): Finding | undefined {
  if (!failing(hop)) return undefined;
  // Looks of the time in which we were cut off say nothing of this hop.
  const own = hop.looks.filter((look) => look.askedAt >= (isolatedAt(state) ?? 0));
  const last = hop.looks.at(-1);
  if (own.length < failedLooks || hangsOnInjector(hop, failingSince(hop), last?.askedAt ?? 0)) return undefined;
  // A hop that was never seen working is more likely set wrongly than down: no page in the night for that.
  const proven = hop.firstSightedAt !== undefined;
  const kind = !proven ? 'unproven' : whoseFault(state, hop);
  const streams = streamsOf(state, hop.pipeline);
  return {
    kind,
    hop: hop.spec.name,
    since: failingSince(hop),
    streams,
    totalStreams: streams.length,
    ...(kind === 'unreadable' ? {} : { severity: 'warning' as const }),
    detail: [
      evidenceOf('not-readable', { answer: last?.why ?? 'no answer' }),
      ...(kind === 'unreadable' ? evidenceBehind(hop, failingSince(hop)) : []),
    ],
    // What we do not see is no reason why anything behind it should be broken.
    behind: kind === 'unreadable' ? hopsBehind(hop).map((each) => each.spec.name) : [],
    looks: looksOf(hop),
    counts: () => countsSince(hop, failingSince(hop)),
    firstLook: runbookOf(hop, kind),
  };
}

/** The way there is an injector's too, and is not known to work: that it does not is told once, beside the injector. */
export function hangsOnInjector(
  { pipeline, through }: { readonly pipeline: PipelineState; readonly through?: string | undefined },
  since: EpochMs,
  lastTriedAt: EpochMs,
): boolean {
  if (through === undefined) return false;
  return pipeline.injectors.some(
    ({ target, listFailures, listedAt, listRecoveredAt }) =>
      target === through && (listFailures > 0 || listedAt < since || lastTriedAt < listRecoveredAt),
  );
}

/** Ours or the target's: as its last looks say. Where they differ, what is told stays; a single odd look begins nothing new. */
function whoseFault(state: EngineState, hop: HopState): 'blind' | 'unreadable' {
  if (hop.through !== undefined) return 'blind';
  const [before, last] = hop.looks.slice(-failedLooks).map(({ reason }) => isBlind(reason));
  if (before !== last && hasOpen(state, hop, 'blind')) return 'blind';
  if (before !== last && hasOpen(state, hop, 'unreadable')) return 'unreadable';
  return last ? 'blind' : 'unreadable';
}

/** While a hop above cannot be read, what is missing here cannot be told from what waits there. */
export function readingAbove(state: EngineState, hop: HopState): boolean {
  for (let each = hop.parent; each; each = each.parent) {
    if (
      (failing(each) && each.through === undefined && !isBlind(each.looks.at(-1)?.reason)) ||
      hasOpen(state, each, 'unreadable')
    )
      return true;
  }
  return false;
}
