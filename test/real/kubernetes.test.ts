/** What we rely on of a Kubernetes API server, against the one that KUBECONFIG points at. */
import process from 'node:process';
import { describe, test } from 'vitest';
import { describeApiServer } from '../contract/kubernetes-api.ts';

if (process.env.KUBECONFIG) {
  const { startRealCluster } = await import('./servers/kubernetes-cluster.ts');
  describeApiServer(`the API server of ${process.env.KUBECONFIG}`, startRealCluster);
} else {
  process.stderr.write(
    'test:real: NOT RUN, everything that needs a Kubernetes API server. Set KUBECONFIG to a test cluster.\n',
  );
  describe.skip('a real API server', () => {
    test('given KUBECONFIG, when it is set, then the suite runs', () => {});
  });
}
