/** What a hop promises about the canaries of a run, frozen when the run began: a config edit never re-judges history. */
export interface HopTerms {
  /** The hop's number in the ledger. */
  readonly hop: number;
  /** Its parent's, or null for a root. */
  readonly after: number | null;
  readonly withinMs: number;
  readonly lostAfterMs: number;
  /** Two look intervals plus the look's time-out: how long we give ourselves to look before saying that we could not. */
  readonly graceMs: number;
  /** Of every `of` canaries the first `take` apply. */
  readonly take: number;
  readonly of: number;
}
