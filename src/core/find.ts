/**
 * What the scanner makes of some bytes. Produced by `core/scan.ts`, carried by probes, judged by the engine:
 * a probe neither verifies signatures nor knows which canaries are outstanding.
 */
export interface Find {
  /** The 52 characters that look like a token (for a `suspect`: what stands in its place, cut at 64 characters). */
  readonly token: string;
  /**
   * `line`: a token with our line's opening before it, so a delivery. `echo`: a token without the opening (an agent's
   * error log, a slow log, an audit log repeating a query): never a delivery. `suspect`: our opening, but no whole token.
   */
  readonly kind: 'line' | 'echo' | 'suspect';
  /** For a `line` whose rest is not what the token promises: what is wrong, in a few words (`cut after 34 characters`). */
  readonly damage?: string;
}
