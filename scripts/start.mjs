/** `npm start`: installs what is missing, builds, and starts a cluster with the demonstration application. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureDebianPackages, ensurePackages, projectNode, root, say } from './bootstrap.mjs';

ensurePackages();
const node = projectNode();
if (process.platform === 'linux') {
  const missing = ensureDebianPackages();
  if (missing.length > 0)
    say(`Without ${missing.join(', ')} containers are simulated. Install them as root for real ones.`);
}
ensureBuilt(node);
const given = process.argv.slice(2);
const child = spawn(node, [join(root, 'dist', 'stuurman.js'), 'up', '--demo', ...given], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
