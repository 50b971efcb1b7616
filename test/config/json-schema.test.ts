import { describe, expect, it } from 'vitest';
import { variable } from '../../src/config/field.ts';
import { configJsonSchema, type SchemaNode } from '../../src/config/json-schema.ts';
import { keysAt, nodesAt } from '../../src/config/schema-node.ts';
import { fakeNotifiers, fakeProbes } from './fake-kinds.ts';

const schema = configJsonSchema(fakeProbes, fakeNotifiers);
const hop = ['pipelines', 0, 'hops', 0] as const;

describe('the JSON Schema for editors', () => {
  it('given all kinds, then it is draft 7 and survives JSON', () => {
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    expect(JSON.stringify(schema)).not.toContain('"$ref"');
  });

  it('given a hop, then its own keys, every kind that observes and no other is there, and unknown keys are refused', () => {
    expect(keysAt(schema, hop).sort()).toEqual(
      [
        'name',
        'after',
        'within',
        'poll',
        'timeout',
        'sample',
        'retention',
        'exclusive',
        'kinesis',
        'elasticsearch',
        'webhook',
      ].sort(),
    );
    const [node] = nodesAt(schema, hop);
    expect(node).toMatchObject({ additionalProperties: false, required: ['name', 'within'] });
    expect(node?.oneOf).toEqual([
      { required: ['kinesis'] },
      { required: ['elasticsearch'] },
      { required: ['webhook'] },
    ]);
  });

  it('given what is optional with a default, then an editor does not ask for it', () => {
    expect(schema.required).toEqual(['pipelines']);
    expect(nodesAt(schema, ['pipelines', 0])[0]?.required).toEqual(['name', 'inject', 'hops']);
  });

  it("given a probe's options, then they come with their descriptions", () => {
    const [stream] = nodesAt(schema, [...hop, 'kinesis', 'stream']);
    expect(stream?.description).toBe('Name of the stream.');
    expect(nodesAt(schema, [...hop, 'kinesis'])[0]?.description).toBe('Injection until the record can be read.');
  });

  it('given a text with constraints, then a variable is accepted in its place', () => {
    const secret = nodesAt(schema, ['keys', 0, 'secret']);
    const accepts = (text: string) => secret.some((node) => node.type === 'string' && fits(node, text));
    expect(accepts(variable('LOGCANARY_KEY'))).toBe(true);
    expect(accepts('file:key')).toBe(true);
    expect(accepts('long enough to be a key')).toBe(true);
    expect(accepts('short')).toBe(false);
  });

  it("given a notifier's object, then name, min_severity and their like may stand in it", () => {
    expect(keysAt(schema, ['notify', 0, 'slack'])).toEqual(
      expect.arrayContaining(['webhook_url', 'name', 'min_severity', 'only', 'fallback', 'locale']),
    );
  });
});

/** The two constraints that the schema of a secret has. */
function fits(node: SchemaNode, text: string): boolean {
  const longEnough = text.length >= Number(node.minLength ?? 0);
  return longEnough && (node.pattern === undefined || new RegExp(String(node.pattern)).test(text));
}
