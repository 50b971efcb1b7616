/** One container's log as the API server hands it out: of the newest file only; what the kubelet rotated away is not served. */
import type { CallOptions } from '../../src/probe.ts';
import type { ClusterApi } from './cluster-api.ts';

export interface LogPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface LogRange {
  /** Lines of the last so many seconds, by the node's clock; all when absent. */
  readonly sinceSeconds?: number;
  readonly limitBytes: number;
}

export interface LogText {
  readonly bytes: Uint8Array;
  /** The limit was reached: the newest lines may be missing. */
  readonly cut: boolean;
}

/** No timestamps: kubelets before 1.29 put them into the middle of lines over 16 KiB, too. @throws ProbeError */
export async function readPodLog(
  api: ClusterApi,
  { namespace, pod, container }: LogPlace,
  { sinceSeconds, limitBytes }: LogRange,
  { signal }: CallOptions,
): Promise<LogText> {
  const query = new URLSearchParams({
    ...{ container, limitBytes: String(limitBytes) },
    ...(sinceSeconds === undefined ? {} : { sinceSeconds: String(Math.max(1, Math.ceil(sinceSeconds))) }),
  });
  const errand = {
    what: `read the log of pod "${namespace}/${pod}"`,
    grant: `get pods/log in namespace "${namespace}"`,
    check: 'that the pod is still there',
  };
  const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(pod)}/log?${query}`;
  const { body } = await api.call(errand, { method: 'GET', path, maxBytes: limitBytes }, signal);
  return { bytes: body, cut: body.length >= limitBytes };
}
