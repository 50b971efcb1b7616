import { describe, expect, test } from 'vitest';
import { evidenceOf } from '../../src/core/evidence.ts';
import { type IncidentFacts, type IncidentKind, incidentKinds } from '../../src/core/incident.ts';
import { locales } from '../../src/core/pipeline.ts';
import { voiceOf } from '../../src/notify/voice.ts';
import { plainText, title } from '../../src/notify/wording.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';

const told = (facts: IncidentFacts, zone = 'Asia/Tokyo') => plainText(facts, voiceOf({ zone })).split('\n');

describe('the title', () => {
  const disk = {
    figure: 'elasticsearch-disk es-1',
    used: 0.882,
    limit: 'flood stage 95%',
    left: 3 * 3_600_000,
    earliest: 2 * 3_600_000,
  };

  test.each([
    ['stopped', {}, 'prod logs STOPPED stream→index: all 3 nodes'],
    ['slow', {}, 'prod logs SLOW stream→index: all 3 nodes'],
    ['lossy', {}, 'prod LOSING LINES stream→index: all 3 nodes'],
    ['duplicated', {}, 'prod logs DUPLICATED stream→index: all 3 nodes'],
    ['corrupted', {}, 'prod logs CORRUPTED stream→index: all 3 nodes'],
    ['unreadable', {}, 'prod index UNREADABLE: refuses or errors; not proof of loss'],
    ['blind', {}, 'prod index: logcanary is BLIND (its own side); not proof of loss'],
    ['isolated', { hop: 'logcanary' }, 'logcanary tokyo CUT OFF: nothing answers it; not proof of loss'],
    [
      'reading',
      { hop: 'elasticsearch-disk', detail: 'index logs-1 refuses writes' },
      'prod elasticsearch-disk UNHEALTHY: index logs-1 refuses writes',
    ],
    [
      'reading',
      { evidence: [evidenceOf('figure-perhaps-soon', disk)] },
      'prod elasticsearch-disk es-1 at 88.2 %: 3 h to flood stage 95%',
    ],
    ['injection', { hop: 'emitter' }, 'prod TEST LINES NOT WRITTEN: all 3 nodes; flow unknown'],
    ['forged', { detail: 'a wrong signature' }, 'prod index FORGED test lines arrive: not signed by us'],
    ['clock', { hop: 'logcanary', detail: '' }, 'logcanary tokyo CLOCK jumped: times may be off'],
    [
      'clock',
      { hop: 'logcanary', evidence: [evidenceOf('clock-ahead', { by: 60_000 })] },
      'logcanary tokyo CLOCK jumped 60 s forward; no effect on alerts',
    ],
    ['unproven', {}, "prod index NEVER SEEN WORKING: check logcanary's settings"],
    [
      'unproven',
      { hop: 'cron', evidence: [evidenceOf('ping-never', { name: 'cron', for: 7_200_000, every: 3_600_000 })] },
      'tokyo cron NEVER HEARD, no ping for 2 h: did it run?',
    ],
    [
      'silent',
      { hop: 'cron', evidence: [evidenceOf('ping-late', { name: 'cron', for: 900_000, every: 60_000 })] },
      'tokyo cron SILENT: no ping for 15 min',
    ],
    ['ledger', { hop: 'logcanary', detail: 'disk full' }, 'logcanary tokyo DISK FULL: other pages may not come'],
    [
      'ledger',
      { hop: 'logcanary', detail: 'file is not a database' },
      'logcanary tokyo LEDGER FAILED: file is not a database',
    ],
  ] as const)('given %s, then it alone says what and where, and a phone shows it', (kind, changes, expected) => {
    expect(title(sampleFacts({ kind, ...changes }))).toBe(expected);
    expect(expected.length).toBeLessThanOrEqual(72);
  });

  test('given every kind, then its end says for how long, fits a phone, and is a recovery only where nothing is left behind', () => {
    const ended = new Set(['lossy', 'duplicated', 'corrupted', 'vanished', 'misrouted']);
    for (const kind of incidentKinds) {
      const word = ended.has(kind) ? 'ENDED' : 'RECOVERED';
      expect(title(resolvedFacts({ kind }))).toMatch(new RegExp(`^${word} after 24 min: .+`));
      expect(title(resolvedFacts({ kind })).length).toBeLessThanOrEqual(100);
    }
  });

  test('given a break above the first hop, then it says after the emitters', () => {
    const facts = sampleFacts({ hop: 'stream', between: { from: 'the emitters', to: 'stream' } });
    expect(title(facts)).toBe('prod logs STOPPED nodes→stream: all 3 nodes');
    expect(told(facts)[1]).toContain('OK up to: nodes. Broken at: stream.');
  });

  test('given an unreadable hop in between, then the whole span is named', () => {
    const facts = sampleFacts({ between: { from: 'the emitters', to: 'index' }, unreadable: ['stream'] });
    expect(title(facts)).toBe('prod logs STOPPED nodes→index (stream unreadable): all 3 nodes');
    expect(told(facts)[1]).toContain(
      'Broken somewhere between nodes and index; logcanary cannot read stream, so it may be before or after it.',
    );
  });

  test('given several unreadable hops, then they are counted together', () => {
    const facts = sampleFacts({ between: { from: 'agent', to: 'index' }, unreadable: ['buffer', 'stream', 'lambda'] });
    expect(title(facts)).toContain('agent→index (buffer, stream and 1 more unreadable)');
  });

  test('given nothing known of the parent, then it says at the hop', () => {
    const { between: _, ...facts } = sampleFacts();
    expect(title(facts)).toBe('prod logs STOPPED at index: all 3 nodes');
  });

  test('given streams that labels tell apart, then title and text say which, and no more than two', () => {
    const labels = ['zone=1c', 'pool=spot', 'arch=arm64'];
    const facts = sampleFacts({ streams: { affected: 14, total: 42, names: ['node-a'], labels } });
    expect(title(facts)).toBe('prod logs STOPPED stream→index: 14/42 sources, mostly zone=1c, pool=spot');
    expect(told(facts)[1]).toContain('14 of 42 sources, mostly zone=1c, pool=spot: node-a and 13 more.');
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
      sampleFacts({ kind: 'ledger', deployment: 'pr\r\nod\u001b[31m', hop: '\u202eindex', detail: `saw ${token}` }),
    );
    expect(said).toBe('logcanary pr od [31m LEDGER FAILED: saw lcn1a2a2a2a…');
  });
});

