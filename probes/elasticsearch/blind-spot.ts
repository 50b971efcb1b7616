/**
 * Where in the indices a line of ours may lie without any search for it finding it. Pure.
 *
 * Not among them, on purpose: a line that an ingest pipeline drops or reroutes, that the failure store took, or that no
 * index could be created for (`action.auto_create_index`) is not in the index: its absence here is true, and the
 * runbook says where to look. Indices that the user may not read cannot be told from those that do not exist.
 */
import { parseDuration } from '../../src/probe.ts';
import {
  ancestorsOf,
  type FieldMapping,
  howOf,
  type IndexMetadata,
  isRecord,
  type Metadata,
  placeOf,
} from './index-metadata.ts';

/**
 * The longest `refresh_interval` whose absences count, ms. AWS advises 30 to 60 s for logs. Beyond, or with `-1`, a line
 * may be in the index for longer than any deadline, and the absence would say nothing about the pipeline.
 */
const MAX_REFRESH_MS = 5 * 60_000;

/** The first blind spot, in words for the user; undefined when there is none. */
export function blindSpotOf({ indices, narrowed }: Metadata, fields: readonly string[]): string | undefined {
  if (narrowed.length > 0)
    return `Alias ${narrowed[0]} shows only some documents (filter or routing). Set index to the index itself, or to an alias without them.`;
  for (const each of indices) {
    const spot = refreshSpot(each) ?? fieldSpot(each, fields);
    if (spot !== undefined) return spot;
  }
  return undefined;
}

/**
 * An interval within bounds is part of the hop, which measures until a search finds the line: it is in `within`, so
 * `asOf` is not lowered by it. Not set, it is 1 s, or search idle, where a search refreshes first and waits for it.
 */
function refreshSpot({ name, settings }: IndexMetadata): string | undefined {
  const { refresh_interval: interval, blocks } = settings;
  if (interval === undefined || blocks?.write === 'true' || blocks?.read_only === 'true') return undefined;
  if (interval.startsWith('-'))
    return `Index "${name}" never makes new documents searchable (refresh_interval ${interval}). Set index.refresh_interval to 1s to 60s.`;
  const every = parseDuration(interval);
  if (!every.ok || every.value <= MAX_REFRESH_MS) return undefined;
  return `Index "${name}" makes new documents searchable only every ${interval}. Set index.refresh_interval to 1s to 60s.`;
}

/** A configured field that is mapped well hides nothing; without any, the line may be kept and yet not be indexed. */
function fieldSpot(index: IndexMetadata, fields: readonly string[]): string | undefined {
  for (const field of fields) {
    const mapping = index.fields.get(field);
    if (hasRuntime(index, field))
      return `Index "${index.name}" computes field "${field}" anew at each search (runtime). Set fields to the one that is indexed.`;
    if (mapping?.type === 'alias')
      return `Field "${field}" of index "${index.name}" is an alias. Set fields to "${mapping.path ?? 'the field it stands for'}".`;
    if (ancestorsOf(field).some((object) => objectOf(index, object).type === 'nested'))
      return `Field "${field}" of index "${index.name}" is inside a nested object, which plain searches pass over. Set fields to one that is not.`;
  }
  const mapped = fields.map((field) => index.fields.get(field)).filter((each) => each !== undefined);
  if (mapped.some(({ type }) => howOf(type) !== undefined)) return undefined;
  return unmappedSpot(index, fields, mapped);
}

function unmappedSpot(
  index: IndexMetadata,
  fields: readonly string[],
  mapped: readonly FieldMapping[],
): string | undefined {
  const names = fields.map((field) => `"${field}"`).join(', ');
  const [other] = mapped;
  if (other !== undefined)
    return `Index "${index.name}" maps ${names} as ${other.type}, in which a log line cannot be found. Set fields to the one that holds the line, or leave the index out of index.`;
  const unindexed = fields.find((field) => {
    const parent = ancestorsOf(field).at(-1);
    return parent !== undefined && index.fields.has(parent);
  });
  if (unindexed !== undefined)
    return `Index "${index.name}" has no "${unindexed}" beside its parent. Set fields to a field that all indices have.`;
  if (fields.some((field) => dropsField(index, field)))
    return `Index "${index.name}" keeps ${names} without indexing it (dynamic or enabled is false). Map the field, or leave the index out of index.`;
  return undefined;
}

function hasRuntime({ mappings }: IndexMetadata, field: string): boolean {
  return isRecord(mappings.runtime) && field in mappings.runtime;
}

function objectOf({ mappings }: IndexMetadata, object: string): Readonly<Record<string, unknown>> {
  let found: unknown = mappings;
  for (const part of object === '' ? [] : placeOf(object).split('.')) found = isRecord(found) ? found[part] : undefined;
  return isRecord(found) ? found : {};
}

/** `dynamic` is inherited from the object around; `strict` refuses the document, which is a loss and no blind spot. */
function dropsField(index: IndexMetadata, field: string): boolean {
  let dynamic: unknown = true;
  for (const object of ['', ...ancestorsOf(field)]) {
    const shown = objectOf(index, object);
    if (String(shown.enabled) === 'false') return true;
    dynamic = shown.dynamic ?? dynamic;
  }
  return String(dynamic) === 'false';
}
