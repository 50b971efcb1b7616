/** The pipeline as configured: what `config/` produces and the engine runs on. All durations in ms. */

export const shapes = ['plain', 'json', 'long', 'unicode', 'multiline', 'burst'] as const;
export type Shape = (typeof shapes)[number];

export interface InjectSpec {
  /** Unique in the pipeline: the kind, or kind-2 for the second of a kind. */
  readonly name: string;
  readonly kind: string;
  /** Already parsed by the probe's own schema. */
  readonly options: unknown;
  /** The first hop its canaries can be seen at. Absent: all hops. */
  readonly enters?: string;
  /** Period per stream. */
  readonly everyMs: number;
  /** Over all of the injector's streams, canaries per second. */
  readonly maxPerSecond: number;
  readonly shapes: readonly Shape[];
}

export interface HopSpec {
  readonly name: string;
  readonly after?: string;
  readonly kind: string;
  readonly options: unknown;
  /** Deadline from injection. */
  readonly withinMs: number;
  /** Between looks. Default within/4, at most 30 s. */
  readonly pollMs: number;
  /** Bound of one look. Default: max(poll, 10 s), at most 30 s. */
  readonly timeoutMs: number;
  /** Share of canaries expected here: 1/20 is { of: 20 }. */
  readonly sample: { readonly take: number; readonly of: number };
}

export interface CheckSpec {
  /** Unique in the pipeline. */
  readonly name: string;
  readonly kind: string;
  readonly options: unknown;
  readonly everyMs: number;
}

export interface PipelineSpec {
  readonly name: string;
  readonly inject: readonly InjectSpec[];
  /** Parents stand before their children. */
  readonly hops: readonly HopSpec[];
  readonly checks: readonly CheckSpec[];
  readonly lostAfterMs: number;
  readonly loss: { readonly budget: number; readonly windowMs: number };
  readonly pageAfterMs: number;
  readonly resolveAfterMs: number;
  readonly stoppedEveryMs: number;
  /** How long single verdicts are kept after they are final. Default 7 d. */
  readonly keepCanariesMs: number;
  /** Hourly sums. Default 400 d. */
  readonly keepRollupsMs: number;
}

export interface KeySpec {
  readonly id: string;
  readonly secret: string;
}

export interface NotifierSpec {
  /** Unique; defaults to the kind. */
  readonly name: string;
  readonly kind: string;
  /** Already parsed by the notifier's own schema. */
  readonly options: unknown;
  readonly minSeverity: Severity;
}

export interface HeartbeatSpec {
  readonly url: string;
  readonly everyMs: number;
}

export interface ExpectedPingSpec {
  readonly name: string;
  readonly everyMs: number;
  readonly graceMs: number;
}

export interface Config {
  /** Path as the user gave it. */
  readonly file: string;
  /** SHA-256 of the file's text, first 16 hex digits. */
  readonly hash: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Path of the SQLite file, already resolved against the config file's folder. */
  readonly ledger: string;
  readonly deployment: string;
  /** Empty: one is generated beside the ledger. */
  readonly keys: readonly KeySpec[];
  readonly pipelines: readonly PipelineSpec[];
  readonly notify: readonly NotifierSpec[];
  readonly heartbeats: readonly HeartbeatSpec[];
  readonly expectedPings: readonly ExpectedPingSpec[];
  readonly http: { readonly secret?: string };
}

export type Severity = 'critical' | 'warning';
