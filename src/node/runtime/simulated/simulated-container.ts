import type { Duplex } from 'node:stream';
import type { Environment, Timer } from '../../../machinery/environment/environment.ts';
import type { StreamOptions } from '../../../wire/remote-command/exec-streams.ts';
import type { MemoryFiles } from '../../host/simulated/memory-files.ts';
import type { SimulatedAnswer, SimulatedProbe } from '../../host/simulated/simulated-host.ts';
import {
  type Container,
  type ContainerConfig,
  type ContainerStats,
  type ContainerStatus,
  type ExecSession,
  type Image,
  type LinuxResources,
  RuntimeError,
  type RuntimeEvent,
  type SandboxConfig,
} from '../runtime.ts';
import { type Attachable, attachSession } from './attach-session.ts';
import { httpListener } from './port-session.ts';
import type { SimulatedExec, SimulatedProgram } from './program.ts';
import { commandNotFound, runCommand } from './run-command.ts';

export interface SimulatedContainerOptions {
  readonly id: string;
  readonly sandboxId: string;
  readonly sandbox: SandboxConfig;
  readonly config: ContainerConfig;
  readonly image: Image;
  readonly environment: Environment;
  readonly files: MemoryFiles;
  tell(type: RuntimeEvent['type'], containerId: string): void;
}

const killed = 137;
const neverStarted = 128;
/** Where the agent says which file the container leaves its last words in. */
const terminationMessagePath = 'io.kubernetes.container.terminationMessagePath';

