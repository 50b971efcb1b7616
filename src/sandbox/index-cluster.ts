/** What the simulated cluster says of itself: identity, nodes and their disks, settings, health. */
import type { Clock } from '../lib/clock.ts';
import type { IndexStore } from './index-store.ts';
import { SHARDS } from './index-store.ts';

export type Product = 'opensearch' | 'elasticsearch';

export interface ClusterOptions {
  readonly product: Product;
  /** For example 2.19.1 or 9.1.4. */
  readonly version: string;
  /** Size of each node's one disk, bytes. */
  readonly diskBytes: number;
}

type Settings = Record<string, unknown>;

/** The least that a disk is used, and what a filling one grows towards but never past: below the flood stage of 95 %. */
const CALM_RATIO = 0.6;
const FULL_RATIO = 0.94;
/** Share of the disk that a filling node takes each second: 34 points in 17 s. */
const FILL_PER_SECOND = 0.02;
const MIB = 1024 * 1024;

export class IndexCluster {
  readonly options: ClusterOptions;
  readonly persistent: Settings = {};
  readonly transient: Settings = {};
  private readonly clock: Clock;
  private readonly store: IndexStore;
  /** Monotonic ms at which the first node began to fill. */
  private fillingSince: number | undefined;

  constructor(options: ClusterOptions, clock: Clock, store: IndexStore) {
    this.options = options;
    this.clock = clock;
    this.store = store;
  }

  fill(on: boolean): void {
    if (!on) this.fillingSince = undefined;
    else this.fillingSince ??= this.clock.monotonicMs();
  }

  /** Elasticsearch since 7.14 names itself in each answer; OpenSearch and older ones do not. */
  get productHeader(): boolean {
    return this.options.product === 'elasticsearch' && this.atLeast(7, 14);
  }

  atLeast(major: number, minor: number): boolean {
    const [a = 0, b = 0] = this.options.version.split('.').map(Number);
    return a > major || (a === major && b >= minor);
  }

  /** `_ignored` names keyword fields over `ignore_above`. https://github.com/elastic/elasticsearch/pull/74434 */
  get namesIgnored(): boolean {
    return this.options.product === 'elasticsearch' && this.atLeast(7, 14);
  }

  root(): object {
    const { product, version } = this.options;
    const common = { name: 'index-1', cluster_name: 'sandbox', cluster_uuid: 'c2FuZGJveC1pbmRleC0wMQ' };
    const build = {
      build_type: 'tar',
      build_hash: 'sandbox',
      build_date: '2026-01-01T00:00:00Z',
      build_snapshot: false,
    };
    return product === 'opensearch'
      ? {
          ...common,
          version: { distribution: 'opensearch', number: version, ...build },
          tagline: 'The OpenSearch Project: https://opensearch.org/',
        }
      : { ...common, version: { number: version, build_flavor: 'default', ...build }, tagline: 'You Know, for Search' };
  }

  nodes(): { id: string; name: string; used: number; total: number }[] {
    return [1, 2, 3].map((number) => {
      const grown =
        number === 1 && this.fillingSince !== undefined
          ? ((this.clock.monotonicMs() - this.fillingSince) / 1000) * FILL_PER_SECOND
          : 0;
      const ratio = Math.min(FULL_RATIO, CALM_RATIO + grown);
      return {
        id: `sandboxNode00000000000${number}`,
        name: `index-${number}`,
        used: Math.round(this.options.diskBytes * ratio),
        total: this.options.diskBytes,
      };
    });
  }

  private nodeInfo(name: string): object {
    const port = 9300 + Number(name.slice(-1));
    return {
      name,
      transport_address: `127.0.0.1:${port}`,
      host: '127.0.0.1',
      ip: '127.0.0.1',
      version: this.options.version,
      roles: this.roles(),
    };
  }

  private roles(): string[] {
    return this.options.product === 'opensearch' ? ['cluster_manager', 'data', 'ingest'] : ['data', 'ingest', 'master'];
  }

  nodesInfo(): object {
    return {
      ...this.answered(),
      nodes: Object.fromEntries(this.nodes().map((node) => [node.id, this.nodeInfo(node.name)])),
    };
  }

  /** `_nodes/stats/<metrics>`: the file systems always, the other figures calm. */
  nodesStats(): object {
    const nodes = this.nodes().map((node) => {
      const free = node.total - node.used;
      const sizes = { total_in_bytes: node.total, free_in_bytes: free + 64 * MIB, available_in_bytes: free };
      const fs = {
        timestamp: this.clock.wall(),
        total: sizes,
        data: [{ path: `/data/${node.name}`, mount: '/data (/dev/sda1)', type: 'ext4', ...sizes }],
      };
      return [node.id, { timestamp: this.clock.wall(), ...this.nodeInfo(node.name), fs, ...calm }];
    });
    return { ...this.answered(), nodes: Object.fromEntries(nodes) };
  }

