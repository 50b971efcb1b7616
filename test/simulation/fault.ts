/** Everything that can go wrong in a simulated world, and what logcanary must make of it. */
import type { IncidentKind } from '../../src/core/incident.ts';
import { type HopName, minute, type Pace, timeoutMs } from './setting.ts';

/** `kind@hop` as incidents are named here. */
export type Place = `${IncidentKind}@${string}`;

export interface Fault {
  /** What it happens to: of each group one at a time. */
  readonly group: 'pipeline' | 'watchdog' | 'channel';
  /** Shortest and longest, ms where a canary goes out every 30 s. */
  readonly lasts: readonly [number, number];
  /** Share of lines hit, where it is not all. */
  readonly share?: readonly [number, number];
  /** It concerns one node. */
  readonly node?: true;
  /** It lasts as long at any pace: what notices it does not keep pace either. */
  readonly absolute?: true;
  /** It makes sense only with so many streams. */
  readonly streams?: number;
  /** What must be told when it lasts long enough. */
  readonly must?: Place;
  /** From its begin until that must be told, ms; also how long it has to last for that. */
  readonly withinMs?: (pace: Pace, share: number, streams: number) => number;
  /** Where nobody reads the stream while all is well: may be told elsewhere, and late. */
  readonly unread?: readonly Place[];
  /** May be told besides, or when it is too short for what must be told. */
  readonly may?: readonly Place[];
  /** Lines wait: nothing arrives at this hop, and all that waited comes at the end. */
  readonly stalls?: HopName;
  /** Only so many lines of each stream wait; the rest is lost. */
  readonly buffer?: number;
  /** That share of lines never gets to this hop. */
  readonly drops?: HopName;
  /** All lines get to this hop later, by more than its deadline. */
  readonly slows?: HopName;
  /** How looks at these hops fare. */
  readonly looks?: { readonly hops: readonly HopName[]; readonly how: 'server_error' | 'partial' | 'auth' | 'timeout' };
}

/** Design §10: what every fault of the flow must be told within. Jitter and the calls' own time come on top. */
const told =
  (hop: HopName) =>
  ({ everyMs, withinMs, pollMs }: Pace) =>
    everyMs + withinMs[hop] + 3 * pollMs + timeoutMs;
/** A share of a stream's lines is lost: three of them, each overtaken by twenty younger ones of its stream. */
const lossTold = (hop: HopName) => (pace: Pace, share: number, streams: number) =>
  told(hop)(pace) +
  pace.resolveAfterMs +
  1.5 * pace.everyMs * (Math.ceil(20 / (1 - share)) + 12 + Math.ceil(12 / share / streams));
/** Three odd ones among what arrives: that many are there with near certainty. */
const oddTold = (hop: HopName) => (pace: Pace, share: number, streams: number) =>
  told(hop)(pace) + pace.everyMs * Math.ceil(15 / share / streams);
const unreadTold = ({ pollMs }: Pace) => 5 * pollMs + 2 * timeoutMs;
/**
 * Five canaries must be late, and they are seen to be when they arrive: up to twice the deadline after. Until then nothing
 * arrives, which is told as a stop; that must be over first.
 */
const slowTold =
  (hop: HopName) =>
  ({ everyMs, withinMs, pollMs, resolveAfterMs }: Pace) =>
    6 * everyMs + 3 * withinMs[hop] + 6 * pollMs + resolveAfterMs;

const stall = (hop: HopName) =>
  ({
    group: 'pipeline',
    stalls: hop,
    lasts: [2 * minute, 50 * minute],
    must: `stopped@${hop}`,
    withinMs: told(hop),
    may: [`slow@${hop}`],
  }) as const satisfies Fault;
const loss = (hop: HopName) =>
  ({
    group: 'pipeline',
    drops: hop,
    lasts: [20 * minute, 90 * minute],
    share: [0.15, 0.5],
    must: `lossy@${hop}`,
    withinMs: lossTold(hop),
    may: [`stopped@${hop}`],
  }) as const satisfies Fault;
const slowness = (hop: HopName) =>
  ({
    group: 'pipeline',
    slows: hop,
    lasts: [10 * minute, 60 * minute],
    must: `slow@${hop}`,
    withinMs: slowTold(hop),
    may: [`stopped@${hop}`],
  }) as const satisfies Fault;
const unreadable = (hop: HopName, how: 'server_error' | 'partial' | 'auth') =>
  ({
    group: 'pipeline',
    looks: { hops: [hop], how },
    lasts: [2 * minute, 40 * minute],
    must: `${how === 'auth' ? 'blind' : 'unreadable'}@${hop}`,
    withinMs: unreadTold,
  }) as const satisfies Fault;

