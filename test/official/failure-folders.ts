import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../src/machinery/environment/environment.ts';
import { runCommand } from '../../src/node/host/linux/run-command.ts';
import { nameOf, type SpecReport, stepsOf } from './ginkgo.ts';
import { unusedPath } from './unused-path.ts';

export interface FailureFoldersOptions {
  readonly environment: Environment;
  readonly kubectl: string;
  readonly kubeconfig: string;
  /** The logs of server and agents. */
  readonly logs: string;
}

const askTimeoutMs = 60_000;
/** A test's namespaces with more of them are of a test that makes many; the first ones tell. */
const mostNamespaces = 4;

/** For each failure one folder to open: what the suite said, our logs of that time, and events and objects of its namespaces. */
export class FailureFolders {
  readonly #options: FailureFoldersOptions;
  #resources: string | undefined;

  constructor(options: FailureFoldersOptions) {
    this.#options = options;
  }

  /** Collects what there is of a failure; namespaces that the suite has left for it are then deleted. */
  async collect(spec: SpecReport, folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const steps = stepsOf(spec);
    const message = [spec.Failure?.Message, spec.Failure?.ForwardedPanic]
      .filter((each) => each !== undefined)
      .join('\n');
    const text = [nameOf(spec), spec.State, message, steps.join('\n')];
    text.push(spec.CapturedGinkgoWriterOutput ?? '', spec.CapturedStdOutErr ?? '');
    writeFileSync(join(folder, 'output.txt'), text.join('\n\n'));
    this.#writeLogs(spec, folder);
    for (const namespace of namespacesOf(steps).slice(0, mostNamespaces)) await this.#writeNamespace(namespace, folder);
  }

  /** Namespaces that tests have left because they failed. */
  async removeLeftNamespaces(): Promise<void> {
    await this.#kubectl('delete', 'namespaces', '--selector=e2e-framework', '--wait=true', '--timeout=50s');
  }

  /** The lines that server, agents and runtimes wrote while the test ran. */
  #writeLogs({ StartTime, EndTime }: SpecReport, folder: string): void {
    const [from, to] = [new Date(StartTime).toISOString(), new Date(Date.parse(EndTime) + 2000).toISOString()];
    for (const name of readdirSync(this.#options.logs)) {
      const lines = readFileSync(join(this.#options.logs, name), 'utf8').split('\n');
      const during = lines.filter((line) => {
        const time = /"time":"([^"]+)"/.exec(line)?.[1];
        return time !== undefined && time >= from && time <= to;
      });
      writeFileSync(join(folder, name), during.join('\n'));
    }
  }

  async #writeNamespace(namespace: string, folder: string): Promise<void> {
    const events = await this.#kubectl('get', 'events', '-n', namespace, '-o', 'wide', '--sort-by=.lastTimestamp');
    writeFileSync(join(folder, `events-${namespace}.txt`), events);
    this.#resources ??= (await this.#kubectl('api-resources', '--namespaced', '--verbs=list', '-o', 'name'))
      .split('\n')
      .filter((name) => name !== '' && !name.startsWith('events'))
      .join(',');
    const objects = await this.#kubectl('get', this.#resources, '-n', namespace, '-o', 'yaml');
    writeFileSync(join(folder, `objects-${namespace}.yaml`), objects);
  }

  /** What it prints; its errors too, for a cluster that fails a test may fail here. */
  async #kubectl(...args: readonly string[]): Promise<string> {
    const { environment, kubectl, kubeconfig } = this.#options;
    try {
      const options = { allowFailure: true, timeoutMs: askTimeoutMs };
      const { stdout, stderr } = await runCommand(environment, [kubectl, '--kubeconfig', kubeconfig, ...args], options);
      return stdout + stderr;
    } catch (error) {
      return `${(error as Error).message}\n`;
    }
  }
}

/** The namespaces that the suite made for a test, by its steps after the failure. */
export function namespacesOf(steps: readonly string[]): readonly string[] {
  const found = steps.flatMap(
    (step) => /(?:Collecting events from|Destroying) namespace "([^"]+)"/.exec(step)?.[1] ?? [],
  );
  return [...new Set(found)];
}

/** A folder name that tells the test, and is not there yet. */
export function failureFolder(parent: string, test: string): string {
  const slug = test.toLowerCase().replaceAll(/\[(nodeconformance|conformance)\]/g, '');
  const name = slug
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 120);
  return unusedPath(join(parent, name));
}
