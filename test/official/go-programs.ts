import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
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

/** Programs of Go, built when they are missing and kept outside the project, in a folder for each state of the modules. */
export class GoPrograms {
  /** Changes with what is built. */
  readonly key: string;
  readonly #environment: Environment;
  readonly #folder: string;
  readonly #say: (text: string) => void;

  constructor(environment: Environment, cacheDirectory: string, say: (text: string) => void) {
    this.#environment = environment;
    this.#say = say;
    const hash = createHash('sha256');
    for (const file of ['go.mod', 'go.sum', 'etcd/go.mod', 'etcd/go.sum', 'etcd/main.go'])
      hash.update(readFileSync(join(import.meta.dirname, file)));
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
    const flags = ['-trimpath', '-ldflags', '-s -w', '-o', `${path}.part`];
    await this.#go(program.module, [...how, ...flags, program.package], name);
    renameSync(`${path}.part`, path);
    return path;
  }

  /** Where the sources of a module are. */
  async moduleFolder(module: string): Promise<string> {
    await this.#go('.', ['mod', 'download', module], module);
    return (await this.#go('.', ['list', '-m', '-f', '{{.Dir}}', module], module)).trim();
  }

  async #go(module: string, args: readonly string[], what: string): Promise<string> {
    const env = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly' };
    try {
      const command = ['go', '-C', join(import.meta.dirname, module), ...args];
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
