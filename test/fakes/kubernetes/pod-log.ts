/** A container's log as the kubelet serves it: of the newest file only, from the API server in plain text. */
import type { ApiRequest } from './api-path.ts';
import { notFound, Refusal } from './api-status.ts';
import type { ObjectStore } from './object-store.ts';

interface LogLine {
  /** ms */
  readonly at: number;
  readonly text: string;
}

export interface PodLogs {
  /** Writes lines, stamped `at` (ms; now by default), to the newest file of a pod's container. */
  write(pod: string, lines: readonly string[], at?: number): void;
  /** The newest file becomes an older one, which the API server does not serve. */
  rotate(pod: string): void;
  /** @throws Refusal */
  answer(request: ApiRequest): Buffer;
}

export function createPodLogs(objects: ObjectStore, now: () => number): PodLogs {
  const newest = new Map<string, LogLine[]>();

  function containerNames(request: ApiRequest): string[] {
    const name = request.name ?? '';
    const pod = objects.find('pods', request.namespace, name);
    if (pod === undefined) throw notFound('pods', name);
    const { containers } = pod.spec as { containers: readonly { name: string }[] };
    return containers.map((container) => container.name);
  }

  return {
    write(pod, lines, at = now()) {
      newest.set(pod, [...(newest.get(pod) ?? []), ...lines.map((text) => ({ at, text }))]);
    },
    rotate: (pod) => void newest.set(pod, []),
    answer(request) {
      const { query, name = '' } = request;
      const names = containerNames(request);
      const container = query.get('container');
      if (container === null && names.length > 1)
        throw new Refusal(
          400,
          `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`,
        );
      if (container !== null && !names.includes(container))
        throw new Refusal(400, `container ${container} is not valid for pod ${name}`);
      return served(newest.get(name) ?? [], query, now());
    },
  };
}

/** Seconds are cut to whole ones, as the kubelet does; a limit cuts in the middle of a line. */
function served(lines: readonly LogLine[], query: URLSearchParams, now: number): Buffer {
  const since = query.get('sinceSeconds');
  const stamped = query.get('timestamps') === 'true';
  const tail = query.get('tailLines');
  const young = since === null ? lines : lines.filter(({ at }) => at >= now - Number(since) * 1000);
  const kept = tail === null ? young : young.slice(young.length - Math.min(young.length, Number(tail)));
  const text = kept.map(({ at, text: line }) => `${stamped ? `${nanoStamp(at)} ` : ''}${line}\n`).join('');
  const limit = query.get('limitBytes');
  const bytes = Buffer.from(text);
  return limit === null ? bytes : bytes.subarray(0, Number(limit));
}

/** RFC 3339 with nanoseconds, as container runtimes write. */
function nanoStamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '123456Z');
}
