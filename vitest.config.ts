import { defineConfig } from 'vitest/config';

/** Unit tests stand beside the code; what crosses rooms and needs no container is under test/. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/{house,suites,faults,control-plane}/**/*.test.ts', 'scripts/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    testTimeout: 20_000,
  },
});
