import { isAlias, isMap, isSeq, LineCounter, type Node, parseDocument, type Document as YamlDocument } from 'yaml';
import type { ConfigFault } from '../lib/errors.ts';
import { formatPath, type Path } from './path.ts';

/** Deeper nesting than this is no configuration of ours (the deepest contract key is at 8). */
const maxDepth = 32;

/** How often one anchor may count when aliases are followed; yaml's own default is 100. */
const maxAliasCount = 50;

const mergeKey = '<<';

/** Lines and columns from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The configuration as written: plain values, and where each stands. */
export interface SourceDocument {
  readonly value: unknown;
  /** Where the value at a path stands; of its key when `key`; of the nearest enclosing thing when it is missing. */
  locate(path: Path, what?: 'key' | 'value'): Place;
}

/** Parses one YAML document. Faults of form are all reported; then there is no value. */
export function parseSource(text: string): SourceDocument | { readonly faults: readonly ConfigFault[] } {
  const lines = new LineCounter();
  const yaml = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false, // pretty ones quote the source, which may hold a secret
    stringKeys: true,
    version: '1.2',
  });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults = formFaults(yaml, at);
  if (faults.length > 0) return { faults };
  const value = plainValue(yaml);
  if ('fault' in value) return { faults: [{ ...at(0), path: '', message: value.fault }] };
  const locate = (path: Path, what: 'key' | 'value' = 'value') => at(offsetOf(yaml, path, what));
  const shape = shapeFault(value.value);
  if (shape) {
    const shown = shape.path.at(-1) === mergeKey ? shape.path.slice(0, -1) : shape.path;
    return { faults: [{ ...locate(shape.path, 'key'), path: formatPath(shown), message: shape.message }] };
  }
  return { value: value.value, locate };
}

function formFaults(yaml: YamlDocument.Parsed, at: (offset: number) => Place): ConfigFault[] {
  if (yaml.directives.yaml.explicit && yaml.directives.yaml.version !== '1.2') {
    return [{ ...at(0), path: '', message: 'only YAML 1.2 is read. Remove the %YAML line.' }];
  }
  const problems = [...yaml.errors, ...yaml.warnings];
  const deep = problems.find((problem) => problem.code === 'RESOURCE_EXHAUSTION');
  if (deep) return [{ ...at(deep.pos[0]), path: '', message: tooDeep }];
  const faults = problems.map((problem) => ({
    ...at(problem.pos[0]),
    path: '',
    message: formMessages[problem.code] ?? 'not valid YAML here. Check quotes, colons and indentation on this line.',
  }));
  return faults.filter((fault, index) => index === 0 || fault.line !== faults[index - 1]?.line).slice(0, 20);
}

const tooDeep = `nested deeper than ${maxDepth} levels. Flatten it.`;

/** By yaml's error codes; its own messages may quote the source, so none is passed on. */
const formMessages: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an alias (*name) without its anchor (&name). Write the value out, or quote a text that begins with *.',
  BAD_DQ_ESCAPE: 'an unknown escape in double quotes. Use single quotes, or double the backslash.',
  BAD_INDENT: 'wrong indentation, or a bracket is still open here. Align it with its neighbours, or close the bracket.',
  BAD_SCALAR_START: 'a text may not begin with this character. Put it in quotes.',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " on one line. Put the value in quotes, or on a line of its own.',
  DUPLICATE_KEY: 'the same key a second time. Keep one of them.',
  MISSING_CHAR: 'a quote, comma, colon or bracket is missing. Close what was opened before this place.',
  MULTILINE_IMPLICIT_KEY: 'a key that goes over several lines; a ":" may be missing. Write "key: value".',
  MULTIPLE_DOCS: 'a second document begins here (---). Keep one document in a file.',
  NON_STRING_KEY: 'a key that is not a text. Put it in quotes.',
  TAB_AS_INDENT: 'a tab in the indentation. Use spaces.',
  TAG_RESOLVE_FAILED: 'a tag (!name). Tags are not read; write a plain value.',
};

function plainValue(yaml: YamlDocument.Parsed): { value: unknown } | { fault: string } {
  if (yaml.contents === null) return { fault: 'is empty. Write at least pipelines: see `logcanary schema`.' };
  try {
    return { value: yaml.toJS({ maxAliasCount }) };
  } catch (error) {
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    return {
      fault: 'anchors and aliases (&name, *name) that cannot be followed or multiply too often. Write the values out.',
    };
  }
}

/** The first place where nesting is too deep (an alias inside its own anchor never ends), or a merge key stands. */
function shapeFault(value: unknown, path: Path = []): { path: Path; message: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length > maxDepth) return { path: path.slice(0, 4), message: tooDeep };
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [key, child] of entries) {
    if (key === mergeKey) return { path: [...path, key], message: 'merge keys (<<) are not read. Write the keys out.' };
    const fault = shapeFault(child, [...path, key]);
    if (fault) return fault;
  }
  return undefined;
}

function offsetOf(yaml: YamlDocument.Parsed, path: Path, what: 'key' | 'value'): number {
  let node: unknown = yaml.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(yaml);
    const pair = isMap(node) ? node.items.find((item) => String(item.key) === String(part)) : undefined;
    const child = isSeq(node) ? node.items[Number(part)] : pair?.value;
    if (pair === undefined && child === undefined) break;
    const wantsKey = what === 'key' && index === path.length - 1;
    const keyStart = startOf(pair?.key);
    offset = (wantsKey ? keyStart : startOf(child)) ?? keyStart ?? offset;
    node = child;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Partial<Node> | null | undefined)?.range?.[0];
}
