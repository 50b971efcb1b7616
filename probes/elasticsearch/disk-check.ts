/** Asks a cluster for its disks, its watermarks and what it already blocks. */
import { z } from 'zod';
import { type CheckResult, ProbeError, type Reading } from '../../src/probe.ts';
import { type ClusterSettings, isWatermarked, lineOf, settingOf } from './disk-lines.ts';
import type { Elastic } from './elastic-client.ts';

const size = z.number().min(0);
const statsAnswer = z.object({
  _nodes: z.object({ total: z.number(), failed: z.number() }),
  nodes: z.record(
    z.string(),
    z.object({
      name: z.string(),
      roles: z.array(z.string()).default([]),
      fs: z
        .object({
          data: z.array(z.object({ path: z.string().optional(), total_in_bytes: size, available_in_bytes: size })),
        })
        .optional(),
    }),
  ),
});
const flat = z.record(z.string(), z.unknown());
const settingsAnswer = z.object({ transient: flat, persistent: flat, defaults: flat });
const blocksAnswer = z.record(z.string(), z.object({ settings: flat }));

type Node = z.infer<typeof statsAnswer>['nodes'][string];

/** So that a thousand blocked indices make one readable page. */
const MAX_NAMED = 10;

export async function checkDisks(elastic: Elastic, signal: AbortSignal): Promise<CheckResult> {
  const grant = 'the cluster privilege monitor (OpenSearch: cluster_monitor)';
  const stats = await elastic.ask(
    { what: 'read the disks of the nodes', grant },
    statsAnswer,
    signal,
    (client, options) => client.nodes.stats({ metric: ['fs'] }, options),
  );
  const settings = await elastic.ask(
    { what: 'read the disk watermarks', grant },
    settingsAnswer,
    signal,
    (client, options) => client.cluster.getSettings({ include_defaults: true, flat_settings: true }, options),
  );
  const blocks = await elastic.ask(
    { what: 'read the blocks of the indices', grant: 'monitor or view_index_metadata on all indices' },
    blocksAnswer,
    signal,
    (client, options) =>
      client.indices.getSettings(
        { index: '_all', name: 'index.blocks.*', flat_settings: true, expand_wildcards: 'all' },
        options,
      ),
  );
  const { total } = stats._nodes;
  const mute = Object.values(stats.nodes).filter((node) => holdsData(node) && node.fs === undefined).length;
  const failed = stats._nodes.failed + mute;
  const problems = [...problemsOfCluster(settings), ...problemsOfIndices(blocks)];
  const readings = Object.values(stats.nodes).flatMap((node) => readingsOf(node, settings));
  if (failed > 0) problems.push(`${failed} of ${total} nodes did not answer how full they are`);
  const why = failed > 0 ? silentNodes(failed, total) : readings.length === 0 ? noDisks() : undefined;
  return { readings, problems, ...(why === undefined ? {} : { why }) };
}

function silentNodes(failed: number, total: number): ProbeError {
  return new ProbeError(
    `Read the disks of ${total - failed} of ${total} nodes only: the others did not answer. Look at their health.`,
    { reason: 'partial', retryable: true },
  );
}

function noDisks(): ProbeError {
  return new ProbeError(
    'Read the disks of the nodes, but none is a data node with a disk. Check that url leads to the whole cluster.',
    { reason: 'unsupported' },
  );
}

// ------------------------------------------------------------------------------------------------ disks

/** The worst data path decides, as in the cluster: a sum hides the full one. */
function readingsOf(node: Node, settings: ClusterSettings): Reading[] {
  if (!holdsData(node)) return [];
  const readings = (node.fs?.data ?? [])
    .filter(({ total_in_bytes: total }) => total > 0)
    .map((disk) => readingOf(node.name, disk, settings));
  const [worst] = readings.toSorted((a, b) => b.value / b.limit - a.value / a.limit);
  return worst === undefined ? [] : [worst];
}

/**
 * Frozen nodes, and OpenSearch's search and warm nodes, fill their disk with a cache on purpose. Nodes that have all
 * roles list none of them on Elasticsearch 6, so no role at all is a data node.
 */
function holdsData({ roles }: Node): boolean {
  return roles.length === 0 || roles.some((role) => role === 'data' || /^data_(?!frozen$)/.test(role));
}

function readingOf(
  subject: string,
  disk: { total_in_bytes: number; available_in_bytes: number },
  settings: ClusterSettings,
): Reading {
  const { total_in_bytes: total, available_in_bytes: available } = disk;
  // `available`, not `free`: the operating system keeps some for itself, and the cluster counts without it.
  const base = {
    measure: 'disk',
    subject,
    unit: 'bytes' as const,
    value: Math.max(0, total - available),
    capacity: total,
  };
  if (!isWatermarked(settings)) return { ...base, limit: total, limitName: 'disk full (the watermarks are off)' };
  const flood = lineOf(settings, 'flood_stage', total);
  const high = lineOf(settings, 'high', total);
  return {
    ...base,
    limit: Math.max(1, flood.usedBytes),
    limitName: `flood stage ${flood.name}`,
    warnAt: high.usedBytes,
  };
}

// ------------------------------------------------------------------------------------------------ blocks

const clusterBlocks: Readonly<Record<string, string>> = {
  'cluster.blocks.read_only': 'the cluster refuses all writes (cluster.blocks.read_only)',
  'cluster.blocks.read_only_allow_delete': 'the cluster refuses all writes (cluster.blocks.read_only_allow_delete)',
  'cluster.blocks.create_index':
    'the cluster refuses new indices (cluster.blocks.create_index): the next rollover or new day fails',
};

function problemsOfCluster(settings: ClusterSettings): string[] {
  return Object.entries(clusterBlocks).flatMap(([key, problem]) =>
    settingOf(settings, key) === 'true' ? [problem] : [],
  );
}

/** Not `write`: index lifecycles set it on every index that was rolled over, as they should. */
const indexBlocks = ['read_only_allow_delete', 'read_only'] as const;

function problemsOfIndices(blocks: z.infer<typeof blocksAnswer>): string[] {
  return indexBlocks.flatMap((block) => {
    const names = Object.keys(blocks).filter(
      (name) => String(blocks[name]?.settings[`index.blocks.${block}`]) === 'true',
    );
    if (names.length === 0) return [];
    const named = names.toSorted().slice(0, MAX_NAMED).join(', ');
    const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
    return [
      names.length === 1
        ? `index ${named} refuses writes (${block})`
        : `indices ${named}${more} refuse writes (${block})`,
    ];
  });
}
