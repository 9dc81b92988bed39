import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Unit tests stand beside the code; what crosses rooms and needs no container is under test/. */
export default defineConfig({
  test: {
    include: [
      'src/**/*.test.ts',
      'test/{house,suites,faults,control-plane,reference,official}/**/*.test.ts',
      'scripts/**/*.test.ts',
    ],
    pool: 'threads',
    isolate: false,
    // Most runs are of files that have not changed since the last one: what they are made into is kept in node_modules.
    fsModuleCache: true,
    // The same for programs that tests start.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)) },
    testTimeout: 20_000,
    // A machine that is busy with other work is late, not wrong.
    expect: { poll: { timeout: 10_000 } },
  },
});
