/** `_bulk` as the server reads it: NDJSON pairs, a status per item. */
import { IndexFault } from './index-fault.ts';
import type { IndexStore } from './index-store.ts';

export interface WriteFaults {
  /** Every write is refused with 429, as when the write queue is full. */
  readonly rejects: boolean;
  /** Every index is read-only, as the flood stage makes it. */
  readonly readOnly: boolean;
}

export const rejected = (): IndexFault =>
  new IndexFault(
    429,
    'es_rejected_execution_exception',
    'rejected execution of coordinating operation [coordinating_and_primary_bytes=0, replica_bytes=0, all_bytes=0, max_coordinating_and_primary_bytes=0]',
  );

/** What the flood stage answers since ES 7.x and in OpenSearch. */
export const flooded = (index: string): IndexFault =>
  new IndexFault(
    429,
    'cluster_block_exception',
    `index [${index}] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];`,
  );

export interface Written {
  readonly response: object;
  /** Indices that took a document. */
  readonly indices: ReadonlySet<string>;
}

/** Carries out a bulk body. @throws IndexFault 400 when the body as a whole is malformed. */
export function bulk(store: IndexStore, faults: WriteFaults, body: string, defaultIndex: string | undefined): Written {
  if (!body.endsWith('\n'))
    throw new IndexFault(400, 'illegal_argument_exception', 'The bulk request must be terminated by a newline [\\n]');
  const lines = body.split('\n');
  const items: object[] = [];
  const indices = new Set<string>();
  let errors = false;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    if (line === undefined || line.trim() === '') continue;
    const action = readAction(line, at + 1, defaultIndex);
    at += 1;
    const item = carryOut(store, faults, action, lines[at] ?? '');
    if (item.failed) errors = true;
    else indices.add(action.index);
    items.push({ [action.op]: item.wire });
  }
  if (items.length === 0)
    throw new IndexFault(400, 'action_request_validation_exception', 'Validation Failed: 1: no requests added;');
  return { response: { took: 1, errors, items }, indices };
}

interface Action {
  readonly op: 'index' | 'create';
  readonly index: string;
  readonly id: string | undefined;
}

function readAction(line: string, number: number, defaultIndex: string | undefined): Action {
  const [entry] = Object.entries(parse(line, `Malformed action/metadata line [${number}], expected START_OBJECT`));
  const [op, raw] = entry ?? ['', undefined];
  if (op !== 'index' && op !== 'create')
    throw new IndexFault(
      400,
      'illegal_argument_exception',
      `Malformed action/metadata line [${number}], expected field [create] or [index] but found [${op}] (this sandbox index simulates no other)`,
    );
  const meta = (raw ?? {}) as Record<string, unknown>;
  const index = meta._index ?? defaultIndex;
  if (typeof index !== 'string')
    throw new IndexFault(400, 'action_request_validation_exception', 'Validation Failed: 1: index is missing;');
  return { op, index, id: meta._id === undefined || meta._id === null ? undefined : String(meta._id) };
}

function carryOut(
  store: IndexStore,
  faults: WriteFaults,
  action: Action,
  text: string,
): { failed: boolean; wire: object } {
  const place = { _index: action.index, ...(action.id === undefined ? {} : { _id: action.id }) };
  try {
    if (faults.rejects) throw rejected();
    if (faults.readOnly) throw flooded(action.index);
    const document = store.put(
      action.index,
      action.id,
      parse(text, 'failed to parse'),
      Buffer.byteLength(text),
      action.op,
    );
    const created = document.version === 1;
    return {
      failed: false,
      wire: {
        ...{
          _index: document.index,
          _id: document.id,
          _version: document.version,
          result: created ? 'created' : 'updated',
        },
        ...{
          _shards: { total: 2, successful: 1, failed: 0 },
          _seq_no: document.seqNo,
          _primary_term: 1,
          status: created ? 201 : 200,
        },
      },
    };
  } catch (error) {
    if (!(error instanceof IndexFault)) throw error;
    return { failed: true, wire: { ...place, status: error.status, error: error.wire() } };
  }
}

export function parse(text: string, otherwise: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // A syntax error and a wrong type are one and the same to whoever sent it.
  }
  throw new IndexFault(400, 'parse_exception', otherwise);
}
