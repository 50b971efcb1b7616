/** The places of a route as streams that canaries are written to. */
import type { Clock, EpochMs, ListedStream } from '../../src/probe.ts';
import type { ClusterApi } from './cluster-api.ts';
import type { RouteSet } from './cluster-watch.ts';
import type { EmitterPod, Place, Route } from './expected-set.ts';

/** A stream's name may have so many characters (`ListedStream`). */
const MAX_NAME = 63;

export interface StreamList {
  /** A node that is unready or has no ready emitter stays in the list: that nothing can be sent there has to show. */
  list(sets: readonly RouteSet[]): ListedStream[];
  /** The pod that takes a stream's lines, as of the last list: none where it is held. */
  emitterOf(stream: string): EmitterPod | undefined;
  /** Whether the last list held a pod of this UID. */
  exists(uid: string): boolean;
}

/** Remembers since when nodes have been leaving, or without an emitter, where no stamp of the cluster tells. */
export function createStreamList(api: Pick<ClusterApi, 'onOurClock'>, clock: Clock): StreamList {
  let seenLeaving = new Map<string, EpochMs>();
  let seenUncovered = new Map<string, EpochMs>();
  let emitters = new Map<string, EmitterPod>();
  let uids: ReadonlySet<string> = new Set();

  /** The sign's own time, or when we first saw it: later than it was, so nothing is excused that should not be. */
  function leavingSince({ node }: Place, now: EpochMs): EpochMs {
    const dated = node.leavingSince === undefined ? undefined : api.onOurClock(node.leavingSince);
    return Math.min(dated ?? seenLeaving.get(node.uid) ?? now, now);
  }

  function heldOf({ node, emitter }: Place, key: string, now: EpochMs): ListedStream['held'] {
    if (node.standing === 'unready') return { why: `node not ready: ${node.why}` };
    if (emitter?.ready === true) return undefined;
    const since = seenUncovered.get(key) ?? now;
    return { why: emitter?.why ?? 'no emitter pod', uncoveredSince: since };
  }

  return {
    list(sets) {
      const now = clock.now();
      const places = sets.flatMap(({ route, places: of }) =>
        of.map((place) => ({ route, place, key: keyOf(place, route) })),
      );
      seenLeaving = new Map(
        places
          .filter(({ place }) => place.node.standing === 'leaving')
          .map(({ place }) => [place.node.uid, leavingSince(place, now)]),
      );
      emitters = new Map(
        places.flatMap(({ place: { emitter }, key }) => (emitter?.ready === true ? [[key, emitter] as const] : [])),
      );
      uids = new Set(sets.flatMap((set) => [...set.uids]));
      const listed = places.map(({ route, place, key }): ListedStream => {
        const since = seenLeaving.get(place.node.uid);
        const { emitter } = place;
        const taker = emitter?.ready === true ? { taker: `${emitter.uid}/${emitter.container}` } : {};
        const base = { key, name: nameOf(place, route.tenant), labels: place.labels, ...taker };
        if (since !== undefined) return { ...base, leavingSince: since };
        const held = heldOf(place, key, now);
        return held === undefined ? base : { ...base, held };
      });
      seenUncovered = new Map(
        listed.flatMap(({ key, held }) =>
          held?.uncoveredSince === undefined ? [] : [[key, held.uncoveredSince] as const],
        ),
      );
      return [...listed, ...leftOut(sets)];
    },
    emitterOf: (stream) => emitters.get(stream),
    exists: (uid) => uids.has(uid),
  };
}

function keyOf({ node }: Place, { namespace, selector }: Route): string {
  return `${node.uid}/${namespace}/${selector}`;
}

/** Nodes where no DaemonSet runs: the same for every route. */
function leftOut([set]: readonly RouteSet[]): ListedStream[] {
  return (set?.unfit ?? []).map(({ uid, name, labels, why }) => ({ key: uid, name, labels, leftOut: why }));
}

/** The end of a long node name tells it from the others, and a tenant is short. */
function nameOf({ node }: Place, tenant: string | undefined): string {
  const name = (tenant === undefined ? node.name : `${tenant}.${node.name}`).replace(/[^A-Za-z0-9._-]/g, '-');
  return name.length <= MAX_NAME ? name : name.slice(name.length - MAX_NAME);
}
