import type { Config, DrillSpec, HopSpec, NotifierSpec, PipelineSpec } from '../core/pipeline.ts';
import { formatDuration } from '../lib/duration.ts';
import type { AnyProbe } from '../probe.ts';
import { type Detectable, detectable } from './detectable.ts';

/** What was understood of a configuration and what it can detect, as text. Holds no secret. */
export function describeConfig(config: Config, probes: readonly AnyProbe[]): string {
  const lines = [
    `${config.file}: no faults`,
    `deployment ${config.deployment}, served on ${config.listen.host}:${config.listen.port}, ledger ${config.ledger}`,
    `keys: ${config.keys.map((key) => key.id).join(', ') || 'one is generated beside the ledger'}`,
    ...config.pipelines.flatMap((pipeline) => describePipeline(pipeline, probes)),
    '',
    `told: ${config.notify.map((each) => `${each.name} (${whenTold(each)})`).join(', ') || 'nobody; add notify'}`,
    `drills: ${config.drill === undefined ? 'only when asked for; add drill' : describeDrill(config.drill)}`,
    `heartbeats sent: ${config.heartbeats.map((each) => `every ${formatDuration(each.everyMs)}`).join(', ') || 'none'}`,
    `pings expected: ${config.expectedPings.map(({ name, everyMs, graceMs }) => `${name} every ${formatDuration(everyMs)}, grace ${formatDuration(graceMs)}`).join('; ') || 'none'}`,
    ...describePeers(config.peers),
  ];
  return `${lines.join('\n')}\n`;
}

function describeDrill({ text, notifiers, timeoutMs, holdMs }: DrillSpec): string {
  const hold = holdMs === 0 ? '' : `, held open for ${formatDuration(holdMs)}`;
  return `at ${text}, through ${notifiers?.join(', ') ?? 'all of these'}, ${formatDuration(timeoutMs)} at most${hold}`;
}

function describePeers(peers: Config['peers']): string[] {
  if (peers === undefined) return [];
  const said = peers.map(
    ({ name, url, secret }) =>
      `${name} at ${new URL(url).host}${secret === undefined ? ' (not signed: no http.secret)' : ''}`,
  );
  return [`peers: ${said.join(', ')}`];
}

function whenTold({ kind, minSeverity, only, standby, fallback, escalateAfterMs }: NotifierSpec): string {
  const filters = [only?.pipelines && `of ${only.pipelines.join(', ')}`, only?.kinds?.join(', ')];
  const when = [
    standby ? 'only where another fails' : `${minSeverity} and above`,
    ...(standby ? [] : filters),
    escalateAfterMs !== undefined && `once it is critical for ${formatDuration(escalateAfterMs)}`,
    fallback && `else ${fallback.to} after ${formatDuration(fallback.afterMs)}`,
  ];
  return [kind, ...when.filter((part) => typeof part === 'string')].join('; ');
}

function describePipeline(pipeline: PipelineSpec, probes: readonly AnyProbe[]): string[] {
  return [
    '',
    `pipeline ${pipeline.name}`,
    ...pipeline.inject.map((spec) => {
      const enters = spec.enters === undefined ? '' : `, enters ${spec.enters}`;
      return `  > ${titleOf(spec)} every ${formatDuration(spec.everyMs)}, ${spec.shapes.join(' ')}${enters}${placeOf('inject', spec, probes)}`;
    }),
    ...tree(pipeline.hops, undefined, '  ', probes),
    ...pipeline.checks.map(
      (spec) => `  ? ${titleOf(spec)} every ${formatDuration(spec.everyMs)}${placeOf('check', spec, probes)}`,
    ),
    ...describeRest(pipeline.rest),
    `  lost after ${formatDuration(pipeline.lostAfterMs)}, pages after ${formatDuration(pipeline.pageAfterMs)}, resolves after ${formatDuration(pipeline.resolveAfterMs)}`,
    '  detectable, counting each injector as one stream (more streams show losses sooner):',
    ...detectable(pipeline).flatMap((each) => describeDetectable(each, pipeline)),
  ];
}

