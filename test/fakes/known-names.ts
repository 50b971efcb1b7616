/** A pipeline such as there are: what its incidents name. */
import probes from '../../probes/index.ts';
import { type FirstLook, filledRunbook } from '../../src/core/first-look.ts';
import type { IncidentFacts } from '../../src/core/incident.ts';
import { sampleSince } from './incident-facts.ts';

export const hour = 3_600_000;
export const config: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  kinesis: { stream: 'logs', aws: 'aws --region ap-northeast-1' },
  'kinesis-iterator-age': { stream: 'logs', aws: 'aws --region ap-northeast-1' },
  elasticsearch: {
    url: 'https://es.prod.example:9200',
    curl: 'curl -sS -m 10 -u "$ES_USER"',
    index: 'filebeat-*',
    fields: 'message',
  },
  'elasticsearch-disk': { url: 'https://es.prod.example:9200', curl: 'curl -sS -m 10 -u "$ES_USER"' },
  'fluent-bit-buffer': { kubectl: 'kubectl --context prod -n logging', selector: 'app=fluent-bit', port: '2020' },
  kubernetes: { kubectl: 'kubectl --context prod -n logcanary', selector: 'app.kubernetes.io/name=logcanary-emitter' },
};

export function book(kind: string, on: string): readonly FirstLook[] {
  const runbook = probes.find((each) => each.kind === kind)?.runbook ?? {};
  return filledRunbook(runbook, { hop: 'index', own: 'https://logcanary.example', ...config[kind] })[on] ?? [];
}

export const third = ['ip-10-0-3-17', 'ip-10-0-3-21', 'ip-10-0-3-44', 'ip-10-0-3-52', 'ip-10-0-3-60', 'ip-10-0-3-71'];
export const some = { affected: 14, total: 42, names: third, nodes: true, labels: ['zone=1c'] } as const;
export const all = { affected: 42, total: 42, names: third, nodes: true } as const;
export const none = { affected: 0, total: 0, names: [] };
export const seen = { looks: { complete: 10, asked: 10 } };
export const unseen = { looks: { complete: 0, asked: 10 }, counts: { unverifiable: 380, delivered: 900 } };
export const quiet = { streams: none, counts: {}, looks: { complete: 0, asked: 0 }, behind: [] };
export const warning = { severity: 'warning' } as const;
export const intoStream = {
  hop: 'stream',
  between: { from: 'the emitters', to: 'stream' },
  behind: ['index', 'archive', 'alert'],
};
export const intoIndex = { hop: 'index', between: { from: 'stream', to: 'index' }, behind: ['alert'] };
export const runway = [
  {
    what: 'fluent-bit-buffer es.0: Mem_Buf_Limit',
    figure: 'fluent-bit-buffer es.0',
    limit: 'Mem_Buf_Limit',
    at: sampleSince + 2_340_000,
    earliest: sampleSince + 1_860_000,
    latest: sampleSince + 3_000_000,
  },
];
export const changed = [
  { at: sampleSince - 240_000, what: 'DaemonSet logging/fluent-bit: revision 7c9f begins to roll out' },
];
export const answer401 =
  'Cannot search "filebeat-*": 401 from https://es.prod.example:9200. Check the password of the canary user.';
export const answer503 =
  'Cannot search "filebeat-*": 503 from https://es.prod.example:9200. The cluster has no master; see its health.';
export const disk = {
  figure: 'elasticsearch-disk es-1',
  used: 0.882,
  limit: 'flood stage 95%',
  left: 3 * hour,
  earliest: 2.5 * hour,
  latest: 3.6 * hour,
};
export const pinging = { name: 'nightly-backup', for: 26 * hour, every: 24 * hour };
export const url = 'https://logcanary.example/hooks/ping/nightly-backup';

export type Change = Partial<IncidentFacts>;
