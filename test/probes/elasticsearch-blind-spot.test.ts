import { describe, expect, test } from 'vitest';
import { blindSpotOf } from '../../probes/elasticsearch/blind-spot.ts';
import type { Elastic } from '../../probes/elasticsearch/elastic-client.ts';
import { askMetadata, type FieldMapping, type IndexMetadata } from '../../probes/elasticsearch/index-metadata.ts';
import { forever } from '../contract/bench.ts';

type Parts = Partial<Omit<IndexMetadata, 'fields'>> & { fields?: Record<string, FieldMapping> };
const index = ({ fields = { message: { type: 'text' } }, ...more }: Parts): IndexMetadata => ({
  ...{ name: 'logs-1', settings: {}, mappings: {}, ...more },
  fields: new Map(Object.entries(fields)),
});
const spotOf = (parts: Parts, fields = ['message']) =>
  blindSpotOf({ indices: [index({}), index(parts)], shut: [], narrowed: [] }, fields);
const inObject = (more: object) => ({ properties: { log: more } });

describe('blindSpotOf', () => {
  const blind: [string, Parts, RegExp, string[]?][] = [
    ['a runtime field', { mappings: { runtime: { message: {} } } }, /runtime.*Set fields/],
    ['a field alias', { fields: { message: { type: 'alias', path: 'log' } } }, /alias.*Set fields to "log"/],
    ['a type without lines', { fields: { message: { type: 'flattened' } } }, /flattened.*Set fields/],
    ['dynamic false', { fields: {}, mappings: { dynamic: 'false' } }, /dynamic.*Map the field/],
    ['a mapping switched off', { fields: {}, mappings: { enabled: false } }, /enabled.*Map the field/],
    ['dynamic false inherited', { fields: {}, mappings: { dynamic: false, ...inObject({}) } }, /dynamic/, ['log.line']],
    ['an object switched off', { fields: {}, mappings: inObject({ enabled: false }) }, /enabled/, ['log.line']],
    ['a nested object', { fields: {}, mappings: inObject({ type: 'nested' }) }, /nested/, ['log.line']],
    ['a multi-field that is missing', {}, /beside its parent/, ['message.keyword']],
    ['no refresh', { settings: { refresh_interval: '-1' } }, /refresh_interval -1.*Set/],
  ];
  for (const [name, parts, said, fields] of blind)
    test(`given ${name} in one of two indices, when judged, then the spot is named with what to change`, () => {
      const good = fields?.[0] === undefined ? {} : { [fields[0]]: { type: 'text' } };
      const found = blindSpotOf(
        { indices: [index({ fields: good }), index(parts)], shut: [], narrowed: [] },
        fields ?? ['message'],
      );
      expect(found).toMatch(said);
      expect(found).toContain('"logs-1"');
    });
  const clear: [string, Parts, string[]?][] = [
    ['a text field', {}],
    ['an index that would map the field when a line came', { fields: {} }],
    ['an index that would refuse the line', { fields: {}, mappings: { dynamic: 'strict' } }],
    [
      'dynamic switched on again inside',
      { fields: {}, mappings: { dynamic: false, ...inObject({ dynamic: true }) } },
      ['log.line'],
    ],
    ['one good field of two', { mappings: { dynamic: false } }, ['message', 'event.original']],
    ['no refresh of an index without writes', { settings: { refresh_interval: '-1', blocks: { write: 'true' } } }],
  ];
  for (const [name, parts, fields] of clear)
    test(`given ${name}, when judged, then nothing is hidden`, () => {
      expect(spotOf(parts, fields)).toBeUndefined();
    });
});

describe('askMetadata', () => {
  /** Answers by what is asked, in the words of the errand. */
  const clusterOf = (answers: Record<string, object>): Elastic => ({
    async ask({ what }, answer) {
      return answer.parse(answers[what.split(' ').slice(0, 3).join(' ')] ?? {});
    },
    close: async () => {},
  });
  const ask = (answers: Record<string, object>, expression: string) =>
    askMetadata(clusterOf(answers), expression, ['message'], forever.signal);

  test('given an alias of a data stream that filters, when asked, then it is named as narrowed', async () => {
    const answers = {
      'read the settings': { '.ds-flow-000001': { data_stream: 'flow' } },
      'read the names': { '.ds-flow-000001': {} },
      'read the aliases': { flow: { aliases: { part: { filter: { term: { tenant: 'a' } } } } } },
    };
    expect((await ask(answers, 'part'))?.narrowed).toEqual(['"part" on "flow"']);
    expect((await ask(answers, 'flow'))?.narrowed).toEqual([]);
  });
  test('given closed and frozen indices, when asked, then they are shut', async () => {
    const open = { 'logs-2': {}, 'logs-3': { settings: { index: { frozen: 'true' } } } };
    const answers = { 'read the settings': open, 'read the names': { 'logs-1': {}, ...open } };
    expect((await ask(answers, 'logs-*'))?.shut).toEqual(['logs-1', 'logs-3']);
  });
  test('given the mapping types of Elasticsearch 6, when asked, then the fields below them are read', async () => {
    const field = { full_name: 'message', mapping: { message: { type: 'keyword', ignore_above: 256 } } };
    const answers = {
      'read the settings': { 'logs-1': {} },
      'read the names': { 'logs-1': {} },
      'read the mappings': { 'logs-1': { mappings: { doc: { message: field } } } },
    };
    const metadata = await ask(answers, 'logs-1');
    expect(metadata?.indices[0]?.fields.get('message')).toEqual({ type: 'keyword', ignore_above: 256 });
  });
});
