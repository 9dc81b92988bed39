import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The version whose answers are recorded. */
const version = '1.37.1';
const [major, minor] = version.split('.');

/** Programs of the reference, and what else belongs to it, outside of the tree. */
export const cache = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'stuurman',
  `reference-${version}`,
);

interface Programs {
  readonly etcd: string;
  readonly apiServer: string;
}

/** Builds etcd and kube-apiserver from their Go modules; what is there is kept. Throws when Go is missing or a build fails. */
export function ensureBuilt(): Programs {
  const programs = { etcd: join(cache, 'etcd'), apiServer: join(cache, 'kube-apiserver') };
  const missing = Object.values(programs).filter((program) => !existsSync(program));
  if (missing.length === 0) return programs;
  if (spawnSync('go', ['version']).status !== 0)
    throw new Error(`building ${missing.join(' and ')} needs Go (https://go.dev/dl/) on the PATH`);
  const folder = join(cache, 'module');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'go.mod'), moduleFile());
  writeFileSync(
    join(folder, 'main.go'),
    'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n\t_ "k8s.io/kubernetes/cmd/kube-apiserver/app"\n)\n\nfunc main() { etcdmain.Main(os.Args) }\n',
  );
  go(folder, 'mod', 'tidy');
  const variable = 'k8s.io/component-base/version';
  const flags = `-s -w -X ${variable}.gitVersion=v${version} -X ${variable}.gitMajor=${major} -X ${variable}.gitMinor=${minor}`;
  const build = ['build', '-trimpath', '-ldflags', flags];
  go(folder, ...build, '-o', programs.apiServer, 'k8s.io/kubernetes/cmd/kube-apiserver');
  writeFileSync(
    join(folder, 'main.go'),
    'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\nfunc main() { etcdmain.Main(os.Args) }\n',
  );
  go(folder, ...build, '-o', programs.etcd, '.');
  return programs;
}

/**
 * A module that depends on Kubernetes. The parts of Kubernetes that are modules of their own have no version in its `go.mod`, for
 * there they are folders beside it: theirs follows from its own.
 */
function moduleFile(): string {
  const downloaded = spawnSync('go', ['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`], {
    encoding: 'utf8',
  });
  if (downloaded.status !== 0)
    throw new Error(`go mod download k8s.io/kubernetes: ${downloaded.stdout}${downloaded.stderr}`);
  const { GoMod: path } = JSON.parse(downloaded.stdout) as { readonly GoMod: string };
  const parts = [...readFileSync(path, 'utf8').matchAll(/^\s*(k8s\.io\/\S+) => \.\/staging/gm)].map(
    (match) => match[1],
  );
  return [
    'module reference\n\ngo 1.26.0\n',
    `require k8s.io/kubernetes v${version}\n`,
    ...parts.map((part) => `replace ${part} => ${part} v0.${version.slice(2)}`),
    '',
  ].join('\n');
}

function go(folder: string, ...args: readonly string[]): void {
  process.stderr.write(`go ${args.join(' ')}\n`);
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' };
  const { status } = spawnSync('go', args, { cwd: folder, env, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`go ${args.join(' ')} failed in ${folder}`);
}
