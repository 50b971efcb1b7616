/** Label and field selectors as the API server reads them. */
import { Refusal } from './api-status.ts';
import type { StoredObject } from './object-store.ts';

type Test = (object: StoredObject) => boolean;

/** Fields that can be selected by, beside a name and a namespace. k8s.io/kubernetes `pkg/apis/core/v1/conversion.go`. */
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  pods: ['spec.nodeName', 'status.phase', 'status.podIP'],
  nodes: ['spec.unschedulable'],
};

/** @throws Refusal 400 */
export function labelTest(text: string): Test {
  const tests = splitOutsideBrackets(text).map(requirement);
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

function splitOutsideBrackets(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function requirement(text: string): (labels: Readonly<Record<string, string>>) => boolean {
  const set = /^([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set?.[1] !== undefined) {
    const [, key, operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => values.includes(labels[key] ?? '\0') === (operator === 'in');
  }
  const pair = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(text);
  if (pair?.[1] !== undefined) {
    const [, key, operator, value] = pair;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const existence = /^(!?)([\w./-]+)$/.exec(text);
  if (existence?.[2] === undefined) throw new Refusal(400, `unable to parse requirement: ${text}`);
  const [, not, key] = existence;
  return (labels) => Object.hasOwn(labels, key) === (not === '');
}

/** @throws Refusal 400 */
export function fieldTest(resource: string, text: string): Test {
  const known = ['metadata.name', 'metadata.namespace', ...(fieldsOf[resource] ?? [])];
  const tests = splitOutsideBrackets(text).map((part): Test => {
    const [, field = '', operator, value = ''] = /^([\w.]+)(!=|==?)(.*)$/.exec(part) ?? [];
    if (!known.includes(field)) throw new Refusal(400, `field label not supported: ${field}`);
    return (object) => (fieldOf(object, field) === value) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

function fieldOf(object: StoredObject, field: string): string {
  let at: unknown = object;
  for (const key of field.split('.')) at = (at as Record<string, unknown> | undefined)?.[key];
  return at === undefined ? '' : String(at);
}
