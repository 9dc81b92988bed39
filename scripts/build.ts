/** `node scripts/build.ts`: bundles the program and the package's entries into dist/. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { bundledLicenses } from './bundled-licenses.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

rmSync(`${root}/dist`, { recursive: true, force: true });

/**
 * Whoever imports node:http as a module has all of its exports read, and one of them loads fetch with everything below it: a tenth of the time
 * that a start takes, for what nobody here uses.
 */
const lazyHttp: Plugin = {
  name: 'lazy-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http$/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }));
  },
};

const common = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  sourcemap: false,
  // Less to read at every start; names stay, for they are in stacks of errors.
  minifyWhitespace: true,
  minifySyntax: true,
  // They stand in LICENSES.txt.
  legalComments: 'none',
  metafile: true,
  // CommonJS packages in the bundle ask for `require`.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
  },
  plugins: [lazyHttp],
  logLevel: 'warning',
} as const satisfies BuildOptions;

const program = await build({
  ...common,
  entryPoints: {
    stuurman: 'src/cli/start.ts',
    index: 'src/index.ts',
    testing: 'src/testing.ts',
    client: 'src/client.ts',
    // Threads are loaded by file name, from beside the bundle.
    'store-worker': 'src/store/sqlite/store-worker.ts',
    'dns-worker': 'src/network/dns/dns-worker.ts',
  },
  splitting: true,
});

// The application of the shop goes into an image by itself.
const shop = await build({ ...common, entryPoints: { shop: 'examples/shop/app/main.js' }, external: ['pg-native'] });

writeFileSync(`${root}/dist/LICENSES.txt`, bundledLicenses(root, [program.metafile, shop.metafile]));

// Type declarations of the package's entries.
execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', `${root}/tsconfig.build.json`], {
  stdio: 'inherit',
});
