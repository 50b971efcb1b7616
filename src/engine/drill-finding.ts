import { evidenceOf } from '../core/evidence.ts';
import { looksFor, ownAdvice } from '../core/first-look.ts';
import { failedDrills } from './drilling.ts';
import type { Finding } from './finding.ts';
import type { EngineState } from './state.ts';

/** Channels named in a sentence. */
const namesShown = 5;

/** A channel that would not have carried a page, as its last drill showed; over with the next good one. */
export function undeliveredFinding(state: EngineState): Finding[] {
  const failed = failedDrills(state);
  const [first] = failed;
  if (first === undefined) return [];
  const { drill, channel } = first;
  const names = failed.map((each) => each.channel.notifier);
  const channels = { shown: names.slice(0, namesShown), more: Math.max(0, names.length - namesShown) };
  const answer = (channel.end === 'refused' && channel.endWhy) || channel.why || '';
  return [
    {
      kind: 'undelivered',
      hop: 'logcanary',
      since: Math.min(...failed.map((each) => each.drill.at)),
      streams: [],
      totalStreams: 0,
      severity: 'warning',
      detail: [evidenceOf('undelivered', { channels, drill: drill.id, answer })],
      firstLook: looksFor(ownAdvice.undelivered, { file: state.config.file }),
    },
  ];
}
