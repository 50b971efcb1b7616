/**
 * What makes an absence in a field prove nothing: how the field is indexed, told by its mapping, by what its analyser
 * makes of a line, and, where we are not let to ask, by whether any canary was ever found.
 */
import { z } from 'zod';
import { ProbeError } from '../../src/probe.ts';
import { blindSpotOf } from './blind-spot.ts';
import type { Elastic } from './elastic-client.ts';
import { ancestorsOf, type How, howOf, leastOf, type Metadata } from './index-metadata.ts';
import { findsOf, isLine, type Query, type Searcher } from './search.ts';

export interface FieldPlan {
  readonly field: string;
  readonly how: How;
  /** Longer values (UTF-16 units) cannot be found. */
  readonly ignoreAbove?: number;
}

/** Differently analysed kinds of one field that are tried out; more are a doubt. */
const MAX_ANALYSERS = 16;

/**
 * What stands before the token at the beginning of a keyword value that holds a line: our opening, in `json` lines that
 * nobody parsed with the object around it. Anything else before it, and the line cannot be found in a keyword field.
 */
export const OPENINGS = ['logcanary ', '{"message":"logcanary '] as const;
const MAGIC = 'lcn1';
/** Of the form of a token, signed by nobody. */
const SAMPLE = `${MAGIC}${'abcdefghijklmnopqrstuvwxyz234567'.repeat(2).slice(0, 47)}0`;
/** The token as it comes: an analyser may keep it alone and yet not in a sentence, or only among the first words. */
const SENTENCE = `2026-11-20T08:00:00Z stdout F ${OPENINGS[0]}${SAMPLE} pipeline/stream #1 acorn alder`;

const analyzeAnswer = z.object({ tokens: z.array(z.object({ token: z.string() })) });

/** What `_field_caps` says of one field in one type. */
export interface Capability {
  readonly field: string;
  readonly type: string;
  readonly searchable: boolean;
  /** A concrete index that has it so. */
  readonly index: string;
}

export interface Judging {
  readonly elastic: Elastic;
  readonly searcher: Searcher;
  /** As configured. */
  readonly fields: readonly string[];
  readonly metadata: Metadata | undefined;
  readonly signal: AbortSignal;
  /** What was already searched for, so that it is searched for once. */
  readonly proofs: Map<string, Promise<boolean>>;
}

/** Each field in each way that it is indexed; the first doubt stands for all. */
export async function judgeAll(
  judging: Judging,
  capabilities: readonly Capability[],
): Promise<{ fields: FieldPlan[]; doubt: string | undefined }> {
  const { metadata } = judging;
  const fields = new Map<string, FieldPlan>();
  let doubt = metadata === undefined ? undefined : blindSpotOf(metadata, judging.fields);
  for (const capability of capabilities) {
    const how = howOf(capability.type);
    if (how === undefined) continue;
    const { field } = capability;
    const ignoreAbove =
      how === 'value' ? leastOf(metadata, ({ fields: mapped }) => mapped.get(field)?.ignore_above) : undefined;
    fields.set(`${how} ${field}`, { field, how, ...(ignoreAbove === undefined ? {} : { ignoreAbove }) });
    doubt ??= await (how === 'value' ? doubtValue(judging, capability) : doubtTerm(judging, capability));
  }
  return { fields: [...fields.values()], doubt };
}

async function doubtValue(judging: Judging, { field, index, searchable }: Capability): Promise<string | undefined> {
  if (!searchable) return notIndexed(field, index);
  if (judging.metadata === undefined)
    return `Cannot verify that the keyword field "${field}" in "${index}" takes long lines: its mapping was refused. Grant view_index_metadata (OpenSearch: indices:admin/get and indices:admin/mappings/fields/get), or set fields to a text field that holds the line.`;
  if (await isProven(judging, field, 'value')) return undefined;
  return `Field "${field}" is a keyword, where only lines that begin with "${OPENINGS[0].trim()}" can be found, and no such line was. Set fields to a text field that holds the line.`;
}