describe('the lines', () => {
  test('given a stopped pipeline at 3 a.m., then six lines say the rest, and the zone once', () => {
    expect(told(sampleFacts())).toEqual([
      "Critical: act now. Since 03:02 JST (18:02Z). logcanary's test lines (canaries): 420 overdue, none known to be lost. They may still arrive: we count lines as lost only from 09:02 (00:02Z) on (our rule, no deadline to act).",
      'OK up to: stream. Broken at: index. All 3 nodes: node-a, node-b, node-c. logcanary can read index (last 8 reads OK).',
      'All canaries of the last 5 minutes are overdue.',
      'First look: 1. `kubectl -n logging logs deploy/consumer --since=15m`: refused writes?',
      '2. iterator age of stream logs',
      'Downstream, not paged separately: alert.',
    ]);
  });

  test('given changes shortly before, then the newest three are said with their times, and how many more there are', () => {
    const what = (at: number) => ({
      at: sampleSince - at * 60_000,
      what: `ConfigMap logging/c-${at}: changed by helm`,
    });
    const all = told(sampleFacts({ changed: [1, 2, 3, 4, 5].map(what) }));
    expect(all).toHaveLength(7);
    expect(all[3]).toBe(
      'Changed shortly before: 03:01 (18:01Z) ConfigMap logging/c-1: changed by helm; ' +
        '03:00 (18:00Z) ConfigMap logging/c-2: changed by helm; ' +
        '02:59 (17:59Z) ConfigMap logging/c-3: changed by helm; and 2 more.',
    );
    const one = told(sampleFacts({ changed: [{ at: sampleSince, what: `a\nb${'c'.repeat(500)}` }] }))[3];
    expect(one).toMatch(/^Changed shortly before: 03:02 \(18:02Z\) a bc{116}…\.$/);
    expect(told(resolvedFacts({ changed: [what(1)] })).join()).not.toContain('Changed');
  });

  test('given figures that will be at their limit, then by when to act, and how sure, before anything else', () => {
    const hour = 3_600_000;
    const runway = [
      {
        what: 'disk es-1: flood stage',
        at: sampleSince + hour,
        earliest: sampleSince + hour / 2,
        latest: sampleSince + 2 * hour,
      },
      {
        ...{ what: '', figure: 'stream\nlogs', limit: 'retention' },
        at: sampleSince + 24 * hour,
        earliest: sampleSince + 20 * hour,
      },
    ];
    expect(told(sampleFacts({ runway })).slice(0, 2)).toEqual([
      'Critical. Act before 04:02 JST (19:02Z) (03:32–05:02): disk es-1: flood stage; ' +
        '2026-11-21 03:02 (18:02Z) (23:02 or later): stream logs reaches retention.',
      expect.stringMatching(/^Since 03:02 \(18:02Z\)\. /),
    ]);
    expect(told(resolvedFacts({ runway })).join()).not.toContain('Act before');
  });

  test('given a recovery with everything settled, then nothing is left to do and all is accounted for', () => {
    expect(told(resolvedFacts())).toEqual([
      "Over at 03:26 JST (18:26Z), after 24 min, began 03:02. logcanary's test lines (canaries): 2,016 late, 0 lost, all accounted for.",
      'It was between stream and index. All 3 nodes: node-a, node-b, node-c.',
      'Said while it lasted: “All canaries of the last 5 minutes are overdue.”',
    ]);
  });

  test.each(['overdue', 'unverifiable', 'lost'] as const)(
    'given a recovery with canaries still %s, then they are not all accounted for',
    (verdict) => {
      expect(told(resolvedFacts({ counts: { delayed: 5, [verdict]: 1 } })).join()).not.toContain('accounted for');
    },
  );

  test('given a recovery with new canaries that are not due yet, then those that were due are accounted for', () => {
    expect(told(resolvedFacts({ counts: { delayed: 5, pending: 2 } }))[0]).toMatch(
      / 5 late, 0 lost, all that were due are accounted for\.$/,
    );
  });

  test('given canaries that could not be checked, then they are told apart from lost ones', () => {
    const [first] = told(sampleFacts({ counts: { overdue: 3, unverifiable: 12, lost: 2 } }));
    expect(first).toContain(
      '3 overdue, 12 we could not check, 2 counted as lost. Counted as lost: not arrived in time. If stream still holds them, they can still arrive.',
    );
  });

  test('given no counts, then no number is made up', () => {
    const [first] = told(sampleFacts({ counts: {}, lossDecidedAt: undefined as never }));
    expect(first).toBe('Critical: act now. Since 03:02 JST (18:02Z).');
  });

  test.each<IncidentKind>(['unreadable', 'blind', 'isolated'])(
    'given %s, then it says that not looking is not losing',
    (kind) => {
      const facts = sampleFacts({ kind, counts: { unverifiable: 9 }, looks: { complete: 0, asked: 8 } });
      const text = [title(facts), ...told(facts)].join('\n');
      expect(text).toContain('Whether lines are lost is unknown: none is counted as lost until we can look again.');
      expect(text).toContain('logcanary cannot read index (none of the last 8 reads OK).');
      expect(text).not.toMatch(/\d lost/);
    },
  );

  test('given a moment on another day, then its date is said', () => {
    const facts = sampleFacts({ since: sampleSince - 86_400_000 });
    expect(told(facts)[0]).toContain('Since 2026-11-19 03:02 JST (18:02Z).');
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

  test('given evidence of another version, then its English is said, in every language', () => {
    const evidence = [evidenceOf('ran-out', {}), { key: 'of-tomorrow', values: {} }];
    const facts = sampleFacts({ evidence, detail: 'Some words of tomorrow.' });
    for (const locale of locales)
      expect(plainText(facts, voiceOf({ locale })).split('\n')).toContain('Some words of tomorrow.');
  });

  test('given a command with line feeds, a whole token and a mention, then it is one harmless line', () => {
    const token = `lcn1${'a2'.repeat(23)}b0`;
    const advice = [{ run: `ls\n'{path}'`, see: 'ok?\u202e', values: { path: `${token} <!here>` } }];
    expect(told(sampleFacts({ advice }))[3]).toBe("First look: `ls 'lcn1a2a2a2a… <!here>'`: ok?");
  });

  test('given 100 KB of detail with line feeds, then it is cut to one line', () => {
    const [, , detail = ''] = told(sampleFacts({ detail: 'a\n'.repeat(50_000) }));
    expect(Array.from(detail).length).toBe(400);
    expect(detail).toMatch(/^(a )+a?…$/);
  });
});
