import type { DatabaseSync } from 'node:sqlite';
import { tables } from './migrations/0001-tables.ts';
import { schedules } from './migrations/0002-schedules.ts';
import { receipts } from './migrations/0003-receipts.ts';

/** SQL that takes a ledger from version `index` to `index + 1` (`PRAGMA user_version`). Append only. */
export const migrations: readonly string[] = [tables, schedules, receipts];

/** `PRAGMA application_id` of a ledger: "lcn1" in ASCII. Keeps us from migrating somebody else's database. */
export const applicationId = 0x6c636e31;

/** Runs the missing migrations in order, each in a transaction of its own with the version it leads to. */
export function migrate(db: DatabaseSync, from: number, list: readonly string[]): void {
  for (let version = from; version < list.length; version += 1) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(list[version] ?? '');
      db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version + 1}; COMMIT`);
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}
