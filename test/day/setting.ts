/** Pipelines as somebody would configure them for about 60 nodes, and whom they tell. */
import type { Config, HopSpec, NotifierSpec, PipelineSpec } from '../../src/core/pipeline.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from '../engine/sandbox-config.ts';
import { quotas } from './landscape.ts';

const second = 1_000;
const minute = 60 * second;

const stream = hopSpec({ name: 'stream', withinMs: minute, pollMs: 15 * second });
const index = hopSpec({ name: 'index', after: 'stream', withinMs: 2 * minute, pollMs: 30 * second });
const archive = hopSpec({ name: 'archive', after: 'stream', withinMs: 5 * minute, pollMs: 30 * second });
const shared = hopSpec({ name: 'stream', withinMs: 4 * minute, pollMs: minute });
const mirror = hopSpec({ name: 'mirror', withinMs: minute, pollMs: 30 * second });
const alert = hopSpec({ name: 'alert', after: 'index', withinMs: 4 * minute, pollMs: 30 * second });

function pipelineOf(name: string, hops: readonly HopSpec[], checks: PipelineSpec['checks']): PipelineSpec {
  return sandboxPipeline({
    name,
    hops,
    checks,
    inject: [injectSpec({ name: `${name}-nodes`, everyMs: 30 * second })],
    lostAfterMs: 6 * 60 * minute,
    loss: { budget: 0.001, windowMs: 10 * minute },
    pageAfterMs: 5 * minute,
    resolveAfterMs: 5 * minute,
    stoppedEveryMs: minute,
  });
}

/** A check of the hop `index` has its name, and so its target. */
const checks = [
  { name: 'index', kind: 'elasticsearch-disk', options: {}, everyMs: minute },
  { name: 'iterator-age', kind: 'kinesis-iterator-age', options: {}, everyMs: minute },
  { name: 'buffers', kind: 'fluent-bit-buffer', options: {}, everyMs: minute },
];

const hour = 60 * minute;
/** `edge` runs from 08:00 to 20:00. */
const active = {
  text: '08:00-20:00',
  hours: {
    at(wall: number) {
      const midnight = Math.floor(wall / (24 * hour)) * 24 * hour;
      const changes = [-4, 8, 20, 32].map((hours) => midnight + hours * hour);
      const next = changes.findIndex((at) => at > wall);
      return { active: next === 2, since: changes[next - 1] ?? 0, until: changes[next] ?? 0 };
    },
  },
};

const channel = { kind: 'fake', options: {} };
/** `phone` is called where PagerDuty does not take a page for 5 minutes, `manager` when one is not over after an hour. */
export const channels: readonly NotifierSpec[] = [
  { ...channel, name: 'pager', minSeverity: 'critical', fallback: { to: 'phone', afterMs: 5 * minute } },
  { ...channel, name: 'chat', minSeverity: 'warning' },
  { ...channel, name: 'phone', minSeverity: 'critical', standby: true },
  { ...channel, name: 'manager', minSeverity: 'critical', escalateAfterMs: 60 * minute },
];

export const config: Config = configOf({
  deployment: 'tokyo',
  pipelines: [
    pipelineOf('shop', [stream, index, archive, alert], checks),
    pipelineOf(
      'audit',
      [stream, index],
      quotas.map((name) => ({ name, kind: 'kinesis-shards', options: {}, everyMs: minute })),
    ),
    { ...pipelineOf('edge', [stream, mirror], []), rest: { active, withoutNodes: false, warmUpMs: 15 * minute } },
    pipelineOf('tiny', [shared], []),
  ],
  notify: channels,
  expectedPings: [{ name: 'alertmanager', everyMs: minute, graceMs: 3 * minute }],
});
