/** Finds a kubectl that speaks WebSocket v5 (1.31 and later), or builds 1.37.1 from its Go module where Go is there. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { say } from './bootstrap.mjs';

const leastMinor = 31;
const version = '1.37.1';

function minorOf(executable) {
  const { status, stdout } = spawnSync(executable, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  if (status !== 0) return 0;
  try {
    return Number.parseInt(JSON.parse(stdout).clientVersion.minor, 10);
  } catch {
    return 0;
  }
}

/** The path of a kubectl that is new enough; undefined when there is none and none can be built. */
export function ensureKubectl() {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    const candidate = join(folder, 'kubectl');
    if (existsSync(candidate) && minorOf(candidate) >= leastMinor) return candidate;
  }
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'stuurman', `kubectl-${version}`);
  const built = join(cache, 'kubectl');
  if (existsSync(built)) return built;
  if (spawnSync('go', ['version']).status !== 0) return undefined;
  say(`Building kubectl ${version} from its Go module (a few minutes, once) ...`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(
    join(cache, 'go.mod'),
    `module kubectlbuild\n\ngo 1.25\n\nrequire k8s.io/kubectl v0.${version.slice(2)}\n`,
  );
  writeFileSync(
    join(cache, 'main.go'),
    'package main\n\nimport (\n\t"k8s.io/component-base/cli"\n\t"k8s.io/kubectl/pkg/cmd"\n\t"k8s.io/kubectl/pkg/cmd/util"\n)\n\nfunc main() {\n\tif err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {\n\t\tutil.CheckErr(err)\n\t}\n}\n',
  );
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' };
  const flags = `-s -w -X k8s.io/component-base/version.gitVersion=v${version} -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37`;
  const { status } = spawnSync('go', ['build', '-trimpath', '-ldflags', flags, '-o', built, '.'], {
    cwd: cache,
    env,
    stdio: ['ignore', 2, 2],
  });
  return status === 0 ? built : undefined;
}
