/** Damage of the kinds that disks, proxies, editors and attackers do. Pure: the same draw gives the same damage. */
import fc from 'fast-check';

/** What breaks parsers, inserted anywhere. */
const spice = [
  '\0',
  '\r\n',
  '\u2028',
  '\u202e',
  '\ufeff',
  '🐤',
  '\ud800',
  '${',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a variable of the configuration
  '${SECRET}',
  'file:',
  '<<: *a',
  '&a ',
  '*a',
  '!!binary ',
  '__proto__: ',
  '{'.repeat(40),
  '['.repeat(40),
  '- '.repeat(40),
  '"',
  "'",
  '\\',
  '\t',
  '# ',
  '---\n',
  '1e999',
  '-0',
  '0x7fffffffffffffff',
  '9'.repeat(400),
  'null',
  '~',
  '<script>',
  '%00',
] as const;

export const spices = fc.constantFrom(...spice);

interface TextEdit {
  readonly at: number;
  readonly length: number;
  readonly insert: string;
}

const textEdit: fc.Arbitrary<TextEdit> = fc.record({
  at: fc.nat(),
  length: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(80)),
  insert: fc.oneof(spices, fc.constant(''), fc.string({ maxLength: 6 })),
});
export const textEdits = fc.array(textEdit, { minLength: 1, maxLength: 5 });

/** Cuts pieces out and puts others in. */
export function editText(text: string, edits: readonly TextEdit[]): string {
  return edits.reduce((done, { at, length, insert }) => {
    const from = at % (done.length + 1);
    return done.slice(0, from) + insert + done.slice(from + length);
  }, text);
}

interface ByteEdit {
  readonly at: number;
  readonly kind: 'flip' | 'set' | 'cut' | 'fill' | 'repeat';
  readonly value: number;
}

const byteEdit: fc.Arbitrary<ByteEdit> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('flip', 'flip', 'set', 'cut', 'fill', 'repeat'),
  value: fc.nat(255),
});
export const byteEdits = fc.array(byteEdit, { minLength: 1, maxLength: 6 });

/** Flipped bits, overwritten stretches, a lost or repeated end. */
export function editBytes(bytes: Uint8Array, edits: readonly ByteEdit[]): Buffer {
  let done = Buffer.from(bytes);
  for (const { at, kind, value } of edits) {
    if (done.length === 0) break;
    const place = at % done.length;
    const was = done[place] ?? 0;
    if (kind === 'flip') done[place] = was ^ (1 << (value % 8));
    else if (kind === 'set') done[place] = value;
    else if (kind === 'cut') done = done.subarray(0, place);
    else if (kind === 'fill') done.fill(value, place, Math.min(done.length, place + 64));
    else done = Buffer.concat([done, done.subarray(place, place + 256)]);
  }
  return done;
}

/** Numbers that a counter, a time or a length must survive. */
export const hostileNumbers = fc.constantFrom(
  ...[0, -1, 1, 255, 256, 2 ** 25, 2 ** 31, 2 ** 32, 2 ** 35, 2 ** 45, 8.64e15, 8.64e15 + 1, 1e15 - 1],
  ...[Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0.5, 1e300, -1e300, 5e-324],
);

export const hostileValues: fc.Arbitrary<unknown> = fc.oneof(
  hostileNumbers,
  spices,
  fc.constantFrom<unknown>(null, true, [], {}, '', [null], { length: -1 }, JSON.parse('{"__proto__":{"x":1}}')),
  fc.string({ maxLength: 12 }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A copy of a JSON value with the scalar, list or object at a drawn place replaced. */
export function editJson(value: unknown, draw: number, by: unknown): unknown {
  const copy = structuredClone(value);
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (holder: unknown) => {
    if (typeof holder !== 'object' || holder === null || ArrayBuffer.isView(holder)) return;
    for (const [key, child] of Object.entries(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      visit(child);
    }
  };
  visit(copy);
  const place = places[draw % Math.max(1, places.length)];
  if (place === undefined) return by;
  place.holder[place.key] = by;
  return copy;
}
