/** The simulated index's documents: indices, shards, refresh, eviction. Bounded memory. */
import { randomBytes } from 'node:crypto';
import type { Clock, EpochMs } from '../lib/clock.ts';
import { IndexFault, noSuchIndex } from './index-fault.ts';
import { leaves, type Mapping, mapDynamically } from './index-fields.ts';
import { type DocumentCache, wildcard } from './index-query.ts';

/** `index.refresh_interval`'s default. https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules */
export const REFRESH_MS = 1000;
/** How long `slowRefresh` keeps a document from being searchable: just over the sandbox's `within` of 10 s at the index. */
export const SLOW_REFRESH_MS = 11_800;
export const SHARDS = 3;

export interface Document {
  readonly index: string;
  readonly id: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  readonly shard: number;
  readonly seqNo: number;
  readonly version: number;
  readonly indexedAt: EpochMs;
  visibleAt: EpochMs;
  /** The version that took its place; this one is searchable until that one is. */
  replacedBy?: Document;
  readonly cache: DocumentCache;
}

export interface Index {
  readonly name: string;
  readonly uuid: string;
  readonly mapping: Mapping;
  /** Flat, what was set at its creation; only `refresh_interval: -1` and `max_result_window` have an effect. */
  readonly settings: Readonly<Record<string, string>>;
  /** In indexing order. */
  documents: Document[];
  readonly byId: Map<string, Document>;
  seqNo: number;
}

export interface StoreLimits {
  /** Documents older than this are dropped. */
  readonly keepMs: number;
  readonly maxDocuments: number;
  readonly maxBytes: number;
}

/** Fifteen minutes of a demo, or what a laptop can spare. */
export const defaultLimits: StoreLimits = { keepMs: 15 * 60_000, maxDocuments: 50_000, maxBytes: 64 * 1024 * 1024 };

export class IndexStore {
  readonly indices = new Map<string, Index>();
  slow = false;
  /** Whether `_ignored` names keyword fields over `ignore_above`; it depends on whose wire this is. */
  namesIgnored = false;
  private readonly clock: Clock;
  private readonly limits: StoreLimits;
  /** All documents, oldest first; entries before `head` are gone. */
  private queue: Document[] = [];
  private head = 0;
  private bytes = 0;

  constructor(clock: Clock, limits: StoreLimits) {
    this.clock = clock;
    this.limits = limits;
  }

  get documents(): number {
    return this.queue.length - this.head;
  }

