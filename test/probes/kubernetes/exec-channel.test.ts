/** Exec against whatever may answer where an API server should. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCluster } from '../../../probes/kubernetes/cluster-api.ts';
import { abortedSignal, context, forever } from '../../contract/bench.ts';
import { expectProbeError, rejectionOf } from '../../contract/probe-error.ts';
import {
  answeringMisbehaviours,
  floodingMisbehaviours,
  type HostileServer,
  stallingMisbehaviours,
  startHostileServer,
} from '../../fakes/hostile-server.ts';

const token = 'not-a-real-token';
const errand = { what: 'run a command', grant: 'get and create pods/exec' };
const request = {
  ...{ namespace: 'logcanary', pod: 'emitter-a', container: 'emitter', command: ['true'] },
  ...{ stdin: Buffer.from('not-a-real-secret'), maxBytes: 1024 },
};

let server: HostileServer;
beforeAll(async () => {
  server = await startHostileServer();
});
afterAll(() => server.stop());

async function run(url: string, signal = forever.signal): Promise<unknown> {
  const api = openCluster({ url, token }, context.clock);
  return rejectionOf(api.exec(errand, request, signal)).finally(() => api.close());
}

describe('exec against a hostile target', () => {
  test.each([...answeringMisbehaviours, ...floodingMisbehaviours])(
    'given %s, when run, then it is a ProbeError without secrets',
    async (as) => {
      server.misbehave(as);
      const error = await run(server.url);
      expectProbeError(error, undefined, [token, 'not-a-real-secret']);
      expect(error.reason).not.toBe('internal');
      expect(server.poured).toBeLessThan(8 * 1024 * 1024);
      expect(server.trapped).toBe(0);
    },
  );

  test.each(stallingMisbehaviours)('given %s, when the caller gives up, then it rejects', async (as) => {
    server.misbehave(as);
    const caller = new AbortController();
    const [arrived, ended] = [server.requested(), run(server.url, caller.signal)];
    await arrived;
    caller.abort(new DOMException('enough', 'TimeoutError'));
    expectProbeError(await ended, ['timeout'], [token]);
  });

  test('given nothing that listens, an untrusted certificate, an aborted signal, when run, then each is told', async () => {
    expectProbeError(await run(server.refusingUrl), ['refused'], [token]);
    expectProbeError(await run(server.untrustedUrl), ['tls'], [token]);
    expectProbeError(await run(server.url, abortedSignal()), ['aborted'], [token]);
  });
});
