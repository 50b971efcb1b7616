import { expect, test } from 'vitest';
import type { IncidentFacts } from '../../src/core/incident.ts';
import type { IncidentRow, OutboxRow } from '../../src/core/ledger.ts';
import { deliveryFaults, storyFaults, type Told } from './page-story.ts';

/** `trigger inc-1` on the key `k`. */
function told(...words: string[]): Told[] {
  return words.map((each) => {
    const [action = '', incident = '', key = 'k'] = each.split(' ');
    return { key, action, incident, what: 'stopped@index' };
  });
}

function row(action: OutboxRow['action'], incident: string, state: OutboxRow['state'] = 'sent'): OutboxRow {
  const facts = { id: incident, kind: 'stopped', hop: 'index', severity: 'critical' } as IncidentFacts;
  return {
    ...{ id: 1, incident: 1, notifier: 'pager', attempts: 1, queuedAt: 0, nextAt: 0, lastError: null, doneAt: null },
    action,
    facts,
    state,
  };
}

function incidentsOf(...rows: OutboxRow[]): Map<number, IncidentRow> {
  return new Map(rows.map(({ facts }, at) => [at, { facts } as IncidentRow]));
}

test('given turns with repetitions, when the story is looked at, then it is right', () => {
  const events = told(
    'trigger inc-1',
    'trigger inc-1',
    'resolve inc-1',
    'resolve inc-1',
    'trigger inc-2',
    'resolve inc-2',
  );
  expect(storyFaults(events)).toEqual([]);
  expect(storyFaults(told('trigger inc-1', 'trigger inc-2 other', 'resolve inc-1', 'resolve inc-2 other'))).toEqual([]);
});

test.each([
  ['a resolve first', ['resolve inc-1']],
  ['a trigger after its resolve', ['trigger inc-1', 'resolve inc-1', 'trigger inc-1']],
  ['a repetition after the next action', ['trigger inc-1', 'resolve inc-1', 'trigger inc-2', 'resolve inc-1']],
  ['two incidents at once under one key', ['trigger inc-1', 'trigger inc-2', 'resolve inc-2']],
  ['the end of another incident', ['trigger inc-1', 'resolve inc-2']],
])('given %s, when the story is looked at, then it is wrong', (_, words) => {
  expect(storyFaults(told(...words))).toHaveLength(1);
});

test('given what was told and committed, when the two are compared, then nothing speaks against it', () => {
  const rows = [row('trigger', 'inc-1'), row('update', 'inc-1'), row('resolve', 'inc-1', 'waiting')];
  expect(deliveryFaults(told('trigger inc-1', 'trigger inc-1'), rows, incidentsOf(...rows))).toEqual([]);
});

test('given a page that is in no row, a row that nobody heard of, a critical incident without rows, when compared, then each is found', () => {
  const rows = [row('trigger', 'inc-1')];
  expect(deliveryFaults(told('trigger inc-1', 'resolve inc-1'), rows, new Map())).toEqual([
    'resolve of inc-1 (stopped@index) was told and is not in the ledger',
  ]);
  expect(deliveryFaults([], rows, new Map())).toEqual([
    'trigger of inc-1 (stopped@index) is called sent and nobody heard it',
  ]);
  expect(deliveryFaults([], [], incidentsOf(row('trigger', 'inc-2')))).toEqual([
    'inc-2 (stopped@index) is critical and nobody was to be told',
  ]);
});
