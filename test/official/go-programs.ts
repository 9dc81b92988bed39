import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../src/machinery/environment/environment.ts';
import { CommandError, runCommand } from '../../src/node/host/linux/run-command.ts';

interface GoProgram {
  readonly package: string;
  /** The folder of the module, beside this file. */
  readonly module: string;
  /** Built as tests are. */
  readonly test?: boolean;
}

/** What the suite is made of; all at the versions that the modules beside this file name. */
const programs = {
  'e2e.test': { package: 'k8s.io/kubernetes/test/e2e', module: '.', test: true },
  ginkgo: { package: 'github.com/onsi/ginkgo/v2/ginkgo', module: '.' },
  agnhost: { package: 'k8s.io/kubernetes/test/images/agnhost', module: '.' },
  nnp: { package: 'k8s.io/kubernetes/test/images/nonewprivs', module: '.' },
  'sample-apiserver': { package: 'k8s.io/sample-apiserver', module: '.' },
  etcd: { package: '.', module: 'etcd' },
} as const satisfies Readonly<Record<string, GoProgram>>;

export type GoProgramName = keyof typeof programs;

const buildTimeoutMs = 60 * 60_000;

/** Each is some 300 MB; a checkout beside this one may be of another state of the modules. */
const keptFolders = 2;

/** Programs of Go, built when they are missing and kept outside the project, in a folder for each state of the modules. */
export class GoPrograms {
  /** Changes with what is built. */
  readonly key: string;
  readonly #environment: Environment;
  readonly #cacheDirectory: string;
  readonly #folder: string;
  readonly #flags: readonly string[];
  readonly #say: (text: string) => void;

  constructor(environment: Environment, cacheDirectory: string, say: (text: string) => void) {
    this.#environment = environment;
    this.#cacheDirectory = cacheDirectory;
    this.#say = say;
    this.#flags = ['-trimpath', '-ldflags', `-s -w ${versionFlags(readFileSync(beside('go.mod'), 'utf8'))}`];
    const hash = createHash('sha256').update(this.#flags.join('\n'));
    for (const file of ['go.mod', 'go.sum', 'etcd/go.mod', 'etcd/go.sum', 'etcd/main.go'])
      hash.update(readFileSync(beside(file)));
    this.key = hash.digest('hex').slice(0, 16);
    this.#folder = join(cacheDirectory, `programs-${this.key}`);
  }

  allBuilt(): boolean {
    return Object.keys(programs).every((name) => existsSync(join(this.#folder, name)));
  }

  /** The program's path. Throws what the compiler says, and what to do where there is no Go. */
  async ensure(name: GoProgramName): Promise<string> {
    const path = join(this.#folder, name);
    if (existsSync(path)) return path;
    const program: GoProgram = programs[name];
    mkdirSync(this.#folder, { recursive: true });
    this.#say(`building ${name} from its Go module (once; minutes where nothing of it was built before) ...`);
    const how = program.test === true ? ['test', '-c'] : ['build'];
    await this.#go(program.module, [...how, ...this.#flags, '-o', `${path}.part`, program.package], name);
    renameSync(`${path}.part`, path);
    return path;
  }

  /** Removes programs of other states of the modules, but for those that were used last. */
  removeOld(): void {
    const now = new Date(this.#environment.now());
    if (existsSync(this.#folder)) utimesSync(this.#folder, now, now);
    const folders = readdirSync(this.#cacheDirectory)
      .filter((name) => name.startsWith('programs-'))
      .map((name) => join(this.#cacheDirectory, name));
    const byUse = folders.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    for (const folder of byUse.slice(keptFolders)) rmSync(folder, { recursive: true, force: true });
  }

  /** Where the sources of a module are. */
  async moduleFolder(module: string): Promise<string> {
    await this.#go('.', ['mod', 'download', module], module);
    return (await this.#go('.', ['list', '-m', '-f', '{{.Dir}}', module], module)).trim();
  }

  async #go(module: string, args: readonly string[], what: string): Promise<string> {
    const env = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly' };
    try {
      const command = ['go', '-C', beside(module), ...args];
      return (await runCommand(this.#environment, command, { env, timeoutMs: buildTimeoutMs })).stdout;
    } catch (error) {
      if (error instanceof CommandError && error.code === 'ENOENT')
        throw new Error(`${what} has to be built, and there is no Go here: install Go 1.26 or later and try again`, {
          cause: error,
        });
      throw error;
    }
  }
}

/**
 * What the release builds of Kubernetes are told when they are linked. The suite asks itself for its version, and takes from it which rules
 * its pods must obey.
 */
export function versionFlags(goMod: string): string {
  const [, version, major, minor] = /^\s*k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)$/m.exec(goMod) ?? [];
  if (version === undefined) throw new Error('go.mod names no version of k8s.io/kubernetes');
  return Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor })
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
}

function beside(file: string): string {
  return join(import.meta.dirname, file);
}
