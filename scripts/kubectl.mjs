/** Finds kubectls that speak WebSocket v5 (1.31 and later), or builds them from their Go module where Go is there. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { say } from './bootstrap.mjs';

/** Both ends of the range that is supported; what lies between speaks as they do. */
const versions = ['1.31.14', '1.37.1'];
const newest = versions.at(-1);
const leastMinor = 31;

function minorOf(executable) {
  const { status, stdout } = spawnSync(executable, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  if (status !== 0) return 0;
  try {
    return Number.parseInt(JSON.parse(stdout).clientVersion.minor, 10);
  } catch {
    return 0;
  }
}

function onPath(accepts) {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    const candidate = join(folder, 'kubectl');
    if (existsSync(candidate) && accepts(minorOf(candidate))) return candidate;
  }
  return undefined;
}

function build(version) {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'stuurman', `kubectl-${version}`);
  const built = join(cache, 'kubectl');
  if (existsSync(built)) return built;
  if (spawnSync('go', ['version']).status !== 0) return undefined;
  say(`Building kubectl ${version} from its Go module (a few minutes, once) ...`);
  mkdirSync(cache, { recursive: true });
  const [, minor] = version.split('.');
  writeFileSync(
    join(cache, 'go.mod'),
    `module kubectlbuild\n\ngo 1.25\n\nrequire k8s.io/kubectl v0.${version.slice(2)}\n`,
  );
  writeFileSync(
    join(cache, 'main.go'),
    'package main\n\nimport (\n\t"k8s.io/component-base/cli"\n\t"k8s.io/kubectl/pkg/cmd"\n\t"k8s.io/kubectl/pkg/cmd/util"\n)\n\nfunc main() {\n\tif err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {\n\t\tutil.CheckErr(err)\n\t}\n}\n',
  );
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' };
  const variable = 'k8s.io/component-base/version';
  const flags = `-s -w -X ${variable}.gitVersion=v${version} -X ${variable}.gitMajor=1 -X ${variable}.gitMinor=${minor}`;
  const { status } = spawnSync('go', ['build', '-trimpath', '-ldflags', flags, '-o', built, '.'], {
    cwd: cache,
    env,
    stdio: ['ignore', 2, 2],
  });
  return status === 0 ? built : undefined;
}

/** The path of a kubectl that is new enough; undefined when there is none and none can be built. */
export function ensureKubectl() {
  return onPath((minor) => minor >= leastMinor) ?? build(newest);
}

/** A kubectl of each end of the range: `[version, path]`, the path undefined for one that is not there and cannot be built. */
export function ensureKubectlEnds() {
  return versions.map((version) => {
    const minor = Number(version.split('.')[1]);
    return [version, onPath((each) => each === minor) ?? build(version)];
  });
}
