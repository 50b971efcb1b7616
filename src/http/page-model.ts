import { lookText } from '../core/first-look.ts';
import type { IncidentFacts } from '../core/incident.ts';
import type { HopState, HopView, PipelineView, ReadingView, StatusView } from '../core/status.ts';
import { accounted, verdicts } from '../core/verdict-name.ts';
import { describeIncident } from './incident-words.ts';
import { heartbeatPlace } from './json.ts';
import { type Moment, momentOf } from './moment.ts';
import { drillModel } from './page-drill.ts';
import { type Headline, headlineOf, openIncidents } from './page-headline.ts';
import { peerModels } from './page-peers.ts';
import { asideOf, quietModel } from './page-quiet.ts';
import { type Strip, stripsOf } from './page-strip.ts';
import { countText, durationText, figureText, shareText } from './quantity.ts';

/** Figures of agents on the page; the API and the metrics have all. */
const agentLimit = 20;

/** Everything the page shows, as text: the template only places it. Pure: the same view gives the same page. */
export function pageModel(view: StatusView) {
  const headline = headlineOf(view);
  return {
    title: titleOf(view, headline),
    tone: headline.tone,
    deployment: view.deployment,
    at: momentOf(view.at, view.at),
    headline,
    pipelines: view.pipelines.map((pipeline) => pipelineModel(pipeline, view)),
    open: openIncidents(view).map((facts) => incidentModel(facts, view)),
    resolved: view.incidents.filter((one) => one.state === 'resolved').map((facts) => incidentModel(facts, view)),
    quiet: quietModel(view),
    own: ownHealth(view),
  };
}

export type PageModel = ReturnType<typeof pageModel>;

/** A hop in the tree, with those behind it. */
export interface HopNode {
  readonly name: string;
  readonly kind: string;
  readonly state: HopState;
  readonly newest: Moment | undefined;
  readonly p95: string;
  readonly within: string;
  readonly oldestMissing: string;
  /** Set when something is missing for longer than the deadline. */
  readonly tooOld: boolean;
  readonly look: { readonly at: Moment; readonly coverage: string; readonly why: string } | undefined;
  /** Of what had arrived, how much was still there when it was asked for again. */
  readonly again:
    | { readonly at: Moment; readonly found: string; readonly bad: boolean; readonly why: string }
    | undefined;
  readonly children: readonly HopNode[];
}

/** A look without a complete answer says why; the state word alone would not. */
function titleOf(view: StatusView, { word, tone }: Headline): string {
  const mark = {
    flowing: '✓',
    slow: '!',
    lossy: '✗',
    stopped: '✗',
    unreadable: '?',
    blind: '?',
    unproven: '…',
    unknown: '…',
    off: '–',
  }[tone];
  return `${mark} ${word} · ${view.deployment} · logcanary`;
}

function pipelineModel(pipeline: PipelineView, view: StatusView) {
  const minted = pipeline.withheld + pipeline.unconfirmed + pipeline.injected;
  return {
    name: pipeline.name,
    injected: countText(pipeline.injected),
    streamsTotal: countText(pipeline.streamsTotal),
    tree: hopNodes(pipeline.hops, undefined, view),
    strips: stripsOf(pipeline) satisfies Strip[],
    runways: runwaysOf(pipeline).map((reading) => runway(reading, view)),
    minted: {
      total: countText(minted),
      terms: (['withheld', 'unconfirmed', 'injected'] as const).map((name) => ({
        name,
        count: countText(pipeline[name]),
      })),
    },
    identities: pipeline.hops.map(identity),
  };
}

function hopNodes(hops: readonly HopView[], parent: string | undefined, view: StatusView): HopNode[] {
  return hops
    .filter((hop) => hop.after === parent)
    .map((hop) => ({
      name: hop.name,
      kind: hop.kind,
      state: hop.state,
      newest: hop.newestSeen === undefined ? undefined : momentOf(hop.newestSeen, view.at),
      p95: hop.p95Ms === undefined ? 'not known' : durationText(hop.p95Ms),
      within: durationText(hop.withinMs),
      oldestMissing: hop.oldestMissingMs === 0 ? 'none' : durationText(hop.oldestMissingMs),
      tooOld: hop.oldestMissingMs > hop.withinMs,
      look:
        hop.lastLook === undefined
          ? undefined
          : {
              at: momentOf(hop.lastLook.at, view.at),
              coverage: hop.lastLook.coverage,
              why: hop.lastLook.why ?? '',
            },
      again: hop.lastRecheck && againOf(hop.lastRecheck, view),
      children: hopNodes(hops, hop.name, view),
    }));
}

function againOf({ at, asked, missing, why }: NonNullable<HopView['lastRecheck']>, view: StatusView) {
  const found =
    why === undefined ? `${countText(asked - missing)} of ${countText(asked)} still there` : 'could not be told';
  return { at: momentOf(at, view.at), found, bad: missing > 0, why: why ?? '' };
}

