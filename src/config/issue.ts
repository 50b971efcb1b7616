import type { z } from 'zod';
import type { SchemaNode } from './json-schema.ts';
import { isMap, type Path, showKey, valueAt } from './path.ts';
import { keysAt, nodesAt } from './schema-node.ts';
import { nearest } from './suggest.ts';

/** A fault before it has a line and column. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  /** The place meant is the key itself, not its value. */
  readonly atKey?: boolean;
}

/** Given to zod as the message of every issue without one of its own, so that ours can be told from a schema's. */
export const unsaid = '\u0000';

type Issue = z.core.$ZodIssue;

export interface IssueContext {
  /** What was parsed: faults say what stands there now. */
  readonly value: unknown;
  readonly schema: SchemaNode;
}

/** What zod found, in words: what it is, what to write. One finding for each unknown key. */
export function describeIssue(issue: Issue, context: IssueContext, base: Path = []): Finding[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], context));
  const value = valueAt(context.value, path);
  if (issue.message !== unsaid) return [{ path, message: issue.message }];
  if (issue.code === 'invalid_union') {
    const branch = likeliestBranch(issue.errors);
    if (branch) return branch.flatMap((inner) => describeIssue(inner, context, path));
  }
  const node = nodesAt(context.schema, path).find(
    (each) => each.description !== undefined || each.examples !== undefined,
  );
  if (value === undefined) return [{ path, message: `missing${about(node)}. ${sample(path, node)}` }];
  return [{ path, message: `${whatItIs(issue, value)} ${whatToWrite(issue, value, node)}` }];
}

/** Keys of the contract that this version cannot hold, by their path without indices. */
const notBuilt: ReadonlyMap<string, string> = new Map([
  ['pipelines.maintenance', 'maintenance windows are'],
  ['pipelines.page_by', 'page_by is'],
  ['pipelines.hops.retention', 're-checks within a retention are'],
  ['pipelines.hops.page_by', 'page_by is'],
  ['maintenance', 'maintenance windows are'],
]);

function unknownKey(path: Path, context: IssueContext): Finding {
  const missing = notBuilt.get(path.filter((part) => typeof part === 'string').join('.'));
  if (missing) return { path, atKey: true, message: `${missing} not supported by this version. Remove the key.` };
  const key = String(path.at(-1));
  const known = keysAt(context.schema, path.slice(0, -1));
  const meant = nearest(key, known);
  const advice = meant ? `Did you mean ${meant}?` : `Known: ${known.join(', ') || 'none'}.`;
  return { path, atKey: true, message: `unknown key ${showKey(key)}. ${advice}` };
}

/** Of a union, the branch that fits best: fewest unknown keys, then fewest issues. */
function likeliestBranch(branches: readonly Issue[][]): Issue[] | undefined {
  const cost = (issues: Issue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? 10 * issue.keys.length : 1), 0) +
    (issues.some((issue) => issue.path.length === 0 && issue.code === 'invalid_type') ? 1000 : 0);
  const [best] = branches.filter((issues) => issues.length > 0).toSorted((a, b) => cost(a) - cost(b));
  return best && cost(best) < 1000 ? best : undefined;
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys and values',
  record: 'keys and values',
  null: 'nothing',
};

function kindOfValue(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (isMap(value)) return 'keys and values';
  return typeWords[typeof value] ?? 'something else';
}

function whatItIs(issue: Issue, value: unknown): string {
  if (issue.code === 'invalid_value' && typeof value !== 'object') return `${JSON.stringify(value)} is not known here.`;
  if (issue.code === 'too_small')
    return value === '' || isEmptyList(value) ? 'empty.' : sized(issue.origin, 'short', 'small');
  if (issue.code === 'too_big') return sized(issue.origin, 'long', 'big');
  if (issue.code === 'invalid_format') return `not in the form of ${formatWord(issue.format)}.`;
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union')
    return `${kindOfValue(value)}, which does not belong here.`;
  return 'not accepted here.';
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function sized(origin: string, text: string, number: string): string {
  return origin === 'string' ? `too ${text}.` : origin === 'array' ? `too ${text} a list.` : `too ${number}.`;
}

function formatWord(format: string): string {
  return format === 'url' ? 'a URL' : format === 'regex' ? 'what belongs here' : `a ${format}`;
}

function whatToWrite(issue: Issue, value: unknown, node: SchemaNode | undefined): string {
  const example = node?.examples?.[0];
  const suffix = example === undefined ? '' : `, for example ${JSON.stringify(example)}`;
  if (issue.code === 'invalid_value') return `Write one of: ${issue.values.map(String).join(', ')}.`;
  if (issue.code === 'too_small') return `Write at least ${amount(issue.minimum, issue.origin)}.`;
  if (issue.code === 'too_big') return `Write at most ${amount(issue.maximum, issue.origin)}.`;
  if (issue.code === 'not_multiple_of') return `Write a multiple of ${issue.divisor}.`;
  if (issue.code === 'invalid_type' && issue.expected === 'string' && typeof value !== 'object')
    return 'Put it in quotes.';
  if (issue.code === 'invalid_type') return `Write ${typeWords[issue.expected] ?? `a ${issue.expected}`}${suffix}.`;
  return node?.description ? `It is: ${lowerFirst(node.description)}` : `Write something that fits${suffix}.`;
}

function amount(count: number | bigint, origin: string): string {
  const unit = origin === 'string' ? 'character' : origin === 'array' ? 'entry' : '';
  if (unit === '') return String(count);
  return Number(count) === 1 ? `1 ${unit}` : `${count} ${unit === 'entry' ? 'entries' : 'characters'}`;
}

function about(node: SchemaNode | undefined): string {
  return node?.description ? ` (${lowerFirst(node.description).replace(/\.$/, '')})` : '';
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? `${text[0]?.toLowerCase()}${text.slice(1)}` : text;
}

function sample(path: Path, node: SchemaNode | undefined): string {
  const key = path.at(-1);
  if (typeof key !== 'string') return 'Write it.';
  const example = node?.examples?.[0];
  return example === undefined
    ? `Write a value for ${showKey(key)}.`
    : `Write for example ${showKey(key)}: ${String(example)}`;
}
