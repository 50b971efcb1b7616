/**
 * How to ask for a token in each configured field, which depends on how the field is indexed. In a text field the token
 * is one term wherever it stands. In a keyword field the whole value is the term, so only lines that begin with our
 * opening can be found. What we cannot be sure of is a doubt: such a plan delivers, but its looks are partial.
 */
import { z } from 'zod';
import { type Clock, type EpochMs, ProbeError } from '../../src/probe.ts';
import type { Elastic } from './elastic-client.ts';
import { type Capability, type FieldPlan, judgeAll } from './field-doubt.ts';
import { ancestorsOf, askMetadata, howOf, leastOf, type Metadata, refusesWords } from './index-metadata.ts';
import { nothingMatches, type Searcher } from './search.ts';

export interface Plan {
  readonly fields: readonly FieldPlan[];
  /** What to fetch of a document: the fields, and the parents of multi-fields, which alone are in the source. */
  readonly source: string[];
  /** Why an absence would prove nothing. */
  readonly doubt?: ProbeError;
  /** Absences prove nothing for canaries emitted before: they may be in an index that was shut since. */
  readonly since?: EpochMs;
  /** The least `index.max_result_window` and `index.max_terms_count`: searches that ask for more are refused. */
  readonly maxHits?: number;
  readonly maxTerms?: number;
}

export interface Planner {
  /** @throws ProbeError when no field can be searched. */
  plan(signal: AbortSignal): Promise<Plan>;
  /** Whether the plan was made for the indices that were just searched. If not, forgets it. */
  fits(): boolean;
  /** Asks anew at the next look. */
  forget(): void;
}

/** Mappings change at rollover, which `fits` notices, and at times without one: so often is asked again anyhow. */
const KEEP_PLAN_MS = 10 * 60_000;
/** While in doubt, sooner: the first canary that arrives may end it. */
const KEEP_DOUBT_MS = 30_000;

const fieldCapsAnswer = z.object({
  // Elasticsearch 6 does not list them.
  indices: z.union([z.string(), z.array(z.string())]).optional(),
  fields: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({ searchable: z.boolean(), indices: z.union([z.string(), z.array(z.string())]).optional() }),
    ),
  ),
});

export interface PlannerOptions {
  readonly elastic: Elastic;
  readonly searcher: Searcher;
  readonly fields: readonly string[];
  readonly clock: Clock;
}

export function createPlanner(options: PlannerOptions): Planner {
  const { clock, searcher } = options;
  const shut = createShutBook(clock.now());
  let known: { plan: Plan; until: number; shards: number | undefined } | undefined;
  return {
    async plan(signal) {
      const now = clock.monotonicMs();
      if (known !== undefined && now < known.until) return known.plan;
      const { metadata, ...learnt } = await learn(options, signal);
      const since = metadata === undefined ? undefined : shut.since(metadata.shut, clock.now());
      const plan: Plan = { ...learnt, ...(since === undefined ? {} : { since }) };
      known = { plan, until: now + (plan.doubt === undefined ? KEEP_PLAN_MS : KEEP_DOUBT_MS), shards: undefined };
      return plan;
    },
    fits() {
      const shards = searcher.shards();
      if (known === undefined || shards === undefined) return known !== undefined;
      known.shards ??= shards;
      if (known.shards === shards) return true;
      known = undefined;
      return false;
    },
    forget() {
      known = undefined;
    },
  };
}

/**
 * Since when no canary can have gone into an index that searches pass over. One that was shut while we watched may hold
 * canaries emitted until we noticed; one that was shut before may hold those emitted before we were opened.
 */
function createShutBook(openedAt: EpochMs) {
  let noticed: Map<string, EpochMs> | undefined;
  return {
    since(names: readonly string[], now: EpochMs): EpochMs | undefined {
      const before = noticed;
      noticed = new Map(names.map((name) => [name, before === undefined ? openedAt : (before.get(name) ?? now)]));
      return noticed.size === 0 ? undefined : Math.max(...noticed.values());
    },
  };
}

async function learn(
  options: PlannerOptions,
  signal: AbortSignal,
): Promise<Plan & { readonly metadata: Metadata | undefined }> {
  const capabilities = await askCapabilities(options, signal);
  const wanted = capabilities.filter(({ field }) => options.fields.includes(field));
  const names = options.fields.map((field) => `"${field}"`).join(', ');
  if (wanted.length === 0) throw unusable(`No index of "${options.searcher.index}" has a field ${names}.`, 'not_found');
  if (wanted.every(({ type }) => howOf(type) === undefined))
    throw unusable(
      `In "${options.searcher.index}" ${names} is of type ${wanted[0]?.type}, which holds no log line.`,
      'unsupported',
    );
  const mixed = wanted.find(({ type }) => refusesWords(type));
  if (mixed !== undefined)
    throw unusable(
      `In "${mixed.index}" field "${mixed.field}" is of type ${mixed.type}, which fails searches for a line. Leave it out of index.`,
      'unsupported',
    );
  const metadata = await askMetadata(options.elastic, options.searcher.index, options.fields, signal);
  const { fields, doubt } = await judgeAll({ ...options, metadata, signal, proofs: new Map() }, wanted);
  const source = new Set(capabilities.filter(({ type }) => howOf(type) !== undefined).map(({ field }) => field));
  const maxHits = leastOf(metadata, ({ settings }) => settings.max_result_window);
  const maxTerms = leastOf(metadata, ({ settings }) => settings.max_terms_count);
  return {
    ...{ fields, source: [...source], metadata },
    ...(doubt === undefined ? {} : { doubt: new ProbeError(doubt, { reason: 'unsupported' }) }),
    ...(maxHits === undefined ? {} : { maxHits }),
    ...(maxTerms === undefined ? {} : { maxTerms }),
  };
}

function unusable(what: string, reason: 'not_found' | 'unsupported'): ProbeError {
  return new ProbeError(`${what} Set fields to the one that holds the log line.`, { reason });
}

async function askCapabilities(
  { elastic, searcher, fields }: PlannerOptions,
  signal: AbortSignal,
): Promise<Capability[]> {
  const { index } = searcher;
  const parents = fields.flatMap((field) => ancestorsOf(field).slice(-1));
  const errand = {
    ...{ what: `read the fields of "${index}"`, grant: 'read and view_index_metadata on the index' },
    check: `that "${index}" exists, or set index`,
  };
  const answer = await elastic.ask(errand, fieldCapsAnswer, signal, (client, options) =>
    // In the query string: OpenSearch does not take `fields` in the body.
    client.fieldCaps(
      { index },
      { ...options, querystring: { fields: [...new Set([...fields, ...parents])].join(',') } },
    ),
  );
  const all = answer.indices === undefined ? [] : [answer.indices].flat();
  if (answer.indices !== undefined && all.length === 0) throw nothingMatches(index);
  return Object.entries(answer.fields).flatMap(([field, types]) =>
    Object.entries(types).map(([type, { searchable, indices }]) => {
      const newest = [indices ?? all].flat().toSorted().at(-1) ?? index;
      return { field, type, searchable, index: newest };
    }),
  );
}
