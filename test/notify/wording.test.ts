import { describe, expect, test } from 'vitest';
import { type IncidentFacts, type IncidentKind, incidentKinds } from '../../src/core/incident.ts';
import { lines, plainLine, title } from '../../src/notify/wording.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';

const told = (facts: IncidentFacts, zone = 'Asia/Tokyo') => lines(facts).map((line) => plainLine(line, facts, zone));

describe('the title', () => {
  test.each([
    ['stopped', {}, 'prod logs STOPPED stream→index: 3/3 streams'],
    ['slow', {}, 'prod logs SLOW stream→index: 3/3 streams'],
    ['lossy', {}, 'prod logs LOSSY stream→index (some lines missing): 3/3 streams'],
    ['duplicated', {}, 'prod logs DUPLICATED stream→index: 3/3 streams'],
    ['corrupted', {}, 'prod logs CORRUPTED stream→index: 3/3 streams'],
    ['unreadable', {}, 'prod index UNREADABLE: it refuses or errors; flow unknown, not proof of loss'],
    ['blind', {}, 'prod index BLIND: logcanary cannot look there (our side); not proof of loss'],
    ['isolated', { hop: 'logcanary' }, 'logcanary tokyo ISOLATED: nothing answers it; flow unknown, not proof of loss'],
    [
      'reading',
      { hop: 'elasticsearch-disk', detail: 'es-1 at 91% of 95%, full in 3 h' },
      'prod elasticsearch-disk READING: es-1 at 91% of 95%, full in 3 h',
    ],
    [
      'injection',
      { hop: 'emitter' },
      'prod INJECTION failing: 3/3 streams without proof of canaries; flow unknown, not loss',
    ],
    ['forged', { detail: 'a wrong signature' }, 'prod FORGED canaries at index: a wrong signature'],
    ['clock', { hop: 'logcanary', detail: '' }, 'logcanary tokyo CLOCK stepped: times may be off'],
    ['unproven', {}, 'prod index UNPROVEN: no canary was ever seen there; check its settings'],
    ['silent', { hop: 'alertmanager' }, 'prod alertmanager SILENT: its expected ping is missing'],
    ['ledger', { hop: 'logcanary', detail: 'disk full' }, 'logcanary tokyo LEDGER FAILED: disk full'],
  ] as const)('given %s, then it alone says what and where', (kind, changes, expected) => {
    expect(title(sampleFacts({ kind, ...changes }))).toBe(expected);
    expect(expected.length).toBeLessThanOrEqual(100);
  });

  test('given every kind, then its recovery begins with RECOVERED, says for how long, and fits a phone', () => {
    for (const kind of incidentKinds) {
      expect(title(resolvedFacts({ kind }))).toMatch(/^RECOVERED .+ after 24 min$/);
      expect(title(resolvedFacts({ kind })).length).toBeLessThanOrEqual(100);
    }
  });

  test('given a break above the first hop, then it says after the emitters', () => {
    const facts = sampleFacts({ hop: 'stream', between: { from: 'the emitters', to: 'stream' } });
    expect(title(facts)).toBe('prod logs STOPPED emitters→stream: 3/3 streams');
  });

  test('given an unreadable hop in between, then the whole span is named', () => {
    const facts = sampleFacts({ between: { from: 'the emitters', to: 'index' }, unreadable: ['stream'] });
    expect(title(facts)).toBe(
      'prod logs STOPPED after the emitters, before index; the stream is unreadable: 3/3 streams',
    );
    expect(told(facts)[1]).toContain('Where: after the emitters, before index; the stream is unreadable.');
  });

  test('given several unreadable hops, then they are counted together', () => {
    const facts = sampleFacts({ between: { from: 'agent', to: 'index' }, unreadable: ['buffer', 'stream', 'lambda'] });
    expect(title(facts)).toContain('the buffer, stream and 1 more are unreadable');
  });

  test('given nothing known of the parent, then it says at the hop', () => {
    const { between: _, ...facts } = sampleFacts();
    expect(title(facts)).toBe('prod logs STOPPED at index: 3/3 streams');
  });

  test('given streams that labels tell apart, then title and text say which, and no more than two', () => {
    const labels = ['zone=1c', 'pool=spot', 'arch=arm64'];
    const facts = sampleFacts({ streams: { affected: 14, total: 42, names: ['node-a'], labels } });
    expect(title(facts)).toBe('prod logs STOPPED stream→index: 14/42 streams, mostly zone=1c, pool=spot');
    expect(told(facts)[1]).toContain('14 of 42 streams, mostly zone=1c, pool=spot (node-a and 13 more).');
    expect(title(sampleFacts({ streams: { ...facts.streams, labels: [] } }))).not.toContain('mostly');
  });

  test('given no streams concerned, then none are counted', () => {
    expect(title(sampleFacts({ streams: { affected: 0, total: 0, names: [] } }))).toBe(
      'prod logs STOPPED stream→index',
    );
  });

  test('given a test page, then it says so first, and in the text', () => {
    expect(title(sampleFacts({ test: true }))).toMatch(/^TEST prod logs STOPPED/);
    expect(told(sampleFacts({ test: true }))[0]).toMatch(/^This is a test page: nothing is broken\. Since/);
  });

  test('given names with line feeds, escapes, text direction and a whole token, then it is one harmless line', () => {
    const token = `lcn1${'a2'.repeat(23)}b0`;
    const said = title(
      sampleFacts({ kind: 'forged', pipeline: 'pr\r\nod\u001b[31m', hop: '\u202eindex', detail: `saw ${token}` }),
    );
    expect(said).toBe('pr od [31m FORGED canaries at index: saw lcn1a2a2a2a…');
  });
});