  private answered(): object {
    return { _nodes: { total: 3, successful: 3, failed: 0 }, cluster_name: 'sandbox' };
  }

  catAllocation(): object[] {
    const shards = this.store.indices.size;
    return this.nodes().map((node) => ({
      ...{ shards: String(shards), 'disk.indices': String(Math.round(node.used / 2)), 'disk.used': String(node.used) },
      ...{ 'disk.avail': String(node.total - node.used), 'disk.total': String(node.total) },
      ...{
        'disk.percent': String(Math.floor((100 * node.used) / node.total)),
        host: '127.0.0.1',
        ip: '127.0.0.1',
        node: node.name,
      },
    }));
  }

  health(): object {
    const shards = this.store.indices.size * SHARDS;
    return {
      ...{ cluster_name: 'sandbox', status: 'green', timed_out: false, number_of_nodes: 3, number_of_data_nodes: 3 },
      ...{
        active_primary_shards: shards,
        active_shards: shards,
        relocating_shards: 0,
        initializing_shards: 0,
        unassigned_shards: 0,
      },
      ...{ delayed_unassigned_shards: 0, number_of_pending_tasks: 0, number_of_in_flight_fetch: 0 },
      ...{ task_max_waiting_in_queue_millis: 0, active_shards_percent_as_number: 100 },
    };
  }

  settings(withDefaults: boolean, flat: boolean): object {
    const shape = (settings: Settings) => (flat ? settings : nest(settings));
    const shown = { persistent: shape(this.persistent), transient: shape(this.transient) };
    return withDefaults ? { ...shown, defaults: shape(this.defaults()) } : shown;
  }

  /** Takes `{persistent, transient}`, flat or nested; null removes. */
  change(body: Record<string, unknown>): object {
    for (const scope of ['persistent', 'transient'] as const) {
      for (const [key, value] of flatten(body[scope] ?? {})) {
        if (value === null) delete this[scope][key];
        else this[scope][key] = String(value);
      }
    }
    return { acknowledged: true, persistent: body.persistent ?? {}, transient: body.transient ?? {} };
  }

  private defaults(): Settings {
    const disk = 'cluster.routing.allocation.disk';
    const base: Settings = {
      [`${disk}.threshold_enabled`]: 'true',
      [`${disk}.watermark.low`]: '85%',
      [`${disk}.watermark.high`]: '90%',
      [`${disk}.watermark.flood_stage`]: '95%',
      'cluster.max_shards_per_node': '1000',
      'cluster.blocks.read_only': 'false',
      'cluster.blocks.read_only_allow_delete': 'false',
    };
    if (this.options.product === 'opensearch')
      return { ...base, 'cluster.blocks.create_index': 'false', 'cluster.blocks.create_index.auto_release': 'true' };
    if (!this.atLeast(8, 5)) return base;
    const headroom: Settings = {};
    for (const [level, size] of [
      ['low', '200GB'],
      ['high', '150GB'],
      ['flood_stage', '100GB'],
    ] as const) {
      const explicit =
        `${disk}.watermark.${level}` in this.persistent || `${disk}.watermark.${level}` in this.transient;
      headroom[`${disk}.watermark.${level}.max_headroom`] = explicit ? '-1' : size;
    }
    return { ...base, ...headroom };
  }
}

const calm = {
  jvm: { mem: { heap_used_percent: 41, heap_used_in_bytes: 420 * MIB, heap_max_in_bytes: 1024 * MIB } },
  breakers: { parent: { limit_size_in_bytes: 972 * MIB, estimated_size_in_bytes: 420 * MIB, overhead: 1, tripped: 0 } },
  thread_pool: { write: { threads: 2, queue: 0, active: 0, rejected: 0, largest: 2, completed: 100 } },
  indexing_pressure: {
    memory: {
      current: { all_in_bytes: 0 },
      total: { coordinating_rejections: 0, primary_rejections: 0, replica_rejections: 0 },
      limit_in_bytes: 102 * MIB,
    },
  },
};

/** Leaves under their dotted names. */
export function flatten(value: unknown, path = ''): [string, unknown][] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, path === '' ? key : `${path}.${key}`));
}

/** Dotted keys as nested objects; where one setting is the prefix of another it stays dotted, as on the server. */
export function nest(flat: Settings): Settings {
  const root: Settings = {};
  for (const [key, value] of Object.entries(flat)) {
    const parts = key.split('.');
    let level = root;
    while (parts.length > 1) {
      const next = level[parts[0] ?? ''];
      if (next !== undefined && (next === null || typeof next !== 'object')) break;
      const part = parts.shift() ?? '';
      level[part] ??= {};
      level = level[part] as Settings;
    }
    const rest = parts.join('.');
    if (level[rest] !== undefined && typeof level[rest] === 'object') root[key] = value;
    else level[rest] = value;
  }
  return root;
}
