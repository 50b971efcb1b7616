/** Rows of a ledger that a bad disk, a bad tool or a thief with write access changed: the types still fit, the values do not. */
import fc from 'fast-check';
import { decodeEmission, decodeVerdicts } from '../../src/core/block.ts';
import type { LedgerTables, TableName } from '../../src/core/ledger.ts';
import { Spans } from '../../src/core/spans.ts';
import { viewOf } from '../../src/engine/view.ts';
import { tableNames } from '../../src/ledger/columns.ts';
import { createMemoryLedger, type MemoryImage } from '../../src/ledger/memory.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { ByteReader } from '../../src/lib/varint.ts';
import { Bench, restored } from '../engine/harness.ts';
import { configOf } from '../engine/sandbox-config.ts';
import { Scene } from '../engine/scene.ts';
import { byteEdits, editBytes, editJson, editText, hostileNumbers, hostileValues, textEdits } from './mutation.ts';
import { checking, type FuzzTarget, pure, refuse } from './target.ts';

const bytes = fc.uint8Array({ maxLength: 400 });
/** Long runs that a varint reads as one number beyond all bounds. */
const blobs = fc.oneof(
  bytes,
  fc.nat(300).map((length) => new Uint8Array(length).fill(0xff)),
);

const blocks = fc.property(blobs, (data) => {
  for (const decode of [
    () => decodeEmission(0, data),
    () => decodeVerdicts(0, data),
    () => Spans.decode(new ByteReader(data)).at(7),
  ]) {
    try {
      decode();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
});

const edits = fc.array(
  fc.record({
    table: fc.constantFrom(...tableNames),
    row: fc.nat(),
    field: fc.nat(),
    number: hostileNumbers,
    text: textEdits,
    bytes: byteEdits,
    value: hostileValues,
    draw: fc.nat(),
  }),
  { minLength: 1, maxLength: 4 },
);
type Edit = (typeof edits extends fc.Arbitrary<infer T> ? T : never)[number];

function edited(was: unknown, edit: Edit): unknown {
  if (was instanceof Uint8Array) return new Uint8Array(editBytes(was, edit.bytes));
  if (typeof was === 'number') return edit.number;
  if (typeof was === 'boolean') return !was;
  if (was === null) return edit.number;
  if (typeof was === 'object') return editJson(was, edit.draw, edit.value);
  return editTextOrJson(String(was), edit);
}

/** Half of the texts of a ledger are JSON: damaged inside, so that it still parses. */
function editTextOrJson(text: string, edit: Edit): string {
  if (/^[[{]/.test(text) && edit.draw % 3 !== 0)
    return JSON.stringify(editJson(JSON.parse(text), edit.draw, edit.value));
  return editText(text, edit.text);
}

function damage(image: MemoryImage, list: readonly Edit[]): MemoryImage {
  const copy = structuredClone(image) as { rows: Record<TableName, Record<string, unknown>[]> } & MemoryImage;
  for (const edit of list) {
    const rows = copy.rows[edit.table];
    const row = rows[edit.row % Math.max(1, rows.length)];
    if (row === undefined) continue;
    const keys = Object.keys(row) as (keyof LedgerTables[TableName] & string)[];
    const key = keys[edit.field % keys.length];
    if (key !== undefined) row[key] = edited(row[key], edit);
  }
  return copy;
}

/** Some minutes with a stop in them: every table has rows. */
async function image(scene: Scene): Promise<{ image: MemoryImage; now: number }> {
  const bench = await Bench.open(scene, configOf());
  bench.run(40_000);
  scene.stage('index').stopped = true;
  bench.run(40_000);
  return { image: bench.ledger.image(), now: bench.now };
}

export const ledgerRowTargets: readonly FuzzTarget[] = [
  pure('ledger blobs', 500, blocks),
  {
    name: 'ledger rows: restored, or refused as corrupt',
    runs: 120,
    async open() {
      const scene = new Scene();
      const whole = await image(scene);
      const property = fc.asyncProperty(edits, async (list) => {
        try {
          const ledger = createMemoryLedger(damage(whole.image, list));
          const state = await restored(scene, configOf(), ledger, 2, whole.now);
          viewOf(state, { ok: true, problems: [] });
        } catch (error) {
          if (!(error instanceof LedgerError)) throw error;
          if (error.reason !== 'corrupt') refuse(`refused as ${error.reason}: ${error.message}`);
        }
      });
      return checking(property);
    },
  },
];
