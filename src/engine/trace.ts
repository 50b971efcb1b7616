/** What is known of one canary, from the state in memory and, for settled blocks, from the ledger's rows. */
import { blockSize, decodeEmission, decodeVerdicts, emission, verdictOfCode } from '../core/block.ts';
import type { LedgerReader } from '../core/ledger.ts';
import { plannedAt, shapeOf } from '../core/schedule.ts';
import { checkToken } from '../core/token.ts';
import type { TraceView } from '../core/trace.ts';
import type { Verdict } from '../core/verdict-name.ts';
import { tokenOf } from './injecting.ts';
import type { EngineState, StreamState, Track } from './state.ts';
import { blockOf, codeAt, emissionAt, runOf, termsOf } from './track.ts';

export async function traceCanary(state: EngineState, reader: LedgerReader, token: string): Promise<TraceView> {
  const check = checkToken(token, state.signer);
  if (check.state === 'malformed') {
    return { state: 'malformed', note: 'That is not a whole token: 52 characters, lcn1 … 0, of a-z and 2-7.' };
  }
  if (check.state === 'unknown-key')
    return { state: 'foreign', note: 'Signed with a key that is not in this configuration.' };
  if (check.state === 'wrong-mac') return { state: 'forged', note: 'The form is right but the signature is not ours.' };
  const { fields } = check;
  const stream = state.streamsByNumber.get(fields.stream);
  if (!state.writers.has(fields.writer)) return foreign(state, token);
  if (!stream || fields.seq >= stream.nextSeq || tokenOf(state, stream, fields.seq) !== token) {
    return { state: 'never-granted', note: 'Signed with our key, but this ledger never handed it out.' };
  }
  return await known(reader, stream, fields.seq);
}

function foreign(state: EngineState, token: string): TraceView {
  const hooks = state.foreignAtHooks.get(token);
  return {
    state: 'foreign',
    note: 'Signed with our key by another logcanary (another ledger).',
    ...(hooks ? { seenAtHooks: [...hooks] } : {}),
  };
}

async function known(reader: LedgerReader, stream: StreamState, seq: number): Promise<TraceView> {
  const run = runOf(stream, seq);
  if (!run) return { state: 'never-granted', note: 'The schedule it belongs to is gone from the ledger.' };
  const hops = [];
  for (const track of stream.tracks)
    hops.push({ name: track.hop.spec.name, verdict: await verdictAt(reader, track, seq) });
  const sent = await emissionOf(reader, stream, seq);
  return {
    state: 'known',
    pipeline: stream.injector.pipeline.spec.name,
    stream: stream.name,
    seq,
    plannedAt: plannedAt(run, seq),
    shape: shapeOf(run, seq),
    ...(sent ? { emission: sent } : {}),
    hops,
  };
}

async function verdictAt(
  reader: LedgerReader,
  track: Track,
  seq: number,
): Promise<Verdict | 'not expected here' | 'folded away'> {
  if (!termsOf(runOf(track.stream, seq), track.hop.id, track.stream.number, seq)) return 'not expected here';
  const inMemory = codeAt(track, seq);
  if (inMemory !== undefined) return verdictOfCode(inMemory) ?? 'not expected here';
  const block = blockOf(seq);
  const [row] = await reader.find('verdict', { stream: track.stream.number, hop: track.hop.id, block });
  if (!row) return 'folded away';
  return verdictOfCode(decodeVerdicts(block, row.data).codes[seq % blockSize] ?? 0) ?? 'not expected here';
}

async function emissionOf(
  reader: LedgerReader,
  stream: StreamState,
  seq: number,
): Promise<TraceView['emission'] | undefined> {
  const live = emissionAt(stream, seq);
  if (live) return shown(live);
  const block = blockOf(seq);
  const [row] = await reader.find('emission', { stream: stream.number, block });
  const run = runOf(stream, seq);
  if (!row || !run) return undefined;
  const stored = decodeEmission(block, row.data);
  const planned = plannedAt(run, seq);
  const i = seq % blockSize;
  return shown({ state: stored.states[i] ?? 0, nb: planned + (stored.nb[i] ?? 0), na: planned + (stored.na[i] ?? 0) });
}

function shown({ state, nb, na }: { state: number; nb: number; na: number }): NonNullable<TraceView['emission']> {
  if (state === emission.emitted) return { state: 'emitted', nb, na };
  return { state: state === emission.withheld ? 'withheld' : 'unconfirmed' };
}
