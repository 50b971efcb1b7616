/** Other logcanaries on the same pipelines, as the page and the API show them. */
import type { PeerView, StatusView } from '../core/status.ts';
import type { EpochMs } from '../lib/clock.ts';
import { isoTime, type Moment, momentOf } from './moment.ts';

export interface PeerModel {
  readonly name: string;
  readonly at: Moment | undefined;
  readonly bad: boolean;
  /** What else there is to say, as clauses. */
  readonly said: readonly string[];
}

/** Undefined where none is configured. */
export function peerModels({ peers, at }: StatusView): readonly PeerModel[] | undefined {
  return peers?.map((peer) => peerModel(peer, at));
}

const states = { heard: 'heard', silent: 'SILENT, last heard', unheard: 'not heard yet' } as const;

function peerModel({ name, state, heardAt, trouble, goesFirst, differs, awaited }: PeerView, now: EpochMs): PeerModel {
  const said = [
    states[state],
    ...(goesFirst && state === 'heard' ? ['tells first'] : []),
    ...(trouble === undefined ? [] : [trouble]),
    ...(differs.length === 0 ? [] : [`differs: ${differs.join(', ')}`]),
    ...(awaited.length === 0
      ? []
      : [`${awaited.join(', ')} ${awaited.length === 1 ? 'is' : 'are'} over here and open there`]),
  ];
  const bad = state === 'silent' || trouble !== undefined || differs.length > 0;
  return { name, at: heardAt === undefined ? undefined : momentOf(heardAt, now), bad, said };
}

export function peerStatusJson({ name, state, heardAt, trouble, goesFirst, differs, awaited }: PeerView) {
  return {
    ...{ name, state, heard_at: heardAt === undefined ? null : isoTime(heardAt), trouble: trouble ?? null },
    ...{ goes_first: goesFirst ?? null, differs, awaited },
  };
}
