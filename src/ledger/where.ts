import type { LedgerTables, TableName } from '../core/ledger.ts';
import { LedgerError } from '../lib/errors.ts';
import { columnOf, encodeField } from './columns.ts';
import { type PackedWhere, Packer } from './packed.ts';

/** Rows that `find` gives back unless told otherwise. */
const defaultLimit = 1000;

/** @throws LedgerError internal for a limit that is not a whole number of at least 1. */
export function rowLimit(limit: number = defaultLimit): number {
  if (Number.isSafeInteger(limit) && limit >= 1) return limit;
  throw new LedgerError(`Cannot search the ledger: limit ${limit} is not a whole number of at least 1.`, {
    reason: 'internal',
  });
}

/** @throws LedgerError internal for a field that the table lacks or a value it cannot hold. */
export function packWhere<T extends TableName>(table: T, where: Partial<LedgerTables[T]>): PackedWhere {
  const packer = new Packer();
  const entries = Object.entries(where);
  for (const [field, value] of entries) packer.add(encodeField(table, field, columnOf(table, field), value));
  return { fields: entries.map(([field]) => field), packed: packer.finish() };
}
