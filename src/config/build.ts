import { resolve } from 'node:path';
import type { CheckSpec, Config, HopSpec, InjectSpec, NotifierSpec, PipelineSpec } from '../core/pipeline.ts';
import type { AnyNotifier } from '../notify/definition.ts';
import { activeHours, showDays, showHours } from './active-hours.ts';
import { buildDrill } from './drill-frame.ts';
import { buildPeers } from './peer-frame.ts';
import type { Place } from './pipeline-schema.ts';
import { frameKeys, type ParsedFile, type ParsedPipeline } from './schema.ts';

/** Looks are at most this far apart unless the file says otherwise, ms. */
const defaultPollMs = 30_000;
const shortestDefaultTimeoutMs = 10_000;
const longestDefaultTimeoutMs = 30_000;
/** Long enough for a hiccup of a channel and a few tries, short enough for the night, ms. */
const defaultFallbackAfterMs = 120_000;

/** As for `active.warm_up`: a cluster's nodes are there within minutes, and its agents soon after, ms. */
const defaultWarmUpMs = 15 * 60_000;

interface Source {
  readonly file: string;
  readonly hash: string;
  /** Relative paths start here. */
  readonly folder: string;
  readonly notifiers: readonly AnyNotifier[];
}

/** The configuration as the engine wants it, from a file without faults. */
export function buildConfig(parsed: ParsedFile, source: Source): Config {
  return {
    file: source.file,
    hash: source.hash,
    listen: parsed.listen,
    ledger: resolve(source.folder, parsed.ledger),
    deployment: parsed.deployment,
    keys: parsed.keys,
    pipelines: parsed.pipelines.map(buildPipeline),
    notify: parsed.notify.map((item) => buildNotifier(item, source.notifiers)),
    ...(parsed.links === undefined ? {} : { links: defined(parsed.links) }),
    ...(parsed.drill === undefined ? {} : { drill: buildDrill(parsed.drill) }),
    heartbeats: parsed.heartbeats.map(({ url, every, form }) => ({ url, everyMs: every, ...(form && { form }) })),
    expectedPings: parsed.expected_pings.map(({ name, every, grace }) => ({ name, everyMs: every, graceMs: grace })),
    ...(parsed.peers.length === 0 ? {} : { peers: buildPeers(parsed.peers, parsed.http.secret) }),
    http: parsed.http.secret === undefined ? {} : { secret: parsed.http.secret },
  };
}

function buildPipeline(parsed: ParsedPipeline): PipelineSpec {
  const hopNames = parsed.hops.map((hop) => hop.name);
  return {
    name: parsed.name,
    inject: withNames(parsed.inject, 'inject', []).map(buildInject),
    hops: parentsFirst(parsed.hops.map(buildHop)),
    checks: withNames(parsed.checks, 'checks', hopNames).map(buildCheck),
    lostAfterMs: parsed.lost_after,
    loss: { budget: parsed.loss.budget.take / parsed.loss.budget.of, windowMs: parsed.loss.window },
    pageAfterMs: parsed.page_after,
    resolveAfterMs: parsed.resolve_after,
    stoppedEveryMs: parsed.stopped_every,
    ...restOf(parsed),
    keepCanariesMs: parsed.keep_canaries,
    keepRollupsMs: parsed.keep_rollups,
  };
}

function restOf({ active, off_when: offWhen }: ParsedPipeline): Pick<PipelineSpec, 'rest'> {
  const withoutNodes = offWhen === 'no-nodes';
  if (active === undefined) return withoutNodes ? { rest: { withoutNodes, warmUpMs: defaultWarmUpMs } } : {};
  const { days, hours, timezone = new Intl.DateTimeFormat().resolvedOptions().timeZone, warm_up: warmUpMs } = active;
  const text = `${showDays(days)} ${showHours(hours)} ${timezone}`;
  return { rest: { active: { hours: activeHours(days, hours, timezone), text }, withoutNodes, warmUpMs } };
}

