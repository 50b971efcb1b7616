import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { IncidentFacts } from '../../src/core/incident.ts';
import { sampleFacts } from '../fakes/incident-facts.ts';

/** Looks everywhere an error may be printed from: message, stack, fields and causes, however deep. */
export function expectNoSecret(error: Error, secrets: readonly string[]): void {
  const printed = `${inspect(error, { depth: 20, showHidden: true, maxStringLength: null })}${JSON.stringify(error)}`;
  for (const secret of secrets) expect(printed).not.toContain(secret);
}

/** Facts that have broken a message somewhere. */
export function awkward(): [string, IncidentFacts][] {
  const many = Array.from({ length: 10_000 }, (_, n) => `ip-10-0-${n}-${'x'.repeat(50)}`);
  const streams = { affected: 10_000, total: 10_000, names: many };
  return [
    ['10,000 stream names', sampleFacts({ streams })],
    ['100 KB of detail', sampleFacts({ detail: 'a'.repeat(100_000) })],
    [
      '100 KB of detail that must be escaped',
      sampleFacts({ detail: '<&>'.repeat(34_000), firstLook: ['&'.repeat(9_000)] }),
    ],
    [
      'names of 100 KB',
      sampleFacts({ pipeline: 'p'.repeat(100_000), hop: 'é'.repeat(100_000), deployment: '日'.repeat(100_000) }),
    ],
    ['a dedup key of 300 characters', sampleFacts({ dedupKey: 'k'.repeat(300) })],
    [
      'a name that would ping a channel',
      sampleFacts({ pipeline: '<!channel>', streams: { affected: 1, total: 1, names: ['<@U1>'] } }),
    ],
    [
      'Japanese and emoji',
      sampleFacts({ pipeline: '本番ログ', hop: '索引👩‍👩‍👧‍👦', detail: '遅延しています🔥'.repeat(2_000) }),
    ],
    [
      'control characters and lone surrogates',
      sampleFacts({ hop: 'a\u0000\r\n\u202eb\ud800', detail: '\u001b[31mred\u0007' }),
    ],
    [
      'nothing but a kind',
      sampleFacts({ pipeline: '', hop: '', deployment: '', detail: '', firstLook: [], behind: [], counts: {} }),
    ],
  ];
}
