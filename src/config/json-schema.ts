import { z } from 'zod';
import type { AnyNotifier } from '../notify/definition.ts';
import type { AnyProbe } from '../probe.ts';
import { configSchema, frameKeys } from './schema.ts';

/** The part of JSON Schema draft 7 that is read here. */
export interface SchemaNode {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode | readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
  readonly [keyword: string]: unknown;
}

/** JSON Schema draft 7 of the file as it is written, with every probe's and notifier's options, for editors. */
export function configJsonSchema(probes: readonly AnyProbe[], notifiers: readonly AnyNotifier[]): SchemaNode {
  const schema = z.toJSONSchema(configSchema(probes, notifiers), {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
  });
  return acceptExpansion(withNotifierKeys(schema as SchemaNode));
}

/** What is expanded before the schema sees it: a text with a variable, or the name of a file. */
const expandable: SchemaNode = { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}|^file:' };

const constraints = ['pattern', 'format', 'enum', 'minLength', 'maxLength', 'allOf'];

/** Wherever a text is constrained, the editor must accept `${NAME}` and `file:` too. */
function acceptExpansion(node: SchemaNode): SchemaNode {
  if (node.type === 'string' && constraints.some((keyword) => keyword in node)) {
    const { description, default: initial, examples, ...rest } = node;
    const said = Object.entries({ description, default: initial, examples }).filter(([, value]) => value !== undefined);
    return { ...Object.fromEntries(said), anyOf: [rest, expandable] };
  }
  return Object.fromEntries(Object.entries(node).map(([keyword, value]) => [keyword, acceptBelow(keyword, value)]));
}

function acceptBelow(keyword: string, value: unknown): unknown {
  if (keyword === 'properties') {
    const properties = Object.entries(value as Record<string, SchemaNode>);
    return Object.fromEntries(properties.map(([key, node]) => [key, acceptExpansion(node)]));
  }
  const isNode = typeof value === 'object' && value !== null && !Array.isArray(value);
  if ((keyword === 'items' || keyword === 'additionalProperties') && isNode)
    return acceptExpansion(value as SchemaNode);
  if (keyword === 'anyOf' || keyword === 'allOf') return (value as SchemaNode[]).map(acceptExpansion);
  return value;
}

/** `name`, `min_severity` and their like may also stand inside a notifier's own object: the loader takes them out before its schema sees them. */
function withNotifierKeys(schema: SchemaNode): SchemaNode {
  const notify = schema.properties?.notify;
  const item = notify?.items as SchemaNode | undefined;
  if (!item?.properties) return schema;
  const own = Object.entries(item.properties).filter(([key]) => frameKeys.notify.includes(key));
  const kinds = Object.entries(item.properties).filter(([key]) => !frameKeys.notify.includes(key));
  const widened = kinds.map(([kind, node]) => [kind, addProperties(node, Object.fromEntries(own))]);
  const properties = Object.fromEntries([...own, ...widened]);
  return { ...schema, properties: { ...schema.properties, notify: { ...notify, items: { ...item, properties } } } };
}

function addProperties(node: SchemaNode, added: Record<string, SchemaNode>): SchemaNode {
  const branches = (list: readonly SchemaNode[]) => list.map((branch) => addProperties(branch, added));
  return {
    ...node,
    ...(node.properties ? { properties: { ...added, ...node.properties } } : {}),
    ...(node.anyOf ? { anyOf: branches(node.anyOf) } : {}),
    ...(node.allOf ? { allOf: branches(node.allOf) } : {}),
  };
}
