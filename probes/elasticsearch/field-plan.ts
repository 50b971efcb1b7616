/**
 * How to ask for a token in each configured field, which depends on how the field is indexed. In a text field the token
 * is one term wherever it stands. In a keyword field the whole value is the term, so only lines that begin with our
 * opening can be found. What we cannot be sure of is a doubt: such a plan delivers, but its looks are partial.
 */
import { z } from 'zod';
import { type Clock, ProbeError } from '../../src/probe.ts';
import type { Elastic } from './elastic-client.ts';
import { findsOf, isLine, nothingMatches, type Searcher } from './search.ts';

export interface FieldPlan {
  readonly field: string;
  /** `term`: the token is a term of its own. `value`: the whole line is one. */
  readonly how: 'term' | 'value';
  /** Why an absence in this field would prove nothing. */
  readonly doubt?: ProbeError;
}

export interface Plan {
  readonly fields: readonly FieldPlan[];
  /** What to fetch of a document: the fields, and the parents of multi-fields, which alone are in the source. */
  readonly source: string[];
}

export interface Planner {
  /** @throws ProbeError when no field can be searched. */
  plan(signal: AbortSignal): Promise<Plan>;
  /** Asks anew at the next look. */
  forget(): void;
}

/** Mappings change at rollover, so what was learnt is asked again this often. */
const KEEP_PLAN_MS = 10 * 60_000;
/** While in doubt, sooner: the first canary that arrives may end it. */
const KEEP_DOUBT_MS = 30_000;

/** Begins every canary line, and so every value of a keyword field that holds one. */
export const OPENING = 'logcanary ';
const MAGIC = 'lcn1';
/** Of the form of a token, signed by nobody. */
const SAMPLE = `${MAGIC}${'abcdefghijklmnopqrstuvwxyz234567'.repeat(2).slice(0, 47)}0`;

/** https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/field-data-types */
const howByType: Readonly<Record<string, FieldPlan['how']>> = {
  ...{
    text: 'term',
    match_only_text: 'term',
    pattern_text: 'term',
    annotated_text: 'term',
    search_as_you_type: 'term',
  },
  ...{ keyword: 'value', wildcard: 'value' },
};

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
const analyzeAnswer = z.object({ tokens: z.array(z.object({ token: z.string() })) });

interface Capability {
  readonly field: string;
  readonly type: string;
  readonly searchable: boolean;
  /** A concrete index that has it so. */
  readonly index: string;
}

export interface PlannerOptions {
  readonly elastic: Elastic;
  readonly searcher: Searcher;
  readonly fields: readonly string[];
  readonly clock: Clock;
}

export function createPlanner(options: PlannerOptions): Planner {
  let known: { plan: Plan; until: number } | undefined;
  return {
    async plan(signal) {
      const now = options.clock.monotonicMs();
      if (known !== undefined && now < known.until) return known.plan;
      const plan = await learn(options, signal);
      const doubtful = plan.fields.some((field) => field.doubt !== undefined);
      known = { plan, until: now + (doubtful ? KEEP_DOUBT_MS : KEEP_PLAN_MS) };
      return plan;
    },
    forget() {
      known = undefined;
    },
  };
}

async function learn(options: PlannerOptions, signal: AbortSignal): Promise<Plan> {
  const capabilities = await askCapabilities(options, signal);
  const wanted = capabilities.filter(({ field }) => options.fields.includes(field));
  const names = options.fields.map((field) => `"${field}"`).join(', ');
  if (wanted.length === 0) throw unusable(`No index of "${options.searcher.index}" has a field ${names}.`, 'not_found');
  const fields: FieldPlan[] = [];
  for (const capability of wanted) {
    const how = howByType[capability.type];
    if (how !== undefined && !fields.some((each) => each.field === capability.field && each.how === how))
      fields.push(await judge(options, capability, how, signal));
  }
  if (fields.length === 0)
    throw unusable(
      `In "${options.searcher.index}" ${names} is of type ${wanted[0]?.type}, which holds no log line.`,
      'unsupported',
    );
  const source = new Set(capabilities.filter(({ type }) => howByType[type] !== undefined).map(({ field }) => field));
  return { fields, source: [...source] };
}

function unusable(what: string, reason: 'not_found' | 'unsupported'): ProbeError {
  return new ProbeError(`${what} Set fields to the one that holds the log line.`, { reason });
}

async function askCapabilities(
  { elastic, searcher, fields }: PlannerOptions,
  signal: AbortSignal,
): Promise<Capability[]> {
  const { index } = searcher;
  const parents = fields.flatMap((field) => (field.includes('.') ? [field.slice(0, field.lastIndexOf('.'))] : []));
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

async function judge(
  options: PlannerOptions,
  capability: Capability,
  how: FieldPlan['how'],
  signal: AbortSignal,
): Promise<FieldPlan> {
  const { field, index } = capability;
  const plan = (doubt?: string): FieldPlan => ({
    ...{ field, how },
    ...(doubt === undefined ? {} : { doubt: new ProbeError(doubt, { reason: 'unsupported' }) }),
  });
  if (!capability.searchable)
    return plan(`Field "${field}" in "${index}" is not indexed. Set fields to one that can be searched.`);
  if (how === 'value') {
    if (await isProven(options, field, how, signal)) return plan();
    return plan(
      `Field "${field}" is a keyword, where only lines that begin with "${OPENING.trim()}" can be found, and no such line was. Set fields to a text field that holds the line.`,
    );
  }
  const terms = await analyse(options.elastic, field, index, signal);
  if (terms === undefined ? await isProven(options, field, how, signal) : terms.length === 1 && terms[0] === SAMPLE)
    return plan();
  if (terms !== undefined)
    return plan(
      `The analyser of field "${field}" in "${index}" does not keep a canary's token as one term (${terms.length} terms). Set fields to one with the standard analyser.`,
    );
  return plan(
    `Cannot verify that field "${field}" in "${index}" keeps a canary's token as one term: _analyze was refused and no canary was found yet. Let one arrive, or grant indices:admin/analyze.`,
  );
}

/** What the field's analyser makes of a token; undefined when we are not let to ask: least privilege does not cover it. */
async function analyse(
  elastic: Elastic,
  field: string,
  index: string,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const errand = { what: `analyse a token for "${field}" in "${index}"`, grant: 'indices:admin/analyze on the index' };
  try {
    const { tokens } = await elastic.ask(errand, analyzeAnswer, signal, (client, options) =>
      client.indices.analyze({ index, field, text: SAMPLE }, options),
    );
    return tokens.map(({ token }) => token);
  } catch (error) {
    if (error instanceof ProbeError && ['auth', 'rejected', 'not_found'].includes(error.reason)) return undefined;
    throw error;
  }
}

/** Whether some canary of the past, of anybody's, can be found here in the way that we mean to search. */
async function isProven(
  { searcher }: PlannerOptions,
  field: string,
  how: FieldPlan['how'],
  signal: AbortSignal,
): Promise<boolean> {
  const parent = field.includes('.') ? [field.slice(0, field.lastIndexOf('.'))] : [];
  const value = how === 'term' ? MAGIC : `${OPENING}${MAGIC}`;
  const [hit] = await searcher.search(
    { query: { prefix: { [field]: { value } } }, size: 1, _source: [field, ...parent] },
    signal,
  );
  const line = hit === undefined ? undefined : findsOf(hit).finds.find(isLine);
  if (line === undefined || how === 'value') return line !== undefined;
  const again = await searcher.search({ query: { terms: { [field]: [line.token] } }, size: 1, _source: false }, signal);
  return again.length > 0;
}