  create(name: string, mapping: Mapping = new Map(), settings: Index['settings'] = {}): Index {
    if (name !== name.toLowerCase() || /[\\/*?"<>| ,#:]/.test(name) || /^[-_+]/.test(name) || name === '')
      throw new IndexFault(400, 'invalid_index_name_exception', `Invalid index name [${name}]`);
    if (this.indices.has(name))
      throw new IndexFault(400, 'resource_already_exists_exception', `index [${name}] already exists`);
    const index: Index = {
      name,
      uuid: randomBytes(16).toString('base64url'),
      mapping,
      settings,
      documents: [],
      byId: new Map(),
      seqNo: 0,
    };
    this.indices.set(name, index);
    return index;
  }

  /** Stores one document, making the index if need be. @throws IndexFault 409 when `create` meets its id, 400 when the mapping refuses it. */
  put(
    name: string,
    id: string | undefined,
    source: Record<string, unknown>,
    bytes: number,
    op: 'index' | 'create',
  ): Document {
    const index = this.indices.get(name) ?? this.create(name);
    const key = id ?? randomBytes(15).toString('base64url');
    const old = index.byId.get(key);
    if (old !== undefined && op === 'create')
      throw new IndexFault(
        409,
        'version_conflict_engine_exception',
        `[${key}]: version conflict, document already exists (current version [${old.version}])`,
      );
    mapDynamically(index.mapping, leaves(source));
    const now = this.clock.now();
    const document: Document = {
      ...{
        index: name,
        id: key,
        source,
        bytes,
        shard: shardOf(key),
        seqNo: index.seqNo++,
        version: (old?.version ?? 0) + 1,
      },
      ...{
        indexedAt: now,
        visibleAt: index.settings['index.refresh_interval'] === '-1' ? Number.POSITIVE_INFINITY : this.nextRefresh(now),
        cache: { terms: new Map() },
      },
    };
    if (old !== undefined) old.replacedBy = document;
    this.add(index, document);
    return document;
  }

  private add(index: Index, document: Document): void {
    index.byId.set(document.id, document);
    index.documents.push(document);
    this.queue.push(document);
    this.bytes += document.bytes;
    this.evict();
  }

  private nextRefresh(now: EpochMs): EpochMs {
    return this.slow ? now + SLOW_REFRESH_MS : (Math.floor(now / REFRESH_MS) + 1) * REFRESH_MS;
  }

  /** Makes what waits searchable by the next ordinary refresh, or right now. */
  refresh(names: readonly string[], at: EpochMs): void {
    for (const name of names)
      for (const document of this.indices.get(name)?.documents ?? [])
        document.visibleAt = Math.min(document.visibleAt, at);
  }

  /** Ends the slow refresh: what is overdue shows at the next ordinary one. */
  hurry(): void {
    this.slow = false;
    const refreshed = [...this.indices.values()].filter(({ settings }) => settings['index.refresh_interval'] !== '-1');
    this.refresh(
      refreshed.map(({ name }) => name),
      this.nextRefresh(this.clock.now()),
    );
  }

  /** The searchable documents of an index, oldest first. */
  *searchable(name: string): Generator<Document> {
    this.evict();
    const now = this.clock.now();
    for (const document of this.indices.get(name)?.documents ?? []) {
      if (document.visibleAt <= now && !((document.replacedBy?.visibleAt ?? Number.POSITIVE_INFINITY) <= now))
        yield document;
    }
  }

  delete(names: readonly string[]): void {
    const gone = new Set(names);
    this.queue = this.queue.slice(this.head).filter((document) => !gone.has(document.index));
    this.head = 0;
    this.bytes = this.queue.reduce((sum, document) => sum + document.bytes, 0);
    for (const name of names) this.indices.delete(name);
  }

  /** Turns an index expression into names. @throws IndexFault 404 for a concrete name that is not there. */
  resolve(expression: string, options: { ignoreUnavailable?: boolean; allowNoIndices?: boolean } = {}): string[] {
    const found = new Set<string>();
    const parts = expression === '' || expression === '_all' ? ['*'] : expression.split(',');
    for (const part of parts) {
      if (part.startsWith('-') && found.size > 0) {
        for (const name of this.matching(part.slice(1))) found.delete(name);
      } else if (part.includes('*') || part.includes('?')) {
        for (const name of this.matching(part)) found.add(name);
      } else if (this.indices.has(part)) found.add(part);
      else if (options.ignoreUnavailable !== true) throw noSuchIndex(part);
    }
    if (found.size === 0 && options.allowNoIndices === false) throw noSuchIndex(expression);
    return [...found];
  }

  private matching(pattern: string): string[] {
    const matcher = wildcard(pattern);
    return [...this.indices.keys()].filter((name) => matcher.test(name));
  }

  private evict(): void {
    const oldest = this.clock.now() - this.limits.keepMs;
    const gone = new Set<Document>();
    for (let first = this.queue[this.head]; first !== undefined; first = this.queue[this.head]) {
      if (first.indexedAt >= oldest && this.documents <= this.limits.maxDocuments && this.bytes <= this.limits.maxBytes)
        break;
      gone.add(first);
      this.bytes -= first.bytes;
      this.head += 1;
      const index = this.indices.get(first.index);
      if (index?.byId.get(first.id) === first) index.byId.delete(first.id);
    }
    if (gone.size === 0) return;
    for (const name of new Set([...gone].map((document) => document.index))) this.forget(name, gone);
    if (this.head > this.queue.length / 2) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
  }

  /** Drops the front of an index's list: documents leave in the order they came. */
  private forget(name: string, gone: ReadonlySet<Document>): void {
    const index = this.indices.get(name);
    if (index === undefined) return;
    const first = index.documents.findIndex((document) => !gone.has(document));
    index.documents.splice(0, first === -1 ? index.documents.length : first);
  }
}

/** FNV-1a, so that documents spread over the shards and stay where they are. http://www.isthe.com/chongo/tech/comp/fnv/ */
function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % SHARDS;
}
