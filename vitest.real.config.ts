import { defineConfig } from 'vitest/config';

/** `vitest run -c vitest.real.config.ts`: what needs root and a real machine. One file at a time; a lock keeps two runs apart. */
export default defineConfig({
  test: {
    include: ['test/{real,e2e}/**/*.test.ts'],
    globalSetup: ['test/real/requirements.ts'],
    pool: 'forks',
    fileParallelism: false,
    maxConcurrency: 8,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