interface Named<Item> {
  readonly item: Item;
  readonly name: string;
  readonly kind: string;
}

/** Gives each item its own name, or its kind, or kind-2, kind-3... whatever no other item is called. */
function withNames<Item extends Record<string, unknown> & { name?: string | undefined }>(
  items: readonly Item[],
  place: Place,
  taken: readonly string[],
): Named<Item>[] {
  const used = new Set([...taken, ...items.flatMap((item) => item.name ?? [])]);
  return items.map((item) => {
    const kind = kindOf(item, place);
    let name = item.name ?? kind;
    for (let count = 2; item.name === undefined && used.has(name); count++) name = `${kind}-${count}`;
    used.add(name);
    return { item, name, kind };
  });
}

/** @throws Error when there is none, which the kind check has excluded */
function kindOf(item: Record<string, unknown>, place: Place): string {
  const kind = Object.keys(item).find((key) => item[key] !== undefined && !frameKeys[place].includes(key));
  if (kind === undefined) throw new Error(`An item of ${place} has no kind although the kind check passed.`);
  return kind;
}

function buildInject({ item, name, kind }: Named<ParsedPipeline['inject'][number]>): InjectSpec {
  return {
    name,
    kind,
    options: item[kind],
    ...(item.enters === undefined ? {} : { enters: item.enters }),
    everyMs: item.every,
    maxPerSecond: item.max_rate,
    shapes: item.shapes,
  };
}

function buildHop(item: ParsedPipeline['hops'][number]): HopSpec {
  const kind = kindOf(item, 'hops');
  const pollMs = item.poll ?? Math.min(Math.floor(item.within / 4), defaultPollMs);
  return {
    name: item.name,
    ...(item.after === undefined ? {} : { after: item.after }),
    kind,
    options: item[kind],
    withinMs: item.within,
    pollMs,
    timeoutMs: item.timeout ?? Math.min(Math.max(pollMs, shortestDefaultTimeoutMs), longestDefaultTimeoutMs),
    sample: item.sample,
    ...(item.retention === undefined ? {} : { retentionMs: item.retention }),
    ...(item.exclusive === true ? { exclusive: true } : {}),
  };
}

function buildCheck({ item, name, kind }: Named<ParsedPipeline['checks'][number]>): CheckSpec {
  return { name, kind, options: item[kind], everyMs: item.every };
}

function buildNotifier(item: ParsedFile['notify'][number], notifiers: readonly AnyNotifier[]): NotifierSpec {
  const kind = kindOf(item, 'notify');
  const definition = notifiers.find((each) => each.kind === kind);
  const { fallback, only } = item;
  return {
    name: item.name ?? kind,
    kind,
    options: item[kind],
    minSeverity: item.min_severity ?? item.only?.min_severity ?? definition?.defaultMinSeverity ?? 'critical',
    ...(fallback === undefined
      ? {}
      : { fallback: { to: fallback, afterMs: item.fallback_after ?? defaultFallbackAfterMs } }),
    ...defined({
      only: only && defined({ pipelines: only.pipelines, kinds: only.kinds }),
      standby: item.standby,
      escalateAfterMs: item.escalate_after,
      renewEveryMs: definition?.renewEveryMs,
      deduplicates: definition?.deduplicates,
      takesNotes: definition?.takesNotes,
      locale: item.locale,
      timezone: item.timezone,
    }),
  };
}

/** Without the keys that are not given. */
function defined<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** Keeps the order of the file except that a parent comes before its children. Needs a tree. */
function parentsFirst(hops: readonly HopSpec[]): HopSpec[] {
  const sorted: HopSpec[] = [];
  const place = (hop: HopSpec) => {
    if (sorted.includes(hop)) return;
    const parent = hops.find((other) => other.name === hop.after);
    if (parent) place(parent);
    sorted.push(hop);
  };
  for (const hop of hops) place(hop);
  return sorted;
}
