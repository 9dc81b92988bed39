import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../src/machinery/environment/environment.ts';
import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerStatus,
  SandboxConfig,
} from '../../src/node/runtime/runtime.ts';

/** No rights beyond the usual, and none taken away. */
export const plainSecurity: SandboxConfig['securityContext'] = {
  privileged: false,
  runAsUser: undefined,
  runAsGroup: undefined,
  runAsUsername: undefined,
  supplementalGroups: [],
  supplementalGroupsPolicy: 'Merge',
  readOnlyRootFilesystem: false,
  addCapabilities: [],
  dropCapabilities: [],
  noNewPrivileges: false,
  seccomp: { type: 'RuntimeDefault', path: '' },
  maskedPaths: [],
  readonlyPaths: [],
};

/** Where pods of a fixture live. */
export interface PodPlace {
  readonly environment: Environment;
  /** Logs are below it. */
  readonly directory: string;
}

/** A sandbox with one container after the other. */
export class PodFixture {
  readonly sandbox: SandboxConfig;
  readonly id: string;
  readonly address: string;
  readonly #fixture: PodPlace;
  readonly #runtime: ContainerRuntime;
  #attempts = 0;

  private constructor(
    fixture: PodPlace,
    runtime: ContainerRuntime,
    sandbox: SandboxConfig,
    id: string,
    address: string,
  ) {
    this.#fixture = fixture;
    this.#runtime = runtime;
    this.sandbox = sandbox;
    this.id = id;
    this.address = address;
  }

  static async run(
    fixture: PodPlace,
    runtime: ContainerRuntime,
    name: string,
    more: Partial<SandboxConfig> = {},
  ): Promise<PodFixture> {
    const sandbox: SandboxConfig = {
      metadata: { name, namespace: 'default', uid: `${name}-${fixture.environment.id()}`, attempt: 0 },
      hostname: name,
      logDirectory: join(fixture.directory, 'logs', name),
      dns: undefined,
      portMappings: [],
      labels: {},
      annotations: {},
      cgroupParent: '',
      hostNetwork: false,
      hostPid: false,
      hostIpc: false,
      shareProcessNamespace: false,
      sysctls: {},
      securityContext: plainSecurity,
      runtimeHandler: '',
      ...more,
    };
    mkdirSync(sandbox.logDirectory, { recursive: true });
    const id = await runtime.runPodSandbox(sandbox);
    const status = await runtime.podSandboxStatus(id);
    return new PodFixture(fixture, runtime, sandbox, id, status?.ips[0] ?? '');
  }

  /** Starts a container; its log is `attempt.log`. */
  async start(image: string, more: Partial<ContainerConfig> = {}): Promise<string> {
    const attempt = this.#attempts++;
    const config: ContainerConfig = {
      metadata: { name: 'main', attempt },
      image,
      command: [],
      args: [],
      workingDirectory: '',
      env: [],
      mounts: [],
      devices: [],
      labels: {},
      annotations: {},
      logPath: `${attempt}.log`,
      stdin: false,
      stdinOnce: false,
      tty: false,
      resources: { cpuShares: 2, cpuQuota: 0, cpuPeriod: 100_000, memoryLimitBytes: 0, oomScoreAdj: 1000 },
      securityContext: plainSecurity,
      stopSignal: undefined,
      ...more,
    };
    const id = await this.#runtime.createContainer(this.id, config, this.sandbox);
    await this.#runtime.startContainer(id);
    return id;
  }

  async exited(containerId: string): Promise<ContainerStatus> {
    return this.until(async () => {
      const status = await this.#runtime.containerStatus(containerId);
      return status?.state === 'exited' ? status : undefined;
    });
  }

  /** Asks again and again until there is an answer. */
  async until<T>(ask: () => Promise<T | undefined>, patienceMs = 30_000): Promise<T> {
    const { environment } = this.#fixture;
    const deadline = environment.monotonic() + patienceMs;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (environment.monotonic() > deadline) throw new Error('waited for nothing');
      await environment.sleep(50);
    }
  }

  async remove(): Promise<void> {
    await this.#runtime.stopPodSandbox(this.id);
    await this.#runtime.removePodSandbox(this.id);
  }
}
