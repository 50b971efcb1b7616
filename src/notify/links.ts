import type { IncidentFacts } from '../core/incident.ts';
import type { EpochMs } from '../lib/clock.ts';
import { webPage } from './address.ts';
import { isoUtc } from './moments.ts';
import { short } from './plain-text.ts';
import type { Voice } from './voice.ts';
import type { LinkKind } from './words.ts';

/** Where a page leads to; `href` is one that a browser opens. */
export interface Link {
  readonly kind: LinkKind;
  readonly label: string;
  readonly href: string;
}

/** How much before it began, and after it was told, a search shows, ms: enough to see the flow as it was. */
const aroundMs = 15 * 60_000;
/** Code points of a value. */
const valueLimit = 255;

/** Most useful first: what to do, what to search, our own page. What is not configured is left out. */
export function linksOf(facts: IncidentFacts, { words, links }: Voice, pageUrl: string | undefined): readonly Link[] {
  const page = links.page ?? pageUrl;
  const discover = typeof links.discover === 'object' ? own(links.discover, facts.hop) : links.discover;
  const found: readonly (readonly [LinkKind, string | undefined])[] = [
    ['runbook', filled(links.runbook, facts)],
    ['discover', filled(discover, facts)],
    facts.test === true || page === undefined
      ? ['page', page]
      : ['incident', `${page.replace(/#.*$/, '')}#${encode(short(facts.id, valueLimit))}`],
  ];
  return found.flatMap(([kind, address]) => {
    const href = webPage(address);
    return href === undefined ? [] : [{ kind, label: words.links[kind], href }];
  });
}

/** What a template may hold: names as the configuration and the incident have them, moments in ISO 8601. */
export const placeholders = ['deployment', 'pipeline', 'hop', 'kind', 'severity', 'stream', 'from', 'to'] as const;
type Placeholder = (typeof placeholders)[number];

/** A template's placeholders, each once. */
export function placeholdersIn(template: string): readonly string[] {
  return [...new Set([...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name))];
}

/** Values are encoded, so that a name can change nothing but its own part of the address. */
function filled(template: string | undefined, facts: IncidentFacts): string | undefined {
  const values = valuesOf(facts);
  return template?.replace(/\{([a-z]+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? encode(short(values[name as Placeholder], valueLimit)) : whole,
  );
}

function valuesOf(facts: IncidentFacts): Record<Placeholder, string> {
  const until: EpochMs = facts.resolvedAt ?? facts.openedAt;
  const { deployment, pipeline, hop, kind, severity, streams } = facts;
  const from = isoUtc(facts.since - aroundMs);
  return {
    deployment,
    pipeline,
    hop,
    kind,
    severity,
    stream: streams.names[0] ?? '',
    from,
    to: isoUtc(until + aroundMs),
  };
}

/** Quotes and brackets too: Kibana's addresses hold Rison, where they mean something. */
function encode(text: string): string {
  const percent = (point: string) => `%${point.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, percent);
}

function own(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