async function doubtTerm(judging: Judging, capability: Capability): Promise<string | undefined> {
  const { field, searchable } = capability;
  if (!searchable) return notIndexed(field, capability.index);
  const kinds = kindsOf(judging.metadata, capability);
  if (kinds.length > MAX_ANALYSERS)
    return `Field "${field}" of "${judging.searcher.index}" is analysed in ${kinds.length} different ways, more than are verified. Set index to fewer indices.`;
  for (const index of kinds) {
    const terms = await analyse(judging.elastic, field, index, judging.signal);
    if (terms?.includes(SAMPLE) === false)
      return `The analyser of field "${field}" in "${index}" does not keep a canary's token as one term (${terms.length} terms). Set fields to one with the standard analyser.`;
    // What we are not let to ask, a canary that was found may prove.
    if ((terms === undefined || judging.metadata === undefined) && !(await isProven(judging, field, 'term')))
      return `Cannot verify that field "${field}" in "${index}" keeps a canary's token as one term: _analyze or the mapping was refused and no canary was found yet. Let one arrive, or grant view_index_metadata (OpenSearch: indices:admin/analyze, indices:admin/get and indices:admin/mappings/fields/get).`;
  }
  return undefined;
}

function notIndexed(field: string, index: string): string {
  return `Field "${field}" in "${index}" is not indexed. Set fields to one that can be searched.`;
}

/** One index, the newest by name, for each way in which the field is analysed. */
function kindsOf(metadata: Metadata | undefined, { field, type, index }: Capability): string[] {
  const kinds = new Map<string, string>();
  for (const { name, fields, settings } of metadata?.indices ?? []) {
    const mapping = fields.get(field);
    if (mapping?.type !== type) continue;
    const kind = JSON.stringify([mapping.analyzer, settings.analysis]);
    kinds.set(kind, [kinds.get(kind) ?? '', name].toSorted().at(-1) ?? name);
  }
  return kinds.size === 0 ? [index] : [...kinds.values()];
}

/** What the field's analyser makes of a line; undefined when we are not let to ask: least privilege does not cover it. */
async function analyse(
  elastic: Elastic,
  field: string,
  index: string,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const errand = { what: `analyse a token for "${field}" in "${index}"`, grant: 'indices:admin/analyze on the index' };
  try {
    const { tokens } = await elastic.ask(errand, analyzeAnswer, signal, (client, options) =>
      client.indices.analyze({ index, field, text: SENTENCE }, options),
    );
    return tokens.map(({ token }) => token);
  } catch (error) {
    if (error instanceof ProbeError && ['auth', 'rejected', 'not_found'].includes(error.reason)) return undefined;
    throw error;
  }
}

function isProven(judging: Judging, field: string, how: How): Promise<boolean> {
  const key = `${how} ${field}`;
  const proof = judging.proofs.get(key) ?? searchProof(judging, field, how);
  judging.proofs.set(key, proof);
  return proof;
}

/** Whether some canary of the past, of anybody's, can be found here in the way that we mean to search. */
async function searchProof({ searcher, signal }: Judging, field: string, how: How): Promise<boolean> {
  const parent = ancestorsOf(field).slice(-1);
  const query = prefixesOf({ field, how }, MAGIC);
  const [hit] = await searcher.search({ query, size: 1, _source: [field, ...parent] }, signal);
  const line = hit === undefined ? undefined : findsOf(hit).finds.find(isLine);
  if (line === undefined || how === 'value') return line !== undefined;
  const again = await searcher.search({ query: { terms: { [field]: [line.token] } }, size: 1, _source: false }, signal);
  return again.length > 0;
}

/** Matches every line whose token begins so; a clause for each opening in a keyword field. */
export function prefixesOf({ field, how }: FieldPlan, token: string): Query {
  const values = how === 'term' ? [token] : OPENINGS.map((opening) => `${opening}${token}`);
  return { bool: { should: values.map((value) => ({ prefix: { [field]: { value } } })), minimum_should_match: 1 } };
}
