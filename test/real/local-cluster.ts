import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from '../../src/client/https/connect.ts';
import type { HttpsClient } from '../../src/client/https/https-client.ts';
import { clusterConnection } from '../../src/client/kubeconfig/cluster-connection.ts';
import { readKubeconfig } from '../../src/client/kubeconfig/kubeconfig-file.ts';
import { DataDirectory } from '../../src/cluster/files/data-directory.ts';
import { runningServer } from '../../src/cluster/server/running-server.ts';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { runCommand } from '../../src/node/host/linux/run-command.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import { pods } from '../../src/resources/schema/resource-types.generated.ts';
import { readHttpText } from '../../src/wire/http-body.ts';
import { webSocketExec } from '../../src/wire/remote-command/websocket-exec-client.ts';
import { eventually } from '../e2e/demo-cluster.ts';
import { tracesOf } from '../e2e/machine.ts';
import { busyboxArchive } from './image-cache.ts';
import { stuurmanCommand } from './stuurman-command.ts';

const namespace = 'default';

/** A cluster on this machine, started by `stuurman` and used through its API. */
export class LocalCluster {
  readonly environment = new RealEnvironment();
  readonly directory: string;
  readonly port: number;
  #connected: { readonly client: HttpsClient; close(): void } | undefined;

  /** What a run that was killed has left under this name is taken down first. */
  static async begin(name: string, port: number): Promise<LocalCluster> {
    const cluster = new LocalCluster(`/var/tmp/stuurman-${name}`, port);
    if (existsSync(cluster.directory)) await cluster.stuurman(['down', '--purge']);
    return cluster;
  }

  /** The one of this name that an earlier run has left running. */
  static left(name: string, port: number): LocalCluster | undefined {
    const cluster = new LocalCluster(`/var/tmp/stuurman-${name}`, port);
    return runningServer(new DataDirectory(cluster.directory)) === undefined ? undefined : cluster;
  }

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
  }

  /** `stuurman up --detach`; answers what it told. */
  async up(...more: readonly string[]): Promise<string> {
    this.#disconnect();
    const { stderr } = await this.stuurman(['up', '--detach', '--port', String(this.port), ...more]);
    return stderr;
  }

  /** The same, with the image that `run` makes containers of. */
  async upWithImage(...more: readonly string[]): Promise<void> {
    await this.up(...more);
    await this.stuurman(['image', 'import', await busyboxArchive(this.environment)]);
  }

  /** The words of the command that lets another machine join. */
  async invitation(): Promise<readonly string[]> {
    const { stdout } = await this.stuurman(['token', 'create', '--print-join-command']);
    return stdout.trim().split(' ').slice(1);
  }

  /** Takes the cluster down; answers what is left of it on the machine. */
  async down(...more: readonly string[]): Promise<readonly string[]> {
    this.#disconnect();
    const { id, directory } = this;
    await this.stuurman(['down', ...more]);
    return tracesOf(id, directory);
  }

  /** Runs a command of `stuurman` for this cluster; throws when it fails. */
  stuurman(command: readonly string[]) {
    return runCommand(this.environment, stuurmanCommand(command, this.directory), { timeoutMs: 200_000 });
  }

  get id(): string {
    return (JSON.parse(readFileSync(join(this.directory, 'cluster.json'), 'utf8')) as { readonly id: string }).id;
  }

  get serverPid(): number {
    return (JSON.parse(readFileSync(join(this.directory, 'server.json'), 'utf8')) as { readonly pid: number }).pid;
  }

  get kubeconfig(): string {
    return join(this.directory, 'admin.kubeconfig');
  }

  get client(): HttpsClient {
    this.#connected ??= connect(this.environment, clusterConnection(this.environment, readKubeconfig(this.kubeconfig)));
    return this.#connected.client;
  }

  /** Runs a shell script as a pod of a node. */
  run(name: string, nodeName: string, script: string, more: Partial<PodSpec> = {}) {
    const container = { name: 'main', image: busyboxImage.image, command: ['sh', '-c', script] };
    return this.client.create(pods, {
      metadata: { name, namespace, labels: { app: 'test' } },
      spec: { nodeName, terminationGracePeriodSeconds: 0, containers: [container], ...more },
    });
  }

  async podAddress(name: string): Promise<string> {
    return this.until(`pod ${name} is ready`, async () => {
      const { status } = await this.client.get(pods, { namespace, name });
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
      return ready ? status?.podIP : undefined;
    });
  }

  /** What a shell script prints in a pod, with its errors. */
  async exec(pod: string, script: string, container?: string): Promise<string> {
    const query = new URLSearchParams([
      ...['sh', '-c', script].map((word) => ['command', word]),
      ['stdout', 'true'],
      ['stderr', 'true'],
      ...(container === undefined ? [] : [['container', container]]),
    ]);
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query}`;
    const session = await webSocketExec(this.environment, this.client.http, path, {
      stdin: false,
      stdout: true,
      stderr: true,
      tty: false,
    });
    const read = (stream: typeof session.stdout) => (stream === undefined ? '' : text(stream));
    const [out, error] = await Promise.all([read(session.stdout), read(session.stderr)]);
    const failure = await session.exit.then(
      () => '',
      (reason: unknown) => String(reason),
    );
    return out + error || failure;
  }

  async logs(pod: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log`;
    const { body } = await this.client.http.fetch({ method: 'GET', path, headers: {} });
    return readHttpText(body);
  }

  /** Asks until there is an answer. */
  until<T>(what: string, ask: () => Promise<T | undefined>, patienceMs = 30_000): Promise<T> {
    return eventually(what, ask, patienceMs);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #disconnect(): void {
    this.#connected?.close();
    this.#connected = undefined;
  }
}

/** A program of the machine; throws when it fails. Answers what it printed. */
export async function run(...command: readonly string[]): Promise<string> {
  return (await runCommand(new RealEnvironment(), command)).stdout;
}