/** One container: it is created, runs as its program says, and ends. */
export class SimulatedContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly sandbox: SandboxConfig;
  resources: LinuxResources;
  readonly #options: SimulatedContainerOptions;
  readonly #createdAt: number;
  #state: 'created' | 'running' | 'exited' = 'created';
  #program: SimulatedProgram = {};
  #startedAt: number | undefined;
  #finishedAt: number | undefined;
  #cpuNanoseconds = 0;
  /** Until when these count. */
  #measuredAt: number | undefined;
  #exitCode = 0;
  #reason = '';
  #timer: Timer | undefined;
  #stopping: Timer | undefined;
  /** Who waits for its end. */
  #waiters: (() => void)[] = [];
  /** Who is attached. */
  readonly #listeners = new Set<(text: string, stream: 'stdout' | 'stderr') => void>();

  constructor(options: SimulatedContainerOptions) {
    this.#options = options;
    this.id = options.id;
    this.config = options.config;
    this.sandbox = options.sandbox;
    this.resources = options.config.resources;
    this.#createdAt = options.environment.now();
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get sandboxId(): string {
    return this.#options.sandboxId;
  }

  /** Throws `RuntimeError` when it was started before, or when its program does not start. */
  start(program: SimulatedProgram): void {
    const { environment, tell } = this.#options;
    if (this.#state !== 'created')
      throw new RuntimeError('Unknown', `container "${this.id}" is in ${this.#state} state, not in created`);
    this.#program = program;
    if (program.startError !== undefined) {
      this.end(neverStarted, 'StartError');
      throw new RuntimeError('Unknown', program.startError);
    }
    this.#state = 'running';
    this.#startedAt = environment.now();
    tell('started', this.id);
    for (const line of program.output ?? []) this.log(line, 'stdout');
    const { exitAfterMs, exitCode = 0 } = program;
    if (exitAfterMs === undefined) return;
    this.#timer = environment.setTimer(exitAfterMs, () => {
      this.#writeTerminationMessage();
      this.end(exitCode, program.reason);
    });
  }

  /** The stop signal, and the kill when it is not heeded within the timeout. Resolves at its end. */
  async stop(timeoutSeconds: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.isRunning) return;
    const { stopAfterMs = 0, stopExitCode = 0 } = this.#program;
    const { environment } = this.#options;
    const timeoutMs = timeoutSeconds * 1000;
    if (stopAfterMs === 0) {
      this.end(stopExitCode);
      return;
    }
    const kill = environment.setTimer(timeoutMs, () => this.end(killed));
    // It has heard the signal, and ends by itself also when whoever sent it has gone.
    if (Number.isFinite(stopAfterMs))
      this.#stopping ??= environment.setTimer(stopAfterMs, () => this.end(stopExitCode));
    try {
      await this.#ended(signal);
    } finally {
      kill.cancel();
    }
  }

  kill(): void {
    if (this.isRunning) this.end(killed);
  }

  /** It ends now, from within or from without. */
  end(exitCode: number, reason?: string): void {
    if (this.#state === 'exited') return;
    const { environment, tell } = this.#options;
    this.dispose();
    this.#state = 'exited';
    this.#finishedAt = environment.now();
    this.#exitCode = exitCode;
    this.#reason = reason ?? (exitCode === 0 ? 'Completed' : 'Error');
    for (const wake of this.#waiters) wake();
    this.#waiters = [];
    tell('stopped', this.id);
  }

  /** Drops its timers. */
  dispose(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#stopping?.cancel();
    this.#stopping = undefined;
  }

  /** What its process writes: a line or several, in the form of CRI. */
  log(text: string, stream: 'stdout' | 'stderr'): void {
    const { environment, files } = this.#options;
    const time = new Date(environment.now()).toISOString().replace('Z', '000000Z');
    const lines = text.split('\n').map((line) => `${time} ${stream} F ${line}\n`);
    files.append(this.logPath, lines.join(''));
    for (const hear of this.#listeners) hear(`${text}\n`, stream);
  }

  /** Throws `RuntimeError` when it does not run. */
  attach(options: StreamOptions): ExecSession {
    this.mustRun();
    return attachSession(this.#attachable(), options);
  }

  /** Undefined: it does not listen there. */
  listener(port: number): ((connection: Duplex) => void) | undefined {
    if (!this.isRunning) return undefined;
    if (this.#program.accept !== undefined) return this.#program.accept(port);
    const answer = this.answer({ protocol: 'tcp', address: '127.0.0.1', port, path: '' });
    return answer?.outcome === 'success' ? httpListener(this.sandbox.metadata.name) : undefined;
  }

  /** Throws `RuntimeError` when it does not run. */
  exec(command: readonly string[], stdin: string): SimulatedExec {
    this.mustRun();
    const context = { env: this.config.env, hostname: this.sandbox.hostname, stdin };
    return this.#program.exec?.(command, context) ?? runCommand(command, context);
  }

  /** What a probe or a hook asks for: a command that is not known is taken to succeed, as a port that nobody says anything of is taken to answer. */
  execSync(command: readonly string[]): SimulatedExec {
    const result = this.exec(command, '');
    const isUnknown = result.exitCode === commandNotFound && this.#program.exec === undefined;
    return isUnknown ? { exitCode: 0 } : result;
  }

  mustRun(): void {
    if (!this.isRunning)
      throw new RuntimeError('Unknown', `container "${this.id}" is in ${this.#state} state, not running`);
  }

  /** Undefined: it does not listen there. */
  answer(probe: SimulatedProbe): SimulatedAnswer | undefined {
    if (!this.isRunning) return undefined;
    if (this.#program.answer === undefined) return { outcome: 'success', message: '' };
    const runningMs = this.#options.environment.now() - (this.#startedAt ?? 0);
    return this.#program.answer({ ...probe, runningMs });
  }

  get logPath(): string {
    return `${this.sandbox.logDirectory}/${this.config.logPath}`;
  }

  summary(): Container {
    const { id, sandboxId, image } = this.#options;
    return {
      id,
      sandboxId,
      metadata: this.config.metadata,
      state: this.#state,
      image: image.tags[0] ?? image.id,
      imageId: image.digests[0] ?? image.id,
      createdAt: this.#createdAt,
      labels: this.config.labels,
      annotations: this.config.annotations,
    };
  }

  status(): ContainerStatus {
    return {
      ...this.summary(),
      startedAt: this.#startedAt,
      finishedAt: this.#finishedAt,
      exitCode: this.#exitCode,
      reason: this.#reason,
      message: '',
      logPath: this.logPath,
    };
  }

  /** What it has used since it was started, also after its end. */
  measureCpuNanoseconds(): number {
    const untilMs = this.#finishedAt ?? this.#options.environment.now();
    const sinceMs = this.#measuredAt ?? this.#startedAt ?? untilMs;
    this.#cpuNanoseconds += Math.round((untilMs - sinceMs) * 1e6 * amountNow(this.#program.cpuCores, 0.01));
    this.#measuredAt = untilMs;
    return this.#cpuNanoseconds;
  }

  stats(): ContainerStats {
    const { diskBytes = 0 } = this.#program;
    const memoryBytes = amountNow(this.#program.memoryBytes, 10 * 2 ** 20);
    const { memoryLimitBytes } = this.resources;
    return {
      containerId: this.id,
      labels: this.config.labels,
      timestamp: this.#options.environment.now(),
      cpuUsageCoreNanoSeconds: this.measureCpuNanoseconds(),
      memoryWorkingSetBytes: memoryBytes,
      memoryUsageBytes: memoryBytes,
      memoryRssBytes: memoryBytes,
      memoryLimitBytes: memoryLimitBytes > 0 ? memoryLimitBytes : undefined,
      swapUsageBytes: 0,
      swapLimitBytes: 0,
      pageFaults: 0,
      majorPageFaults: 0,
      pressure: undefined,
      writableLayerUsedBytes: diskBytes,
      writableLayerInodesUsed: diskBytes > 0 ? 1 : 0,
    };
  }

  #attachable(): Attachable {
    return {
      listen: (write) => {
        this.#listeners.add(write);
        return () => this.#listeners.delete(write);
      },
      input: (line) => this.#input(line),
      inputEnded: () => {
        // A process that reads from its stdin comes to its end when that does.
        if (this.config.stdinOnce && this.#program.input !== undefined) this.end(0);
      },
      ended: this.#ended(undefined),
    };
  }

  #input(line: string): void {
    if (!this.isRunning || !this.config.stdin) return;
    const context = { env: this.config.env, hostname: this.sandbox.hostname, stdin: '' };
    const { stdout = '', stderr = '', exitCode } = this.#program.input?.(line, context) ?? {};
    if (stdout !== '') this.log(stdout.replace(/\n$/, ''), 'stdout');
    if (stderr !== '') this.log(stderr.replace(/\n$/, ''), 'stderr');
    if (exitCode !== undefined) this.end(exitCode);
  }

  #ended(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.push(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
    });
  }

  #writeTerminationMessage(): void {
    const { terminationMessage } = this.#program;
    const path = this.config.annotations[terminationMessagePath];
    const mount = this.config.mounts.find(({ containerPath }) => containerPath === path);
    if (terminationMessage !== undefined && mount !== undefined)
      this.#options.files.append(mount.hostPath, terminationMessage);
  }
}

function amountNow(amount: number | (() => number) | undefined, usual: number): number {
  return typeof amount === 'function' ? amount() : (amount ?? usual);
}
