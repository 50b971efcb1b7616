/** How full the data nodes of an Elasticsearch or OpenSearch cluster are, and what it already blocks. */
import { z } from 'zod';
import { type Check, defineProbe } from '../src/probe.ts';
import { clusterConfig, elasticNames, targetOf } from './elasticsearch/elastic-config.ts';

const Config = z.strictObject(clusterConfig);
type DiskConfig = z.output<typeof Config>;

async function open(config: DiskConfig): Promise<Check> {
  const [{ openElastic }, { checkDisks }] = await Promise.all([
    import('./elasticsearch/elastic-client.ts'),
    import('./elasticsearch/disk-check.ts'),
  ]);
  const elastic = await openElastic(config);
  return {
    check: ({ signal }) => checkDisks(elastic, signal),
    close: () => elastic.close(),
  };
}

async function online(
  config: DiskConfig,
  _context: unknown,
  options: { readonly signal: AbortSignal },
): Promise<string> {
  const check = await open(config);
  try {
    const { readings, why } = await check.check(options);
    if (why !== undefined) throw why;
    return `may read the disks of ${readings.length} data nodes at ${targetOf(config)}`;
  } finally {
    await check.close();
  }
}

export default defineProbe({
  kind: 'elasticsearch-disk',
  measures:
    'Used bytes of the fullest data path of each data node, against the flood stage at which its indices refuse writes.',
  check: { config: Config, target: targetOf, names: elasticNames, open, online },
  runbook: {
    reading: [
      { run: "{curl} '{url}/_cat/allocation?v&s=disk.percent:desc'", see: 'Which node is full.' },
      {
        run: "{curl} '{url}/_cat/indices?v&s=store.size:desc&h=index,store.size,creation.date.string'",
        see: "What takes the room. First add room (a node, a bigger disk); delete, or shorten a retention, only with its owner's OK.",
      },
      'Below the high watermark the flood block lifts by itself (before Elasticsearch 7.4: set index.blocks.read_only_allow_delete to null).',
    ],
    unreadable: [
      {
        run: "{curl} '{url}/_cluster/health?pretty'",
        see: 'Does it answer? 401 or 403 in this page: the user that logcanary uses (auth in its configuration) lacks the cluster privilege monitor.',
      },
    ],
    blind: [
      '401 and 403 in this page: the credentials that logcanary uses, auth in its configuration and the secret that they come from. 401: wrong or expired; 403: a privilege is missing.',
      {
        run: "{curl} '{url}/_cluster/health?pretty'",
        see: 'From the machine of logcanary: does it answer at all? No: network, DNS, certificates there. Your own login says nothing of its credentials.',
      },
    ],
  },
});
