/**
 * The Prometheus text format 0.0.4, and of OpenMetrics what agents send: one line at a time, so that an answer of any
 * length is read in little memory. https://prometheus.io/docs/instrumenting/exposition_formats/
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** May be infinite or NaN, as the agent wrote it. */
  readonly value: number;
}

const namePattern = /([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*/y;
const labelPattern = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*/y;
/** A value, a timestamp, and an exemplar, of which only the first is of use. */
const valuePattern = /[ \t]*([^ \t#]+)(?:[ \t]+-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)?(?:[ \t]+#.*)?[ \t]*$/y;
const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The name of a line's metric without reading the rest; undefined for comments, empty lines and what is no sample. */
export function nameOf(line: string): string | undefined {
  namePattern.lastIndex = 0;
  return namePattern.exec(line)?.[1];
}

/** A comment or an empty line. */
export function isRemark(line: string): boolean {
  return /^[ \t]*(#|$)/.test(line);
}

/** Reads one line that is no remark; undefined when it is not of the format. */
export function readSample(line: string): Sample | undefined {
  namePattern.lastIndex = 0;
  const name = namePattern.exec(line)?.[1];
  if (name === undefined) return undefined;
  const labels = readLabels(line, namePattern.lastIndex);
  if (labels === undefined) return undefined;
  valuePattern.lastIndex = labels.end;
  const value = numberOf(valuePattern.exec(line)?.[1]);
  return value === undefined ? undefined : { name, labels: labels.values, value };
}

/** `end` is where the value begins. */
function readLabels(line: string, from: number): { values: Record<string, string>; end: number } | undefined {
  // No prototype: a label may be called like one of its properties.
  const values: Record<string, string> = Object.create(null);
  if (line[from] !== '{') return { values, end: from };
  let at = from + 1;
  for (;;) {
    labelPattern.lastIndex = at;
    const label = labelPattern.exec(line);
    if (label === null) break;
    values[label[1] ?? ''] = unescaped(label[2] ?? '');
    at = labelPattern.lastIndex;
    if (line[at] !== ',') break;
    at += 1;
  }
  while (line[at] === ' ') at += 1;
  return line[at] === '}' ? { values, end: at + 1 } : undefined;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (numberPattern.test(text)) return Number(text);
  const infinite = /^([+-]?)Inf$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[+-]?NaN$/i.test(text) ? Number.NaN : undefined;
}
