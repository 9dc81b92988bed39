/** `node scripts/build.ts`: bundles the program and the package's entries into dist/. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

rmSync(`${root}/dist`, { recursive: true, force: true });

await build({
  absWorkingDir: root,
  entryPoints: {
    stuurman: 'src/cli/main.ts',
    index: 'src/index.ts',
    testing: 'src/testing.ts',
    client: 'src/client.ts',
    // Threads are loaded by file name, from beside the bundle.
    'store-worker': 'src/store/sqlite/store-worker.ts',
    'dns-worker': 'src/network/dns/dns-worker.ts',
    shop: 'examples/shop/app/main.js',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  sourcemap: false,
  legalComments: 'none',
  // CommonJS packages in the bundle ask for `require`.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
  },
  external: ['pg-native'],
  logLevel: 'warning',
});
