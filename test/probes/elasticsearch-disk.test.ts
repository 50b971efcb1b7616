import elasticsearchDisk from '../../probes/elasticsearch-disk.ts';
import { describeCheck } from '../contract/probe.ts';
import { products, startElasticBench } from '../fakes/elastic-bench.ts';

const auth = { api_key: 'ZHVtbXktaWQ6ZHVtbXkta2V5' };

for (const product of products) {
  describeCheck(`elasticsearch-disk against ${product}`, {
    probe: elasticsearchDisk,
    secrets: [auth.api_key],
    async bench() {
      const bench = await startElasticBench({ product });
      return { config: { url: bench.server.url, auth }, stop: bench.stop };
    },
    ...(product === 'opensearch' ? { hostile: (url: string) => ({ url, auth }) } : {}),
  });
}