/** Soonest to be full first; of the many agents only the fullest. */
function runwaysOf({ readings }: PipelineView): ReadingView[] {
  const fullest = readings.filter(({ agent }) => agent).toSorted((a, b) => b.value / b.limit - a.value / a.limit);
  const shown = [...readings.filter(({ agent }) => !agent), ...fullest.slice(0, agentLimit)];
  return shown.toSorted((a, b) => runwayMs(a) - runwayMs(b));
}

function runwayMs(reading: ReadingView): number {
  return reading.full?.ms ?? Number.MAX_VALUE;
}

function runway(reading: ReadingView, view: StatusView) {
  const { unit, value, limit, full } = reading;
  const used = limit > 0 ? Math.min(1, Math.max(0, value / limit)) : 1;
  return {
    what: reading.measure,
    check: reading.check,
    subject: reading.subject ?? '',
    used: Math.round(used * 100),
    tone: used >= 0.95 ? 'stopped' : used >= 0.8 ? 'slow' : 'flowing',
    figure: `${figureText(value, unit)} of ${figureText(limit, unit)}`,
    share: shareText(limit > 0 ? value / limit : 1),
    limitName: reading.limitName,
    at: momentOf(reading.at, view.at),
    forecast:
      full === undefined
        ? undefined
        : {
            left: durationText(full.ms),
            range:
              full.hiMs === undefined
                ? `at least ${durationText(full.loMs)}`
                : `${durationText(full.loMs)} to ${durationText(full.hiMs)}`,
            at: momentOf(view.at + full.ms, view.at),
          },
  };
}

/** `expected = pending + delivered + …`, written out; and whether it is true. */
function identity(hop: HopView) {
  const sum = accounted.reduce((total, verdict) => total + hop.canaries[verdict], 0);
  const settled = hop.canaries.delivered + hop.canaries.delayed + hop.canaries.lost;
  return {
    hop: hop.name,
    expected: countText(hop.expected),
    terms: accounted.map((verdict) => ({
      verdict,
      count: countText(hop.canaries[verdict]),
      zero: hop.canaries[verdict] === 0,
    })),
    exact: sum === hop.expected,
    sum: countText(sum),
    bound:
      settled === 0 || hop.canaries.lost > 0
        ? ''
        : // 0 of n: the true share is below 1 - 0.05^(1/n) with 95 % confidence (Clopper-Pearson, one-sided).
          `0 of ${countText(settled)} settled canaries lost: below ${shareText(1 - 0.05 ** (1 / settled))} at 95\u202f%`,
  };
}

function incidentModel(facts: IncidentFacts, view: StatusView) {
  const counts = verdicts.filter((verdict) => (facts.counts[verdict] ?? 0) > 0);
  return {
    id: facts.id,
    pipeline: facts.pipeline,
    title: describeIncident(facts),
    severity: facts.severity,
    since: momentOf(facts.since, view.at),
    opened: momentOf(facts.openedAt, view.at),
    resolved: facts.resolvedAt === undefined ? undefined : momentOf(facts.resolvedAt, view.at),
    lasted: durationText((facts.resolvedAt ?? view.at) - facts.since),
    detail: facts.detail,
    streams: facts.streams.names.join(', '),
    counts: counts.map((verdict) => `${countText(facts.counts[verdict] ?? 0)} ${verdict}`).join(', '),
    lossDecided: facts.lossDecidedAt === undefined ? undefined : momentOf(facts.lossDecidedAt, view.at),
    looks: facts.looks.asked === 0 ? '' : `${facts.looks.complete} of the last ${facts.looks.asked} looks complete`,
    behind: facts.behind.join(', '),
    changed: (facts.changed ?? []).map(({ at, what }) => ({ at: momentOf(at, view.at), what })),
    firstLook: lookModels(facts),
    ...asideOf(facts, view),
  };
}

/** A command, to be copied, and what to see in it. */
function lookModels({ advice, firstLook }: IncidentFacts): { run: string; see: string }[] {
  if (advice === undefined) return firstLook.map((see) => ({ run: '', see }));
  return advice.map(({ run, see, values }) => ({
    run: run === undefined ? '' : lookText({ run, ...(values && { values }) }),
    see: see === undefined ? '' : lookText({ see, ...(values && { values }) }),
  }));
}

function ownHealth(view: StatusView) {
  return {
    ok: view.health.ok,
    problems: view.health.problems,
    started: momentOf(view.startedAt, view.at),
    loops: Object.entries(view.loops).map(([name, at]) => ({
      name,
      at: momentOf(at, view.at),
      ago: durationText(Math.max(0, view.at - at)),
    })),
    notifications: view.notifications.map((one) => ({
      name: one.notifier,
      sent: countText(one.sent),
      failed: countText(one.failed),
      waiting: countText(one.waiting),
    })),
    drills: drillModel(view),
    peers: peerModels(view),
    heartbeats: view.heartbeats.map((one) => ({
      name: heartbeatPlace(one.url),
      at: one.sentAt === undefined ? undefined : momentOf(one.sentAt, view.at),
    })),
    pings: view.pings.map((one) => ({
      name: one.name,
      state: one.state === 'unproven' ? 'never heard' : one.state,
      at: one.at === undefined ? undefined : momentOf(one.at, view.at),
    })),
  };
}
