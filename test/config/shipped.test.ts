import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import probes from '../../probes/index.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { kindsByPlace } from '../../src/config/schema.ts';
import { nodesAt } from '../../src/config/schema-node.ts';
import notifiers from '../../src/notify/index.ts';
import { openNodeFolder } from '../../src/sandbox/node-folder.ts';
import { sandboxConfigText } from '../../src/sandbox/sandbox-config.ts';

const dir = mkdtempSync(join(tmpdir(), 'logcanary-shipped-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('the kinds that ship with logcanary', () => {
  it('given the configuration that the sandbox writes, then it has no faults and the timing of the design', async () => {
    const text = sandboxConfigText({
      runListen: '127.0.0.1:9781',
      pageTo: new URL('http://127.0.0.1:9999/v2/enqueue'),
      secrets: { key: 'k'.repeat(43), http: 'h'.repeat(43), routingKey: '0123456789abcdef0123456789abcdef' },
      nodes: ['node-a', 'node-b', 'node-c'].map((name) => openNodeFolder(dir, name)),
      stream: { name: 'sandbox', region: 'us-east-1', endpoint: 'http://127.0.0.1:4568' },
      index: { url: 'http://127.0.0.1:9200' },
      archive: { bucket: 'archive', prefix: '', endpoint: 'http://127.0.0.1:4569' },
    });
    const config = await loadConfig({ file: '/s/logcanary.yaml', text, env: {}, probes, notifiers });
    expect(config.pipelines[0]).toMatchObject({
      inject: [{ everyMs: 1_000 }, { everyMs: 1_000 }, { everyMs: 1_000 }],
      hops: [
        { name: 'stream', withinMs: 8_000, pollMs: 2_000 },
        { name: 'index', after: 'stream', withinMs: 10_000, pollMs: 2_000 },
        { name: 'archive', after: 'stream', withinMs: 20_000, pollMs: 2_000 },
        { name: 'alert', after: 'index', withinMs: 20_000, pollMs: 2_000 },
      ],
      lostAfterMs: 60_000,
      pageAfterMs: 0,
      resolveAfterMs: 5_000,
      stoppedEveryMs: 2_000,
    });
    expect(config.notify).toMatchObject([{ name: 'pagerduty', minSeverity: 'critical' }]);
  });

  it('given the schema for editors, then every kind stands in its place with a description', () => {
    const schema = configJsonSchema(probes, notifiers);
    const kinds = kindsByPlace(probes, notifiers);
    for (const place of ['inject', 'hops', 'checks'] as const) {
      for (const kind of Object.keys(kinds[place])) {
        const [node] = nodesAt(schema, ['pipelines', 0, place, 0, kind]);
        expect(node?.description, `${place} ${kind}`).toBeTruthy();
      }
    }
    for (const kind of Object.keys(kinds.notify)) expect(nodesAt(schema, ['notify', 0, kind])).not.toEqual([]);
  });
});
