/**
 * `npm test`: everything, from the compiler to real containers. Parts that this machine cannot run are said and counted as not
 * run. `npm test -- unit` stops before anything needs root.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  ensureBuilt,
  ensureDebianPackages,
  ensurePackages,
  packagesForTests,
  projectNode,
  root,
  say,
} from './bootstrap.mjs';
import { ensureKubectl, ensureKubectlEnds } from './kubectl.mjs';

ensurePackages();
const node = projectNode();
const bin = (name) => join(root, 'node_modules', '.bin', name);
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` };
const onlyUnit = process.argv.includes('unit');
const failures = [];

function step(name, command, args, extraEnv = {}) {
  say(`\n== ${name}`);
  const started = Date.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit', cwd: root, env: { ...env, ...extraEnv } });
  say(`== ${name}: ${status === 0 ? 'passed' : 'FAILED'} in ${Math.round((Date.now() - started) / 1000)} s`);
  if (status !== 0) failures.push(name);
}

step('compiler', bin('tsc'), ['-p', '.']);
step('lint and format', bin('biome'), ['check', '.']);
step('unit tests', bin('vitest'), ['run']);
if (!onlyUnit) {
  ensureBuilt(node);
  const kubectl = ensureKubectl();
  const ends = kubectl === undefined ? [] : ensureKubectlEnds();
  for (const [version, path] of ends)
    if (path === undefined) say(`NOT RUN: streams with kubectl ${version}, which is not here and cannot be built.`);
  const found = ends.flatMap(([, path]) => path ?? []);
  const kubectls =
    kubectl === undefined
      ? {}
      : { STUURMAN_KUBECTL: kubectl, ...(found.length > 0 && { STUURMAN_KUBECTL_ENDS: found.join(':') }) };
  const missing = process.platform === 'linux' ? ensureDebianPackages(packagesForTests) : ['Linux'];
  const root_ = process.getuid?.() === 0;
  if (kubectl === undefined) say('NOT RUN: tests with kubectl, for there is none from 1.31 on and no Go to build one.');
  else step('control plane with kubectl', bin('vitest'), ['run', '--config', 'vitest.kubectl.config.ts'], kubectls);
  if (missing.length > 0 || !root_) {
    say(
      `NOT RUN: tests with real containers, which need root${missing.length > 0 ? ` and ${missing.join(', ')}` : ''}.`,
    );
  } else {
    step('real containers', bin('vitest'), ['run', '--config', 'vitest.real.config.ts'], kubectls);
  }
}
if (failures.length > 0) say(`\nFailed: ${failures.join(', ')}`);
process.exit(failures.length > 0 || !existsSync(bin('vitest')) ? 1 : 0);
