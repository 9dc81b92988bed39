import { defineConfig } from 'vitest/config';

/** `vitest run -c vitest.kubectl.config.ts`: the real kubectl, `STUURMAN_KUBECTL` or that of the PATH, against simulated nodes. */
export default defineConfig({
  test: {
    include: ['test/kubectl/**/*.test.ts'],
    globalSetup: ['test/kubectl/cluster.ts'],
    pool: 'threads',
    maxWorkers: 3,
    testTimeout: 80_000,
    hookTimeout: 40_000,
    expect: { poll: { timeout: 15_000 } },
  },
});
