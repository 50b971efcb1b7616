import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRemark, nameOf, readSample } from '../../../probes/agents/prometheus-text.ts';

describe('the Prometheus text format', () => {
  const cases: [string, object][] = [
    ['up 1', { name: 'up', labels: {}, value: 1 }],
    [
      'fluentbit_uptime{hostname="vm"} 36 1795162301263',
      { name: 'fluentbit_uptime', labels: { hostname: 'vm' }, value: 36 },
    ],
    ['a:b_total{} 1.5e3', { name: 'a:b_total', labels: {}, value: 1500 }],
    ['a{ x = "1" , y="2", } -0.5', { name: 'a', labels: { x: '1', y: '2' }, value: -0.5 }],
    ['a{path="C:\\\\x \\"y\\"\\nz"} 1', { name: 'a', labels: { path: 'C:\\x "y"\nz' }, value: 1 }],
    ['a{b="x } 7"} +Inf', { name: 'a', labels: { b: 'x } 7' }, value: Number.POSITIVE_INFINITY }],
    ['a NaN', { name: 'a', labels: {}, value: Number.NaN }],
    ['a_bucket{le="1"} 3 # {trace_id="x"} 0.5', { name: 'a_bucket', labels: { le: '1' }, value: 3 }],
    ['a{__proto__="x"} 1', { name: 'a', labels: JSON.parse('{"__proto__":"x"}'), value: 1 }],
  ];
  test.each(cases)('given %s, when read, then it is that sample', (line, sample) => {
    const read = readSample(line);
    expect({ ...read, labels: Object.entries(read?.labels ?? {}) }).toEqual({
      ...sample,
      labels: Object.entries((sample as { labels: object }).labels),
    });
  });

  const broken = [
    '',
    'a',
    'a{',
    'a{b} 1',
    'a{b="1" 2',
    'a{b="1"}',
    'a{b="1}',
    'a one',
    'a 0x1f',
    '1a 2',
    '<html>',
    '{"a":1}',
    'a 1 2 3',
    '42',
  ];
  test.each(broken)('given %s, when read, then it is none', (line) => {
    expect(readSample(line)).toBeUndefined();
  });

  test('given remarks and empty lines, when asked, then they are told from samples', () => {
    expect(['# HELP a b', '', '  ', '\t# EOF'].map(isRemark)).toEqual([true, true, true, true]);
    expect(['a 1', 'a{b="#"} 1'].map(isRemark)).toEqual([false, false]);
  });

  const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/);
  const labels = fc.dictionary(
    fc.stringMatching(/^[a-z_][a-z0-9_]{0,10}$/),
    fc.string({ unit: 'binary', maxLength: 20 }),
    { maxKeys: 5 },
  );
  const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

  test('given any sample, when written by the rules, then it is read as it was', () => {
    fc.assert(
      fc.property(name, labels, fc.double(), (metric, values, value) => {
        const written = Object.entries(values).map(([key, text]) => `${key}="${escaped(text)}"`);
        const number = Number.isFinite(value)
          ? String(value)
          : Number.isNaN(value)
            ? 'NaN'
            : `${value < 0 ? '-' : '+'}Inf`;
        const line = `${metric}{${written.join(',')}} ${number}`;
        const read = readSample(line);
        expect(nameOf(line)).toBe(metric);
        expect(read?.value).toBe(Number(number.replace('Inf', 'Infinity')));
        expect(Object.entries(read?.labels ?? {}).toSorted()).toEqual(Object.entries(values).toSorted());
      }),
    );
  });

  test('given any text, when read, then it is a sample or none, in time that grows with its length only', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(fc.constantFrom('a', '{', '}', '"', '\\', ',', '=', ' ', '1', '#', 'e', '.', '-'), { maxLength: 400 })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const read = readSample(text);
        if (read !== undefined) expect(typeof read.value).toBe('number');
      }),
    );
    for (const long of [
      'a{'.padEnd(60_000, 'b'),
      `a{b="${'\\'.repeat(60_001)}`,
      `a ${'1 '.repeat(30_000)}`,
      'a '.padEnd(60_000),
      `a 1 ${'1e'.repeat(30_000)}`,
    ])
      expect(readSample(long)).toBeUndefined();
  });
});
