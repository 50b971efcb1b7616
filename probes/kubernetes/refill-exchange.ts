/** One call about one stream: what an emitter is sent, and what its answer proves of this batch and of earlier ones. */
import { type Emission, type HandedBatch, ProbeError, type Refill, type RefillAnswer } from '../../src/probe.ts';
import { type EmitterAnswer, provesUnsent } from './emitter-client.ts';
import type { Receipt } from './emitter-receipt.ts';
import type { EmitterRequest } from './emitter-request.ts';
import { closesLower, type DatedReceipt, type SentBatch, type Settled, settle } from './settlement.ts';

/**
 * A pod that was taken out of the cluster by force may still print, ms: its container is given 5 s to stop (daemonset.yaml), and the
 * kubelet that starts its successor some time to notice. Later lines cannot go out. One that is deleted in the usual way is gone only
 * when its container has stopped.
 */
export const GONE_MS = 20_000;

/** Delays are counted from the decision to hand over; a call that begins later than this after it brings no lines, ms. */
const LATE_MS = 10_000;
/** Lines that are so late by the emitter's own clock and have no record: it does not print. ms */
const STUCK_MS = 60_000;

/** The emitter that a stream's lines go to now. */
export interface StreamEmitter {
  /** Of its pod. */
  readonly uid: string;
  /** False once the cluster knows no pod of this UID any more. */
  exists(uid: string): boolean;
}

export interface CallableEmitter extends StreamEmitter {
  /** @throws ProbeError when nothing is known of what became of the request */
  call(request: EmitterRequest): Promise<EmitterAnswer>;
}

/** @throws ProbeError when nothing is known of the new lines */
export async function exchange(emitter: CallableEmitter, refill: Refill, now: () => number): Promise<RefillAnswer> {
  const asked = inTime(refill, now());
  try {
    const answer = await emitter.call(requestFor(emitter, asked));
    return withLeftBehind(refill, asked, answerFor(emitter, asked, answer, now()));
  } catch (error) {
    if (asked !== refill) return leftBehind(refill, error);
    return failureFor(emitter, refill, error);
  }
}

/** @throws the error where nothing was known of a place */
function leftBehind({ number, place, fresh }: Refill, error: unknown): RefillAnswer {
  if (place === undefined || fresh === undefined || !(error instanceof ProbeError)) throw error;
  return { place, settled: new Map([[number, notSent(fresh.texts)]]), why: error };
}

/** Without new lines that were decided on too long ago (the ledger did not take the decision at once): all of them would be late. */
export function inTime(refill: Refill, now: number): Refill {
  const { fresh, ...rest } = refill;
  return fresh === undefined || now - fresh.handedAt <= LATE_MS ? refill : rest;
}

/** An answer with what became of lines that `inTime` took out: they are still here, to be handed over again. */
export function withLeftBehind({ number, fresh }: Refill, asked: Refill, answer: RefillAnswer): RefillAnswer {
  if (fresh === undefined || asked.fresh !== undefined) return answer;
  return { ...answer, settled: new Map([...answer.settled, [number, notSent(fresh.texts)]]) };
}

/** What is sent: new lines only to an incarnation that the ledger knows of; to another one a question. */
export function requestFor(emitter: StreamEmitter, refill: Refill): EmitterRequest {
  const { uid, incarnation } = readPlace(refill.place);
  return uid === emitter.uid ? scheduleOf(refill, incarnation) : questionOf(refill);
}

/** What an answer proves. @throws ProbeError when it proves nothing of the new lines */
export function answerFor(emitter: StreamEmitter, refill: Refill, answer: EmitterAnswer, now: number): RefillAnswer {
  const { uid, incarnation } = readPlace(refill.place);
  const same = uid === emitter.uid;
  const { receipt, askedAt, answeredAt } = answer;
  if (receipt === undefined) throw refusal(answer, refill);
  const highestAnswered = same && closesLower(answer.word) ? refill.number : 0;
  const dated = { receipt, askedAt, answeredAt, highestAnswered };
  const settled = new Map<number, readonly (Emission | undefined)[]>();
  const unsure = new Set<number>();
  for (const batch of refill.open) settled.set(batch.number, settleOpen(batch, emitter, dated, now, unsure));
  if (refill.fresh !== undefined)
    settled.set(
      refill.number,
      same ? settleFresh(refill, incarnation, answer, dated, unsure) : notSent(refill.fresh.texts),
    );
  const place = `${emitter.uid}/${receipt.incarnation}`;
  const refused = refill.fresh !== undefined && place === refill.place && !['ok', 'repeat'].includes(answer.word);
  return {
    ...{ place, settled, unsure: unsure.size > 0 },
    ...(refused ? { why: refusal(answer, refill) } : {}),
    ...(isStuck(refill, receipt) ? { stuck: stuck(refill) } : {}),
  };
}

/** What a call proves that failed. @throws the error when it proves nothing of the new lines */
export function failureFor(emitter: StreamEmitter, refill: Refill, error: unknown): RefillAnswer {
  const { number, place, fresh } = refill;
  const brought = fresh !== undefined && readPlace(place).uid === emitter.uid;
  if (!brought || place === undefined || !isUnsent(error)) throw error;
  const emissions = fresh.texts.map((): Emission => ({ state: 'withheld', why: error }));
  return { place, settled: new Map([[number, emissions]]), why: error };
}

