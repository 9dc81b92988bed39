/** `npm run conformance`: the official suite of Kubernetes against a cluster on this machine. What is missing for it is installed or built. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureDebianPackages, ensurePackages, fail, projectNode, root } from './bootstrap.mjs';
import { ensureKubectl } from './kubectl.mjs';

ensurePackages();
const node = projectNode();
const given = process.argv.slice(2);
const env = { ...process.env };
if (!given.includes('--list')) {
  const missing = ensureDebianPackages();
  if (missing.length > 0) lacking(`The suite needs ${missing.join(', ')}: install them as root.`);
  const kubectl = ensureKubectl();
  if (kubectl === undefined) lacking('The suite needs a kubectl from 1.31 on, and there is no Go to build one.');
  env.STUURMAN_KUBECTL = kubectl;
}
const child = spawn(node, [join(root, 'test', 'official', 'run.ts'), ...given], { stdio: 'inherit', env });
// A Ctrl-C reaches the child by the terminal too, and it ends in its own time.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));

function lacking(what) {
  if (!given.includes('--if-ready')) fail(what);
  process.stderr.write(`NOT RUN: ${what}\n`);
  process.exit(0);
}
