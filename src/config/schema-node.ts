import type { SchemaNode } from './json-schema.ts';
import type { Path } from './path.ts';

/** Every schema that applies at a path: the branches of unions are all followed. */
export function nodesAt(schema: SchemaNode, path: Path): SchemaNode[] {
  let nodes = branches(schema);
  for (const part of path) nodes = nodes.flatMap((node) => childOf(node, part)).flatMap(branches);
  return nodes;
}

/** The keys that may stand at a path. */
export function keysAt(schema: SchemaNode, path: Path): string[] {
  return [...new Set(nodesAt(schema, path).flatMap((node) => Object.keys(node.properties ?? {})))];
}

function branches(node: SchemaNode): SchemaNode[] {
  const inner = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  return [node, ...inner.flatMap(branches)];
}

function childOf(node: SchemaNode, part: string | number): SchemaNode[] {
  if (typeof part === 'number') {
    const items = node.items;
    if (items === undefined) return [];
    return 'length' in items && Array.isArray(items) ? items.slice(part, part + 1) : [items as SchemaNode];
  }
  const properties = node.properties ?? {};
  const child = Object.hasOwn(properties, part) ? properties[part] : undefined;
  return child ? [child] : [];
}
