/** Everything that can go wrong in a simulated world, and what logcanary must make of it. */
import type { IncidentKind } from '../../src/core/incident.ts';
import { type HopName, limits, minute, type Pace, timeoutMs } from './setting.ts';

/** `kind@hop` as incidents are named here. */
export type Place = `${IncidentKind}@${string}`;

/** How often streams are listed, where deadlines are as here, ms. */
const listMs = 30_000;

export interface Fault {
  /** What it happens to: of each group one at a time. */
  readonly group: 'pipeline' | 'watchdog' | 'channel' | 'cluster' | 'people';
  /** Only in such a world: lines are written at once, or are handed to emitters ahead of their times. */
  readonly world?: 'plain' | 'cluster';
  /** Shortest and longest, ms where a canary goes out every 30 s. */
  readonly lasts: readonly [number, number];
  /** Share of lines hit, where it is not all. */
  readonly share?: readonly [number, number];
  /** It concerns one node. */
  readonly node?: true;
  /** It concerns every third node: those of one zone. */
  readonly zone?: true;
  /** It comes and goes: so long, and then not for so long, ms where a canary goes out every 30 s. */
  readonly flaps?: { readonly on: number; readonly off: number };
  /** It lasts as long at any pace: what notices it does not keep pace either. */
  readonly absolute?: true;
  /** It makes sense only with so many streams. */
  readonly streams?: number;
  /** What must be told when it lasts long enough. */
  readonly must?: Place;
  /** From its begin until that must be told, ms; also how long it has to last for that. */
  readonly withinMs?: (pace: Pace, share: number, streams: number) => number;
  /** May be told that only so long after its begin, ms. */
  readonly notBefore?: readonly [Place, number];
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

/** Findings are looked for eight times in a look interval, and once a minute at least. */
const judgedEvery = ({ pollMs }: Pace) => Math.min(minute, pollMs / 8);
/** It befalls nodes, emitters, or what is between them and us, which live at no other pace. */
const inCluster = (lasts: readonly [number, number]) =>
  ({ group: 'cluster', world: 'cluster', absolute: true, lasts }) as const satisfies Fault;

export const faults = {
  'agent-stopped': stall('stream'),
  'agent-buffer-full': {
    ...stall('stream'),
    buffer: 6,
    lasts: [10 * minute, 50 * minute],
    may: ['slow@stream', 'lossy@stream'],
  },
  'node-stopped': { ...stall('stream'), node: true, streams: 2 },
  'zone-stopped': { ...stall('stream'), node: true, zone: true, world: 'plain', streams: 12 },
  'agent-flaps': {
    ...stall('stream'),
    flaps: { on: 5 * minute, off: 6.5 * minute },
    lasts: [60 * minute, 110 * minute],
    unread: ['stopped@index'],
  },
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
    world: 'plain',
    lasts: [4 * minute, 40 * minute],
    must: 'injection@emitter',
    withinMs: ({ everyMs }) => 3 * everyMs + 2 * timeoutMs,
  },
  'list-fails': {
    group: 'pipeline',
    world: 'plain',
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
  'receipts-lost': { group: 'watchdog', world: 'plain', lasts: [1_000, 40_000], may: ['injection@emitter'] },
  'zombie-looks': { group: 'watchdog', lasts: [2 * minute, 20 * minute] },
  'control-plane-away': {
    ...inCluster([2 * minute, 60 * minute]),
    must: 'blind@emitter',
    // Three lists in a row that fail.
    withinMs: (pace) => 3 * (listMs + timeoutMs) + timeoutMs + judgedEvery(pace),
    may: ['injection@emitter'],
    // Until then all has been handed over, and goes out.
    notBefore: ['injection@emitter', limits.horizonMs - 2 * limits.refillMs - 3 * minute],
  },
  'calls-go-wrong': { ...inCluster([5 * minute, 40 * minute]), share: [0.1, 0.8], may: ['injection@emitter'] },
  'emitter-restarts': {
    ...inCluster([1_000, 2 * minute]),
    node: true,
    may: ['injection@emitter', 'uncovered@emitter'],
  },
  'emitter-stuck': {
    ...inCluster([5_000, 20 * minute]),
    node: true,
    must: 'injection@emitter',
    withinMs: (pace) => limits.refillMs + 2 * minute + 2 * pace.everyMs + judgedEvery(pace),
  },
  'pod-replaced': { ...inCluster([1_000, 2 * minute]), node: true, may: ['injection@emitter', 'uncovered@emitter'] },
  'pod-unreachable': {
    // Some last until the emitter has forgotten what it was brought before.
    ...inCluster([minute, 200 * minute]),
    node: true,
    must: 'injection@emitter',
    // It is noticed by the next refill, and may be a pod that is being replaced.
    withinMs: (pace) => limits.refillMs + 7 * minute + judgedEvery(pace),
  },
  'node-joins': inCluster([10 * minute, 90 * minute]),
  // Where it is the last node, there is no place left to write to.
  'node-vanishes': { ...inCluster([minute, 6 * minute]), node: true, streams: 2, may: ['uncovered@emitter'] },
  'node-not-ready': { ...inCluster([minute, 20 * minute]), node: true, may: ['uncovered@emitter'] },
  'node-reboots': {
    ...inCluster([30_000, 4 * minute]),
    node: true,
    may: ['injection@emitter', 'uncovered@emitter'],
  },
  'spot-wave': { ...inCluster([minute, 4 * minute]), node: true, streams: 3, may: ['uncovered@emitter'] },
  'pager-down': { group: 'channel', lasts: [2 * minute, 40 * minute] },
  maintenance: { group: 'people', lasts: [10 * minute, 120 * minute] },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultKind = keyof typeof faults;

/** The same, as one type for all. */
export function faultOf(kind: FaultKind): Fault {
  return faults[kind];
}
