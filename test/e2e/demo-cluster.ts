import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly stdin?: string;
  /** Ends the command; it then counts as failed. */
  readonly timeoutMs?: number;
}

/** Set by who writes tests: a cluster that runs is used as it is, and left running. */
const keep = process.env['STUURMAN_E2E_KEEP'] !== undefined;

/** Images are made once and stay in its cache; everything else of it goes before each run. */
const directory = '/var/tmp/stuurman-test';
const port = 7543;
const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'src', 'cli', 'main.ts');

/** The kubectl that the tests use. */
export const kubectlProgram = process.env['STUURMAN_KUBECTL'] ?? 'kubectl';

/** The cluster of the demonstration on this machine, used only as its user would: by `stuurman` and `kubectl`. */
export class DemoCluster {
  readonly directory = directory;
  readonly port = port;
  readonly kubeconfig = join(directory, 'admin.kubeconfig');
  #pageUrl: string | undefined;

  /** Begins anew with nothing but the images' cache, also after a run that was killed. */
  async begin(): Promise<void> {
    if (keep && existsSync(join(directory, 'server.json'))) {
      await this.kubectl('delete', 'configmap/tool', 'pod/tool', 'pod/once', '--ignore-not-found');
      return;
    }
    await run(process.execPath, [join(root, 'scripts', 'build.ts')], { timeoutMs: 60_000 });
    await this.#clear();
    await this.up(['--demo']);
    // Another cluster on this machine may have the port that the manifest asks for.
    const ports = [{ name: 'http', port: 80, nodePort: 31543 }];
    await this.kubectl('patch', 'service', 'web', '-p', JSON.stringify({ spec: { ports } }));
  }

  /** Takes the cluster down, also after tests that failed. */
  async end(): Promise<void> {
    if (!keep) await this.#clear();
  }

  /** Leaves nothing but the images' cache, so that no other cluster of this machine keeps away from its ranges. */
  async #clear(): Promise<void> {
    if (existsSync(join(directory, 'cluster.json'))) await this.stuurman(['down']);
    if (!existsSync(directory)) return;
    for (const name of readdirSync(directory))
      if (name !== 'cache') rmSync(join(directory, name), { recursive: true, force: true });
  }

  /** `stuurman up --detach`; throws with what it said when the cluster does not come up. */
  async up(more: readonly string[] = []): Promise<void> {
    await this.stuurman(['up', '--detach', '--port', String(port), ...more]);
  }

  /** Runs a command of `stuurman` for this cluster and answers what it printed; throws when it fails. */
  async stuurman([command = '', ...more]: readonly string[]): Promise<string> {
    const result = await run(process.execPath, [program, command, '--data-dir', directory, ...more], {
      timeoutMs: 400_000,
    });
    if (result.code !== 0) throw new Error(`stuurman ${command} ended with ${result.code}: ${result.stderr}`);
    return result.stdout;
  }

  /** Runs kubectl in the namespace of the shop; it may fail. */
  tryKubectl(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return run(kubectlProgram, this.kubectlArguments(args), { timeoutMs: 60_000, ...options });
  }

  /** Runs kubectl in the namespace of the shop and answers its output; throws when it fails. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const result = await this.tryKubectl(args, { timeoutMs: 120_000 });
    if (result.code !== 0)
      throw new Error(`kubectl ${args.join(' ')} ended with ${result.code}: ${result.stderr}${result.stdout}`);
    return result.stdout;
  }

  /** `kubectl apply -f -`. */
  async apply(...manifests: readonly object[]): Promise<string> {
    const stdin = manifests.map((each) => JSON.stringify(each)).join('\n');
    const result = await this.tryKubectl(['apply', '-f', '-'], { stdin });
    if (result.code !== 0) throw new Error(`kubectl apply ended with ${result.code}: ${result.stderr}`);
    return result.stdout;
  }

  kubectlArguments(args: readonly string[]): readonly string[] {
    return ['--kubeconfig', this.kubeconfig, '--namespace', 'shop', ...args];
  }

  /** Where the shop is reached from outside the cluster. */
  async pageUrl(): Promise<string> {
    if (this.#pageUrl === undefined) {
      const address = await this.kubectl(
        'get',
        'nodes',
        '-o',
        'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
      );
      const nodePort = await this.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}');
      this.#pageUrl = `http://${address}:${nodePort}`;
    }
    return this.#pageUrl;
  }

  /** Of every container that a selector finds: which pod it is in, its id, and how often it was started again. */
  async containers(selector: string): Promise<readonly string[]> {
    const template =
      '{range .items[*]}{.metadata.name} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\\n"}{end}';
    const text = await this.kubectl('get', 'pods', '-l', selector, '-o', `jsonpath=${template}`);
    return text.trimEnd().split('\n').toSorted();
  }

  /** The id in the names of what the cluster makes on this machine. */
  get id(): string {
    const { id } = JSON.parse(readFileSync(join(directory, 'cluster.json'), 'utf8')) as { readonly id: string };
    return id;
  }

  get serverPid(): number {
    const { pid } = JSON.parse(readFileSync(join(directory, 'server.json'), 'utf8')) as { readonly pid: number };
    return pid;
  }
}

/** Runs a program to its end. A missing program is an error, a failing one is not. */
export function run(
  command: string,
  args: readonly string[],
  { stdin = '', timeoutMs = 30_000 }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { timeout: timeoutMs, maxBuffer: 64 << 20, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code === 'string') reject(error);
        else resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      },
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin);
  });
}

/** A kubectl that runs on, such as `logs -f`, with what it has printed so far. */
export function following(command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { text: () => text, end: () => child.kill('SIGTERM'), ended };
}

/** Asks until the answer is there; throws the last reason when it does not come in time. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown = 'the answer was no';
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await sleep(50);
  }
  throw new Error(`not within ${withinMs} ms: ${what} (${last})`);
}