/** By its own clock: ours may have been set since the lines were handed over. */
function isStuck({ open }: Refill, receipt: Receipt): boolean {
  if (!receipt.whole) return false;
  return open.some((batch) => {
    const listed = receipt.batches.get(batch.number);
    if (listed?.incarnation !== receipt.incarnation) return false;
    return delaysOf(batch).some(
      (delay, at) => !listed.records.has(at) && listed.received + delay + STUCK_MS < receipt.now,
    );
  });
}

function stuck({ stream }: Refill): ProbeError {
  const message = `The emitter of stream "${stream}" holds canaries that have been due for over a minute and prints nothing: its stdout is blocked. Look at the container runtime of its node, and at the log agent.`;
  return new ProbeError(message, { reason: 'rejected' });
}

/** The UID of a pod and the incarnation of its emitter; the engine keeps it as it is. */
function readPlace(place = ''): { uid: string; incarnation: string } {
  const at = place.lastIndexOf('/');
  return { uid: place.slice(0, Math.max(0, at)), incarnation: place.slice(at + 1) };
}

function isUnsent(error: unknown): error is ProbeError {
  return error instanceof ProbeError && provesUnsent(error);
}

// ------------------------------------------------------------------------------------------------ asking

/** Without new lines its number closes those before: a call that is stuck on its way can do nothing any more. */
function scheduleOf(refill: Refill, incarnation: string): EmitterRequest {
  const { instance, number, fresh } = refill;
  const delays = fresh === undefined ? [] : delaysOf(fresh);
  const lines = delays.map((delayMs, at) => ({ delayMs, text: fresh?.texts[at] ?? '' }));
  return { instance, incarnation, batch: number, done: doneBelow(refill), lines };
}

/** Who is there? Lines are sent only to an incarnation that the ledger knows of. */
function questionOf({ instance }: Refill): EmitterRequest {
  return { instance, incarnation: '-', batch: 0, done: 0, lines: [] };
}

/** Everything below the oldest open batch is stored. */
function doneBelow({ number, open }: Refill): number {
  return Math.min(number, ...open.map((batch) => batch.number)) - 1;
}

/** From the handing over on: what the call takes until it is heard makes a line that much later, never earlier. */
function delaysOf({ handedAt, plannedAt }: Pick<HandedBatch, 'handedAt' | 'plannedAt'>): number[] {
  return plannedAt.map((at) => Math.max(0, Math.round(at - handedAt)));
}

// ------------------------------------------------------------------------------------------------ settling

function settleOpen(
  batch: HandedBatch,
  emitter: StreamEmitter,
  dated: DatedReceipt,
  now: number,
  unsure: Set<number>,
): readonly (Emission | undefined)[] {
  const { uid, incarnation } = readPlace(batch.place);
  if (uid === emitter.uid) return settleOne(sentOf(batch, incarnation, []), dated, unsure);
  return batch.plannedAt.map((at) => (emitter.exists(uid) ? undefined : goneWithPod(at, now)));
}

function goneWithPod(plannedAt: number, now: number): Emission {
  const state = plannedAt >= now + GONE_MS ? 'withheld' : 'unconfirmed';
  return { state, why: unproven('its pod is gone') };
}

function settleFresh(
  { number, fresh }: Refill,
  incarnation: string,
  answer: EmitterAnswer,
  dated: DatedReceipt,
  unsure: Set<number>,
): readonly (Emission | undefined)[] {
  if (fresh === undefined) return [];
  return settleOne(sentOf({ number, ...fresh }, incarnation, answer.words), dated, unsure);
}

function sentOf(batch: Omit<HandedBatch, 'place'>, incarnation: string, words: SentBatch['words']): SentBatch {
  return { batch: batch.number, incarnation, delaysMs: delaysOf(batch), firstSentAt: batch.handedAt, words };
}

/** @param unsure gets the number of a batch that may still be on its way */
function settleOne(sent: SentBatch, dated: DatedReceipt, unsure: Set<number>): readonly (Emission | undefined)[] {
  const settled = settle([sent], dated).get(sent.batch) ?? [];
  if (settled.some(({ state }) => state === 'unknown')) unsure.add(sent.batch);
  return settled.map(emissionOf);
}

function emissionOf(settled: Settled): Emission | undefined {
  if (settled.state === 'emitted') return settled;
  if (settled.state === 'pending' || settled.state === 'unknown') return undefined;
  return { state: settled.state, why: unproven(settled.why) };
}

function unproven(why: string): ProbeError {
  return new ProbeError(`The canary was handed to an emitter, but ${why}.`, { reason: 'rejected' });
}

// ------------------------------------------------------------------------------------------------ not taken

/** They were meant for another pod, or for another time. */
function notSent(texts: readonly string[]): readonly Emission[] {
  return texts.map(() => ({ state: 'withheld', why: unproven('it was not sent') }));
}

const reasons: Readonly<Record<string, string>> = {
  full: 'it holds as much as it can. Plan fewer or shorter lines, or fewer watchdogs',
  broken: 'it cannot work: look at the log of its pod',
  malformed: 'it does not take such lines. Apply deploy/kubernetes of this version',
};

function refusal({ word, fault }: EmitterAnswer, { stream }: Refill): ProbeError {
  const said = fault === undefined ? word : `${word} ${fault}`;
  const message = `Cannot hand a schedule to the emitter of stream "${stream}": it answered "${said}": ${reasons[word] ?? 'it did not take it'}.`;
  return new ProbeError(message, { reason: 'rejected', retryable: word === 'full' });
}
