/** Life-long entries into each state at a hop, and the latency histogram. Stored as JSON in the hop's row. */
export interface HopCounters {
  entered: Record<Entered, number>;
  latency: { boundsMs: number[]; counts: number[]; sumMs: number };
  /** Of streams that were pruned: canaries by verdict code, and how many were expected. */
  gone: { codes: number[]; expected: number };
}
export const enteredStates = [
  'delivered',
  'delayed',
  'lost',
  'recovered',
  'unverifiable',
  'excused',
  'withheld',
  'duplicated',
  'corrupted',
  'forged',
  'foreign',
  'rechecked',
  'vanished',
  'inconsistent',
  'misrouted',
] as const;
export type Entered = (typeof enteredStates)[number];
