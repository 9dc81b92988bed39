import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { fileURLToPath } from 'node:url';
import type { Client } from '../src/client/client.ts';
import { connect } from '../src/client/https/connect.ts';
import { clusterConnection } from '../src/client/kubeconfig/cluster-connection.ts';
import { readKubeconfig } from '../src/client/kubeconfig/kubeconfig-file.ts';
import { RealEnvironment } from '../src/machinery/environment/real.ts';
import { nodes } from '../src/resources/schema/resource-types.generated.ts';
import { eventually, patienceMs } from './eventually.ts';

const program = fileURLToPath(new URL('../dist/stuurman.js', import.meta.url));
const environment = new RealEnvironment();

/** A server process of the built program, for benchmarks: run `node scripts/build.ts` before. */
export class SpawnedCluster {
  readonly directory: string;
  readonly port: number;
  readonly #arguments: readonly string[];
  #process: ChildProcess | undefined;
  #startedMs = 0;

  constructor(directory: string, port: number, more: readonly string[]) {
    this.directory = directory;
    this.port = port;
    this.#arguments = ['up', '--data-dir', directory, '--port', `${port}`, ...more];
  }

  /** Milliseconds from the start of the process until the API answers. */
  async up(): Promise<number> {
    // Nodes tell whole seconds: what they said before must not look as if they had said it since.
    await environment.sleep(1000 - (Date.now() % 1000));
    this.#startedMs = Date.now();
    const beganMs = performance.now();
    const child = spawn(process.execPath, [program, ...this.#arguments], { stdio: 'ignore' });
    this.#process = child;
    const answers = async () => {
      if (child.exitCode !== null) throw new Error(`"up" ended with ${child.exitCode}: see ${this.directory}/logs`);
      return (await this.#answers()) ? true : undefined;
    };
    await eventually('an answer of the API', answers, 5);
    return performance.now() - beganMs;
  }

  /** Waits until so many nodes have said since this start that they are ready; milliseconds since the start of the process. */
  async nodesReady(count: number): Promise<number> {
    // The server writes it a moment after the API answers for the first time.
    await eventually(this.kubeconfig, () => existsSync(this.kubeconfig) || undefined, 5);
    const { client, close } = this.connect();
    const sinceMs = this.#startedMs - (this.#startedMs % 1000);
    try {
      for (;;) {
        const { items } = await client.list(nodes);
        const ready = items.filter(({ status }) =>
          status?.conditions?.some(
            ({ type, status: value, lastHeartbeatTime }) =>
              type === 'Ready' && value === 'True' && Date.parse(lastHeartbeatTime ?? '') >= sinceMs,
          ),
        );
        const elapsedMs = Date.now() - this.#startedMs;
        if (ready.length >= count) return elapsedMs;
        if (elapsedMs > patienceMs) throw new Error(`${ready.length} of ${count} nodes are ready`);
        await environment.sleep(10);
      }
    } finally {
      close();
    }
  }

  connect(): { readonly client: Client; close(): void } {
    return connectTo(this.kubeconfig);
  }

  get kubeconfig(): string {
    return `${this.directory}/admin.kubeconfig`;
  }

  /** Memory of all Node processes of this cluster, in bytes: each page is counted once, shared ones in parts. */
  pssBytes(): number {
    return this.#processes().reduce((sum, { pid }) => sum + pssBytesOf(pid), 0);
  }

  /** The agent of the first node; undefined while none runs. */
  agentPid(): number | undefined {
    return this.#processes().find(({ command }) => command.includes(`${this.directory}/node/agent.json`))?.pid;
  }

  #processes(): readonly { readonly pid: number; readonly command: readonly string[] }[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
          const isOurs = /node$/.test(command[0] ?? '') && command.some((each) => each.startsWith(this.directory));
          return isOurs ? [{ pid: Number(name), command }] : [];
        } catch {
          // The process has ended meanwhile.
          return [];
        }
      });
  }

  /** Ends the server; its state stays. */
  async down(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGTERM');
    await eventually('the end of "up"', () => child.exitCode ?? child.signalCode ?? undefined, 5).catch((error) => {
      child.kill('SIGKILL');
      throw error;
    });
  }

  /** Nothing of it is left. */
  async purge(): Promise<void> {
    await this.down();
    execFileSync(process.execPath, [program, 'down', '--purge', '--data-dir', this.directory], { stdio: 'ignore' });
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const options = {
        host: '127.0.0.1',
        port: this.port,
        path: '/readyz',
        rejectUnauthorized: false,
        agent: new Agent(),
        timeout: patienceMs,
      };
      const sent = request(options, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode === 200));
      });
      sent.on('timeout', () => sent.destroy());
      sent.on('error', () => resolve(false)).end();
    });
  }
}

/** Memory of a process in bytes; nothing of one that has ended. */
export function pssBytesOf(pid: number): number {
  try {
    const found = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return Number(found?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** A client from a kubeconfig file. */
export function connectTo(kubeconfig: string): { readonly client: Client; close(): void } {
  return connect(environment, clusterConnection(environment, readKubeconfig(kubeconfig)));
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** The reference control plane's kubeconfig, where one is up. */
export const referenceKubeconfig = process.env['REFERENCE_KUBECONFIG'];
