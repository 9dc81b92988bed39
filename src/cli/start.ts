#!/usr/bin/env node
/** The first thing that runs. It imports nothing, for what an older Node lacks would end the program before it can say so. */
const least = 26;
const { node: version } = process.versions;

if (Number(version.split('.')[0]) >= least) {
  // Compiling the program anew takes a third of the time that a cluster needs to start.
  const { env } = process;
  const caches = env['XDG_CACHE_HOME'] || (env['HOME'] ? `${env['HOME']}/.cache` : '/var/cache');
  process.getBuiltinModule('node:module').enableCompileCache(`${caches}/stuurman/compiled`);
  await import('./main.ts');
} else {
  process.stderr.write(
    `error: Stuurman needs Node.js ${least} or later, and this is ${version} (${process.execPath}): in a clone "npm start" finds the right one\n`,
  );
  process.exitCode = 1;
}
