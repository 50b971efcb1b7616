/** The places of a route as streams that canaries are written to. */
import type { Clock, EpochMs, ListedStream } from '../../src/probe.ts';
import type { ClusterApi } from './cluster-api.ts';
import type { RouteSet } from './cluster-watch.ts';
import type { Place } from './expected-set.ts';

/** A stream's name may have so many characters (`ListedStream`). */
const MAX_NAME = 63;

export interface StreamList {
  /** A node that is unready or has no ready emitter stays in the list: that nothing can be sent there has to show. */
  list(sets: readonly RouteSet[]): ListedStream[];
}

/** Remembers since when nodes have been leaving whose sign does not tell. */
export function createStreamList(api: Pick<ClusterApi, 'onOurClock'>, clock: Clock): StreamList {
  let seenLeaving = new Map<string, EpochMs>();

  /** The sign's own time, or when we first saw it: later than it was, so nothing is excused that should not be. */
  function leavingSince({ node }: Place, now: EpochMs): EpochMs {
    const dated = node.leavingSince === undefined ? undefined : api.onOurClock(node.leavingSince);
    return Math.min(dated ?? seenLeaving.get(node.uid) ?? now, now);
  }

  return {
    list(sets) {
      const now = clock.now();
      const places = sets.flatMap(({ route, places: of }) => of.map((place) => ({ route, place })));
      const leaving = new Map(
        places
          .filter(({ place }) => place.node.standing === 'leaving')
          .map(({ place }) => [place.node.uid, leavingSince(place, now)]),
      );
      seenLeaving = leaving;
      return places.map(({ route, place }) => {
        const since = leaving.get(place.node.uid);
        return {
          key: `${place.node.uid}/${route.namespace}/${route.selector}`,
          name: nameOf(place, route.tenant),
          labels: place.labels,
          ...(since === undefined ? {} : { leavingSince: since }),
        };
      });
    },
  };
}

/** The end of a long node name tells it from the others, and a tenant is short. */
function nameOf({ node }: Place, tenant: string | undefined): string {
  const name = (tenant === undefined ? node.name : `${tenant}.${node.name}`).replace(/[^A-Za-z0-9._-]/g, '-');
  return name.length <= MAX_NAME ? name : name.slice(name.length - MAX_NAME);
}