describe('the lines', () => {
  test('given a stopped pipeline at 3 a.m., then five lines say the rest', () => {
    expect(told(sampleFacts())).toEqual([
      'Since 03:02 Asia/Tokyo (18:02Z). Canary lines: 420 overdue, none declared lost. They may still arrive: loss is decided at 09:02 Asia/Tokyo (00:02Z).',
      'Where: stream→index. 3 of 3 streams (node-a, node-b, node-c). Looks complete: 8 of 8.',
      'All canaries of the last 5 minutes are overdue.',
      'First look: kubectl -n logging logs deploy/consumer --since=15m · iterator age of stream logs',
      'Not paged, behind it: alert.',
    ]);
  });

  test('given changes shortly before, then the newest three are said with their times, and how many more there are', () => {
    const what = (at: number) => ({
      at: sampleSince - at * 60_000,
      what: `ConfigMap logging/c-${at}: changed by helm`,
    });
    const all = told(sampleFacts({ changed: [1, 2, 3, 4, 5].map(what) }));
    expect(all).toHaveLength(6);
    expect(all[3]).toBe(
      'Changed shortly before: 03:01 Asia/Tokyo (18:01Z) ConfigMap logging/c-1: changed by helm; ' +
        '03:00 Asia/Tokyo (18:00Z) ConfigMap logging/c-2: changed by helm; ' +
        '02:59 Asia/Tokyo (17:59Z) ConfigMap logging/c-3: changed by helm; and 2 more.',
    );
    const one = told(sampleFacts({ changed: [{ at: sampleSince, what: `a\nb${'c'.repeat(500)}` }] }))[3];
    expect(one).toMatch(/^Changed shortly before: 03:02 Asia\/Tokyo \(18:02Z\) a bc{116}…\.$/);
    expect(told(resolvedFacts({ changed: [what(1)] })).join()).not.toContain('Changed');
  });

  test('given figures that will be at their limit, then when that is, and how sure, in a line of its own', () => {
    const hour = 3_600_000;
    const runway = [
      {
        what: 'disk es-1: flood stage',
        at: sampleSince + hour,
        earliest: sampleSince + hour / 2,
        latest: sampleSince + 2 * hour,
      },
      { what: 'stream\nlogs: retention', at: sampleSince + 24 * hour, earliest: sampleSince + 20 * hour },
    ];
    expect(told(sampleFacts({ runway }))[3]).toBe(
      'Runway: disk es-1: flood stage 04:02 Asia/Tokyo (19:02Z) (03:32–05:02); ' +
        'stream logs: retention 2026-11-21 03:02 Asia/Tokyo (18:02Z) (23:02 or later).',
    );
    expect(told(resolvedFacts({ runway })).join()).not.toContain('Runway');
  });

  test('given a recovery with everything settled, then nothing is left to do and all is accounted for', () => {
    expect(told(resolvedFacts())).toEqual([
      'Over at 03:26 Asia/Tokyo (18:26Z), began 03:02 Asia/Tokyo (18:02Z). Canary lines: 2016 late, none declared lost, all accounted for.',
      'Where: stream→index. 3 of 3 streams (node-a, node-b, node-c). Looks complete: 8 of 8.',
      'All canaries of the last 5 minutes are overdue.',
    ]);
  });

  test.each(['overdue', 'pending', 'unverifiable', 'lost'] as const)(
    'given a recovery with canaries still %s, then they are not all accounted for',
    (verdict) => {
      expect(told(resolvedFacts({ counts: { delayed: 5, [verdict]: 1 } })).join()).not.toContain('accounted for');
    },
  );

  test('given canaries that could not be checked, then they are told apart from lost ones', () => {
    const [first] = told(sampleFacts({ counts: { overdue: 3, unverifiable: 12, lost: 2 } }));
    expect(first).toContain(
      '3 overdue, 12 we could not check (not counted as lost), 2 declared lost. The next loss is decided at',
    );
  });

  test('given no counts, then no number is made up', () => {
    expect(told(sampleFacts({ counts: {} }))[0]).not.toContain('lost,');
    expect(told(sampleFacts({ counts: {} }))[0]).not.toContain('none');
  });

  test.each<IncidentKind>(['unreadable', 'blind', 'isolated'])(
    'given %s, then it says that not looking is not losing',
    (kind) => {
      const facts = sampleFacts({ kind, counts: { unverifiable: 9 }, looks: { complete: 0, asked: 8 } });
      const text = [title(facts), ...told(facts)].join('\n');
      expect(text).toContain('We could not look, which is not loss');
      expect(text).toContain('Looks complete: 0 of 8.');
      expect(text).not.toMatch(/\d (declared )?lost/);
    },
  );

  test('given a moment on another day, then its date is said', () => {
    const facts = sampleFacts({ since: sampleSince - 86_400_000 });
    expect(told(facts)[0]).toContain('Since 2026-11-19 03:02 Asia/Tokyo (18:02Z).');
  });

  test('given a machine on UTC, then one time is enough', () => {
    expect(told(sampleFacts(), 'UTC')[0]).toContain('Since 18:02Z. ');
  });

  test('given every kind and state with nothing else known, then no line is empty and none says undefined', () => {
    for (const kind of incidentKinds) {
      const bare = {
        kind,
        pipeline: '',
        hop: '',
        detail: '',
        firstLook: [],
        behind: [],
        counts: {},
        looks: { complete: 0, asked: 0 },
      };
      for (const facts of [sampleFacts(bare), resolvedFacts(bare)]) {
        for (const line of [title(facts), ...told(facts)]) expect(line.trim()).toMatch(/^(?!.*undefined).{5,}$/);
      }
    }
  });

  test('given 100 KB of detail with line feeds, then it is cut to one line', () => {
    const [, , detail = ''] = told(sampleFacts({ detail: 'a\n'.repeat(50_000) }));
    expect(Array.from(detail).length).toBe(400);
    expect(detail).toMatch(/^(a )+a?…$/);
  });
});
