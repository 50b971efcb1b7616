import process from 'node:process';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/real/**', 'node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // .ci/run adds the reports up
    ...(process.env.CI ? { reporters: ['default', 'json'], outputFile: { json: '.cache/test/report.json' } } : {}),
  },
});
