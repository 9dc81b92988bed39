import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';

export const manifests = fileURLToPath(new URL('./manifests/', import.meta.url));

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real kubectl in one namespace, with a home folder of its own: caches of other servers do not reach it. */
export class Kubectl {
  readonly #namespace: string;
  readonly #kubeconfig: string;
  readonly #home: string;
  readonly #program: string;

  private constructor(namespace: string, kubeconfig: string, program: string) {
    this.#namespace = namespace;
    this.#kubeconfig = kubeconfig;
    this.#program = program;
    this.#home = join(inject('folder'), `home-${namespace}`);
  }

  /** In a namespace of its own, which goes with the cluster. */
  static async inNamespace(
    namespace: string,
    kubeconfig = inject('kubeconfig'),
    program = process.env['STUURMAN_KUBECTL'] ?? 'kubectl',
  ): Promise<Kubectl> {
    const kubectl = new Kubectl(namespace, kubeconfig, program);
    await kubectl.get(['create', 'namespace', namespace]);
    // Pods need the account, which a controller makes.
    await kubectl.get(['wait', '--for=create', 'serviceaccount/default', '--timeout=20s']);
    return kubectl;
  }

  /** Whatever comes of it. `endAfter`: ends a command that goes on by itself when it has said this. */
  run(args: readonly string[], { input = '', editor = 'true', endAfter = '', env = {} } = {}): Promise<Answer> {
    const child = this.start(args, { KUBE_EDITOR: editor, ...env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
      if (endAfter !== '' && stdout.includes(endAfter)) child.kill();
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr: withoutSkew(stderr) }));
    });
  }

  /** A run that goes on, for the caller to speak to and to end. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcessWithoutNullStreams {
    return spawn(this.#program, ['--kubeconfig', this.#kubeconfig, '--namespace', this.#namespace, ...args], {
      cwd: manifests,
      env: { PATH: process.env['PATH'], HOME: this.#home, ...env },
    });
  }

  /** What it prints. Throws what went wrong. */
  async get(
    args: readonly string[],
    options: {
      readonly input?: string;
      readonly editor?: string;
      readonly env?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }
}

function withoutSkew(stderr: string): string {
  return stderr.replace(/^WARNING: version difference between client .*\n/m, '');
}
