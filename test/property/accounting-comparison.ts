/** Where the engine and its books, or the engine before and after a restart, differ. */
import { codeCount, emission, impliedBit, verdictOfCode } from '../../src/core/block.ts';
import { verdicts } from '../../src/core/verdict-name.ts';
import type { EngineState } from '../../src/engine/state.ts';
import { emissionCounts, verdictCounts } from '../../src/engine/sums.ts';
import { blockOf, codeAt, emissionAt, lingerMs } from '../../src/engine/track.ts';
import { sumsAt } from '../engine/identity.ts';
import type { History } from './accounting-history.ts';
import type { AccountingModel } from './accounting-model.ts';

/** Everything that must survive a restart, by name. */
export function bookkeepingOf(state: EngineState): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const hop of state.pipelines[0]?.hops ?? []) {
    all[`counters at ${hop.spec.name}`] = JSON.stringify(hop.counters);
    all[`first sighting at ${hop.spec.name}`] = hop.firstSightedAt;
    all[`absorbed at ${hop.spec.name}`] = hop.absorbBefore;
    all[`sums at ${hop.spec.name}`] = JSON.stringify([sumsAt(hop), verdictCounts(hop.tracks)]);
  }
  for (const stream of state.streamsByNumber.values()) {
    all[`${stream.key} stream`] = JSON.stringify([stream.nextSeq, stream.leavingSince, stream.openedAt, stream.runs]);
    all[`${stream.key} emissions`] = JSON.stringify(emissionCounts([stream]));
    for (const track of stream.tracks) {
      const at = `${stream.key} at ${track.hop.spec.name}`;
      const codes = Array.from({ length: codeCount }, (_, code) => (track.folded[code] ?? 0) + (track.live[code] ?? 0));
      all[`${at} codes`] = codes.slice(1).join();
      all[`${at} seen`] = JSON.stringify([track.lastSeenAt, track.newestSeenSeq]);
      for (const block of track.blocks.values()) {
        all[`${at} block ${block.index}`] = block.codes.join();
      }
    }
    for (const block of stream.emission.values()) {
      const proven = Array.from(block.states, (code, i) =>
        code === emission.emitted ? [block.nb[i], block.na[i]] : [],
      );
      all[`${stream.key} emission block ${block.index}`] = JSON.stringify([Array.from(block.states), proven]);
    }
  }
  all.incidents = JSON.stringify([...state.open.values()].map(({ number, notified }) => [number, notified]));
  all.resolved = JSON.stringify(state.resolved.map(({ number, notified }) => [number, notified]));
  all.outbox = JSON.stringify([...state.outbox.values()].map(({ row }) => row));
  return all;
}

/** Where engine and model differ now; empty when they agree. */
export function describeFailure({ state, model, now, faults }: History): string[] {
  const found = [...faults];
  for (const hop of state.pipelines[0]?.hops ?? []) {
    const { name } = hop.spec;
    const counts = verdictCounts(hop.tracks);
    const wanted = model.counts(name);
    for (const verdict of verdicts) {
      if (counts[verdict] !== wanted[verdict]) {
        found.push(`${name}: ${counts[verdict]} ${verdict}, the model has ${wanted[verdict]}`);
      }
    }
    const entered: Readonly<Record<string, number>> = hop.counters.entered;
    for (const [what, count] of Object.entries(model.state(name).entered)) {
      if (entered[what] !== count) found.push(`${name}: entered ${what} ${entered[what]}, the model has ${count}`);
    }
  }
  for (const stream of state.streamsByNumber.values()) {
    for (const canary of model.books.streams.get(stream.key)?.canaries ?? []) {
      for (const track of stream.tracks) {
        const place = canary.places.get(track.hop.spec.name);
        const code = codeAt(track, canary.seq);
        if (code === undefined) continue;
        const shown = `${canary.stream} #${canary.seq} at ${track.hop.spec.name}`;
        if (verdictOfCode(code) !== place?.verdict) {
          found.push(`${shown} is ${verdictOfCode(code)}, the model has ${place?.verdict} at T ${now}`);
        }
        if (code > impliedBit !== (place?.seen === 'implied')) found.push(`${shown} is implied or not: ${code}`);
      }
      const sent = emissionAt(stream, canary.seq);
      const name = sent && ['unconfirmed', 'emitted', 'withheld'][sent.state];
      if (name !== undefined && name !== canary.emission) found.push(`${canary.stream} #${canary.seq} is ${name}`);
    }
  }
  return found.slice(0, 8);
}

/** Whatever the engine has folded away must be final; from then on the model leaves it alone, too. */
export function freezeSettled(state: EngineState, model: AccountingModel, now: number): string[] {
  const faults: string[] = [];
  for (const stream of state.streamsByNumber.values()) {
    const canaries = model.books.streams.get(stream.key)?.canaries ?? [];
    for (const track of stream.tracks) {
      for (const { seq, planned, places } of canaries) {
        const place = places.get(track.hop.spec.name);
        if (!place || place.frozen || codeAt(track, seq) !== undefined) continue;
        place.frozen = true;
        const over = now >= planned + place.lostAfterMs + lingerMs;
        const what = `${stream.key} #${seq} was settled at ${place.hop} as ${place.verdict}`;
        if (place.seen === 'no' && !over) faults.push(what);
        if (canaries.length < (blockOf(seq) + 1) * 256) faults.push(`${what} in a block that is not full`);
      }
    }
  }
  return faults;
}