function describeRest(rest: PipelineSpec['rest']): string[] {
  if (rest === undefined) return [];
  const when = [rest.active && `outside ${rest.active.text}`, rest.withoutNodes && 'while there is no node'];
  return [`  off ${when.filter(Boolean).join(', and ')}; then ${formatDuration(rest.warmUpMs)} to warm up`];
}

interface Spec {
  readonly name: string;
  readonly kind: string;
  readonly options: unknown;
}

function titleOf({ name, kind }: Spec): string {
  return name === kind ? kind : `${name} (${kind})`;
}

function placeOf(role: 'inject' | 'observe' | 'check', spec: Spec, probes: readonly AnyProbe[]): string {
  const target = probes.find((probe) => probe.kind === spec.kind)?.[role]?.target(spec.options);
  return target === undefined || target === '' ? '' : `, at ${target}`;
}

function tree(
  hops: readonly HopSpec[],
  after: string | undefined,
  indent: string,
  probes: readonly AnyProbe[],
): string[] {
  const children = hops.filter((hop) => hop.after === after);
  return children.flatMap((hop, index) => {
    const last = index === children.length - 1;
    const sample = hop.sample.take === hop.sample.of ? '' : `, sample ${hop.sample.take}/${hop.sample.of}`;
    const times = `within ${formatDuration(hop.withinMs)}, poll ${formatDuration(hop.pollMs)}`;
    const line = `${indent}${last ? '└─' : '├─'} ${titleOf(hop)} ${times}${sample}${placeOf('observe', hop, probes)}`;
    return [line, ...tree(hops, hop.name, `${indent}${last ? '   ' : '│  '}`, probes)];
  });
}

function describeDetectable(each: Detectable, pipeline: PipelineSpec): string[] {
  const streams = `${each.streams} ${each.streams === 1 ? 'stream' : 'streams'} every ${periods(each.everyMs)}`;
  const budget = percent(pipeline.loss.budget);
  const window = formatDuration(pipeline.loss.windowMs);
  const shows = each.windowShows === undefined ? 'too few to alert on' : `alert from ${percent(each.windowShows)} lost`;
  return [
    `    ${each.hop}: a stop shows within ${rounded(each.stoppedMs)}`,
    `      ${streams}: ${budget} loss takes ${rounded(each.budgetShowsMs)} to show (95 %), ${toldAfter(each.budgetToldMs)}`,
    `      ${percent(10 * pipeline.loss.budget)} loss ${toldAfter(each.tenfoldToldMs)}`,
    `      ${each.perWindow} canaries in ${window}: ${shows} (95 %)`,
  ];
}

function toldAfter(ms: number | undefined): string {
  return ms === undefined ? 'is too rare to be told' : `is told after ${rounded(ms)} on average`;
}

function periods({ shortest, longest }: Detectable['everyMs']): string {
  return shortest === longest ? rounded(shortest) : `${rounded(shortest)} to ${rounded(longest)}`;
}

/** Two units are enough to read: 8h 19m 10s 5ms is said as 8h19m. */
function rounded(ms: number): string {
  const step = ms >= 86_400_000 ? 3_600_000 : ms >= 3_600_000 ? 60_000 : ms >= 60_000 ? 1_000 : 100;
  return formatDuration(Math.ceil(ms / step) * step);
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))}%`;
}

/** What is allowed but will not work as it stands; for stderr. */
export function noticesOf(config: Config): string[] {
  const hooks = config.pipelines.flatMap((pipeline) => pipeline.hops.filter((hop) => hop.kind === 'webhook'));
  const names = [...hooks.map((hop) => hop.name), ...config.expectedPings.map((ping) => ping.name)];
  if (names.length === 0 || config.http.secret !== undefined) return [];
  return [`nobody can post to the hooks of ${names.join(', ')}, since there is no secret. Set http: { secret: … }.`];
}