export const faults = {
  'agent-stopped': stall('stream'),
  'agent-buffer-full': {
    ...stall('stream'),
    buffer: 6,
    lasts: [10 * minute, 50 * minute],
    may: ['slow@stream', 'lossy@stream'],
  },
  'node-stopped': { ...stall('stream'), node: true, streams: 2 },
  'agent-drops': loss('stream'),
  'agent-slow': slowness('stream'),
  'agent-duplicates': {
    group: 'pipeline',
    lasts: [10 * minute, 60 * minute],
    share: [0.2, 0.8],
    must: 'duplicated@stream',
    withinMs: oddTold('stream'),
    unread: ['duplicated@stream'],
  },
  'agent-truncates': {
    group: 'pipeline',
    lasts: [10 * minute, 60 * minute],
    share: [0.2, 0.8],
    must: 'corrupted@stream',
    withinMs: oddTold('stream'),
    unread: ['corrupted@stream'],
    may: ['corrupted@index', 'corrupted@archive', 'corrupted@alert'],
  },
  'stream-down': {
    group: 'pipeline',
    stalls: 'stream',
    looks: { hops: ['stream'], how: 'server_error' },
    lasts: [2 * minute, 100 * minute],
    must: 'unreadable@stream',
    withinMs: unreadTold,
    may: ['stopped@stream', 'slow@stream'],
  },
  'stream-unreadable': unreadable('stream', 'server_error'),
  'consumer-stopped': stall('index'),
  'consumer-drops': loss('index'),
  'index-slow-refresh': slowness('index'),
  'index-down': {
    group: 'pipeline',
    stalls: 'index',
    looks: { hops: ['index'], how: 'server_error' },
    lasts: [2 * minute, 100 * minute],
    must: 'unreadable@index',
    withinMs: unreadTold,
    may: ['stopped@index', 'slow@index'],
  },
  'index-unreadable': unreadable('index', 'server_error'),
  'index-partial': unreadable('index', 'partial'),
  'archive-partial': unreadable('archive', 'partial'),
  'index-blind': unreadable('index', 'auth'),
  'archive-blind': unreadable('archive', 'auth'),
  'archive-stopped': stall('archive'),
  'archive-drops': loss('archive'),
  'alerter-stopped': stall('alert'),
  'alerter-drops': loss('alert'),
  isolated: {
    group: 'pipeline',
    looks: { hops: ['stream', 'index', 'archive'], how: 'timeout' },
    lasts: [3 * minute, 30 * minute],
    must: 'isolated@logcanary',
    withinMs: unreadTold,
  },
  'emitter-stopped': {
    group: 'pipeline',
    lasts: [4 * minute, 40 * minute],
    must: 'injection@emitter',
    withinMs: ({ everyMs }) => 3 * everyMs + 2 * timeoutMs,
  },
  'list-fails': {
    group: 'pipeline',
    lasts: [4 * minute, 30 * minute],
    must: 'injection@emitter',
    withinMs: ({ everyMs }) => 4 * everyMs + 2 * timeoutMs,
  },
  forged: {
    group: 'pipeline',
    lasts: [5 * minute, 30 * minute],
    must: 'forged@stream',
    withinMs: oddTold('stream'),
    share: [0.3, 1],
    unread: ['forged@archive', 'forged@stream'],
  },
  'node-leaves': { group: 'pipeline', lasts: [1 * minute, 4 * minute], node: true, streams: 3 },
  'clock-stepped': {
    group: 'watchdog',
    absolute: true,
    lasts: [2 * minute, 30 * minute],
    share: [-1, 1],
    must: 'clock@logcanary',
    withinMs: ({ pollMs }) => pollMs,
  },
  suspended: { group: 'watchdog', lasts: [5_000, 6 * minute] },
  crash: { group: 'watchdog', lasts: [1_000, 6 * minute] },
  'crash-before-commit': { group: 'watchdog', lasts: [1_000, 90_000] },
  'crash-after-commit': { group: 'watchdog', lasts: [1_000, 90_000] },
  'crash-after-effect': { group: 'watchdog', lasts: [1_000, 90_000] },
  'commit-refused': { group: 'watchdog', lasts: [1_000, 3 * minute] },
  'commit-ambiguous': { group: 'watchdog', lasts: [1_000, 30_000] },
  'commit-slow': { group: 'watchdog', lasts: [5 * minute, 60 * minute] },
  'receipts-lost': { group: 'watchdog', lasts: [1_000, 40_000], may: ['injection@emitter'] },
  'zombie-looks': { group: 'watchdog', lasts: [2 * minute, 20 * minute] },
  'pager-down': { group: 'channel', lasts: [2 * minute, 40 * minute] },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultKind = keyof typeof faults;

/** The same, as one type for all. */
export function faultOf(kind: FaultKind): Fault {
  return faults[kind];
}
