import { existsSync } from 'node:fs';
import { readdir, readFile, statfs } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Host, ProcessHandle } from '../host/host.ts';
import { spareFromOom } from '../host/linux/oom-score.ts';
import type { ImageMounts } from '../runtime/cri/cri-runtime.ts';
import { type ContainerRuntime, RuntimeError } from '../runtime/runtime.ts';
import { containerdConfig } from './containerd-config.ts';
import { endPods } from './end-pods.ts';
import type { ContainerdPrograms } from './find-programs.ts';
import { ContainerdImageMounts } from './image-mounts.ts';
import { importImage } from './import-image.ts';
import { removeRemains } from './remains.ts';

const processName = 'containerd';
const startPatienceMs = 60_000;
/** Shorter than the 108 bytes that a unix socket's address may have, with room for `.ttrpc`. */
const maxSocketPath = 100;
/** How long ending all pods, and then containerd, may take each. */
const endPatienceMs = 60_000;
const maxLogBytes = 8 << 20;
/** Where a machine's administrator has written how to reach a registry, in containerd's and in docker's manner. */
const customaryRegistryDirectories = ['/etc/containerd/certs.d', '/etc/docker/certs.d'];
const overlayMagic = 0x794c7630;

export interface PrivateContainerdOptions {
  readonly environment: Environment;
  readonly host: Host;
  readonly logger: Logger;
  readonly programs: ContainerdPrograms;
  /** Images and containers' layers. */
  readonly dataDirectory: string;
  /** Socket and state; short, and best on a memory file system: `/run/stuurman-CLUSTER`. */
  readonly runDirectory: string;
  readonly cniConfDirectory: string;
  /** Present in the runtime before the first pod; nobody pulls it. */
  readonly sandboxImage: string;
  /** Speaks to the containerd behind a socket. */
  readonly connect: (socketPath: string, imageMounts: ImageMounts) => ContainerRuntime;
}

/**
 * A containerd of our own, which no other container software on the machine sees or disturbs. It outlives this process; the next one adopts it.
 */
export class PrivateContainerd {
  readonly socketPath: string;
  readonly stateDirectory: string;
  readonly #options: PrivateContainerdOptions;
  readonly #configFile: string;
  readonly #logFile: string;

  constructor(options: PrivateContainerdOptions) {
    this.#options = options;
    this.socketPath = join(options.runDirectory, 'containerd.sock');
    this.stateDirectory = join(options.runDirectory, 'state');
    this.#configFile = join(options.dataDirectory, 'config.toml');
    this.#logFile = join(options.dataDirectory, 'containerd.log');
    if (this.socketPath.length > maxSocketPath) {
      throw new Error(`${this.socketPath} is too long for the address of a socket: choose a shorter run directory`);
    }
  }

  connect(): ContainerRuntime {
    const { environment, host, programs, dataDirectory, connect } = this.#options;
    const imageMounts = new ContainerdImageMounts({
      environment,
      host,
      ctr: programs.ctr,
      socketPath: this.socketPath,
      folder: join(dataDirectory, 'image-mounts'),
      snapshotter: () => snapshotterFor(dataDirectory),
    });
    return connect(this.socketPath, imageMounts);
  }

  /** Adopts the one that runs, or starts it; resolves when it answers. Throws with the end of its log when it does not come up. */
  async start(signal?: AbortSignal): Promise<'adopted' | 'started'> {
    const running = await this.#running();
    if (running !== undefined) {
      await spareFromOom(running.pid);
      await this.#untilAnswers(running, signal);
      return 'adopted';
    }
    const { files, processes } = this.#options.host;
    await files.makeDirectory(this.#options.dataDirectory, 0o711);
    await files.makeDirectory(this.#options.runDirectory, 0o711);
    await files.write(this.#configFile, await this.#config(), 0o600);
    const log = await files.stat(this.#logFile);
    if (log !== undefined && log.sizeBytes > maxLogBytes) await files.rename(this.#logFile, `${this.#logFile}.1`);
    const handle = await processes.startDetached({
      name: processName,
      command: [this.#options.programs.containerd, '--config', this.#configFile],
      logFile: this.#logFile,
    });
    // Before it starts anything that would inherit it. Where that is forbidden the agent has said so.
    await spareFromOom(handle.pid);
    await this.#untilAnswers(handle, signal);
    return 'started';
  }

  /** Starts it again whenever it has ended, until the signal aborts. Containers run on meanwhile, and the new one finds them. */
  async supervise(signal: AbortSignal): Promise<void> {
    const { environment, logger } = this.#options;
    let waitMs = 500;
    while (!signal.aborted) {
      try {
        await environment.sleep(waitMs, signal);
        if ((await this.#running()) === undefined) {
          logger.warn('containerd has ended; starting it again');
          await this.start(signal);
          logger.info('containerd runs again');
        }
        waitMs = 500;
      } catch (err) {
        if (signal.aborted) return;
        logger.error('containerd does not start', { err });
        waitMs = Math.min(30_000, waitMs * 2);
      }
    }
  }

  /** Imports and unpacks an image archive; answers the names of what was in it. Throws when it is none. */
  async importImage(archive: string, signal?: AbortSignal): Promise<readonly string[]> {
    const { environment, host, programs, dataDirectory } = this.#options;
    const runtime = this.connect();
    try {
      const snapshotter = await snapshotterFor(dataDirectory);
      const { processes } = host;
      const { socketPath } = this;
      return await importImage(
        { environment, processes, runtime, ctr: programs.ctr, socketPath, snapshotter },
        archive,
        signal,
      );
    } finally {
      await runtime.close();
    }
  }

  /**
   * Ends every pod, then containerd itself, and leaves no process, mount, namespace or socket; images stay. It is started for that when it
   * does not run, since only it can give a pod's network back in order. Answers what went wrong on the way, in words. The caller has
   * stopped `supervise` before, and ends what else stands in the ledger afterwards.
   */
  async down(): Promise<readonly string[]> {
    const { environment, host } = this.#options;
    const problems: string[] = [];
    const attempt = async (step: () => Promise<void>) => {
      try {
        await step();
      } catch (error) {
        problems.push((error as Error).message);
      }
    };
    if ((await host.files.stat(this.#options.runDirectory)) === undefined) return problems;
    await attempt(() => this.#endPods());
    await attempt(() => this.#end());
    await attempt(() =>
      removeRemains(environment, host, {
        socketPath: this.socketPath,
        stateDirectory: this.stateDirectory,
        rootDirectory: join(this.#options.dataDirectory, 'root'),
        runDirectory: this.#options.runDirectory,
      }),
    );
    return problems;
  }

  async #endPods(): Promise<void> {
    await this.start();
    const runtime = this.connect();
    const deadline = this.#options.environment.deadline(endPatienceMs);
    try {
      await endPods(this.#options.environment, runtime, deadline.signal);
    } finally {
      deadline.cancel();
      await runtime.close();
    }
  }

  async #end(): Promise<void> {
    const { environment, host } = this.#options;
    const deadline = environment.monotonic() + endPatienceMs;
    for (let round = 0; ; round++) {
      const handle = await this.#running();
      if (handle === undefined) return;
      if (environment.monotonic() > deadline) throw new Error(`containerd (process ${handle.pid}) does not end`);
      if (round === 0) await host.processes.signal(handle, 'SIGTERM');
      if (round > 250) await host.processes.signal(handle, 'SIGKILL');
      await environment.sleep(20);
    }
  }

  /** Undefined when it does not run. */
  async #running(): Promise<ProcessHandle | undefined> {
    const { ledger, processes } = this.#options.host;
    let running: ProcessHandle | undefined;
    for (const entry of await ledger.entries()) {
      if (entry.type !== 'process' || entry.name !== processName) continue;
      if (await processes.isAlive(entry.handle)) running = entry.handle;
      else await ledger.remove(entry);
    }
    return running;
  }

  async #untilAnswers(handle: ProcessHandle, signal: AbortSignal | undefined): Promise<void> {
    const { environment, host } = this.#options;
    const deadline = environment.deadline(startPatienceMs, signal);
    try {
      while (!(await accepts(this.socketPath))) {
        if (!(await host.processes.isAlive(handle))) throw new Error(await this.#whyEnded('ended before it was ready'));
        await environment.sleep(10, deadline.signal);
      }
      const runtime = this.connect();
      try {
        await this.#untilReady(runtime, handle, deadline.signal);
      } finally {
        await runtime.close();
      }
    } catch (cause) {
      if (deadline.signal.aborted && signal?.aborted !== true) {
        throw new Error(await this.#whyEnded(`did not come up within ${startPatienceMs} ms`), { cause });
      }
      throw cause;
    } finally {
      deadline.cancel();
    }
  }

  /** The socket opens before the plugin of CRI serves on it. */
  async #untilReady(runtime: ContainerRuntime, handle: ProcessHandle, signal: AbortSignal): Promise<void> {
    const { environment, host } = this.#options;
    for (;;) {
      try {
        const [version, status] = [await runtime.version(signal), await runtime.status(signal)];
        if (status.runtimeReady) return checkVersion(version.version);
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw error;
        // Services are there from the first connection on, or never: the plugin of CRI did not load.
        if (/unknown service/.test(error.message))
          throw new Error(await this.#whyEnded('has no CRI'), { cause: error });
        if (!(await host.processes.isAlive(handle)))
          throw new Error(await this.#whyEnded('ended before it was ready'), { cause: error });
      }
      await environment.sleep(20, signal);
    }
  }

  async #whyEnded(what: string): Promise<string> {
    const log = await readFile(this.#logFile, 'utf8').catch(() => '');
    const tail = log.trimEnd().split('\n').slice(-5).join('\n');
    return `containerd ${what}. The end of ${this.#logFile}:\n${tail}`;
  }

  async #config(): Promise<string> {
    const { dataDirectory, programs, sandboxImage, cniConfDirectory } = this.#options;
    return containerdConfig({
      root: join(dataDirectory, 'root'),
      state: this.stateDirectory,
      socket: this.socketPath,
      sandboxImage,
      cniBinDirectory: programs.cniDirectory,
      cniConfDirectory,
      runc: programs.runc,
      registryDirectories: [join(dataDirectory, 'certs.d'), ...customaryRegistryDirectories],
      snapshotter: await snapshotterFor(dataDirectory),
      additions: await readAdditions(join(dataDirectory, 'config.d')),
      restrictOomScoreAdj: !mayLowerOomScore(await readFile('/proc/self/status', 'utf8')),
    });
  }
}

/** The `.toml` files of a folder, in the order of their names. containerd's own `imports` would replace the whole table of a plugin. */
async function readAdditions(folder: string): Promise<readonly string[]> {
  const names = existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('.toml')) : [];
  return Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
}

/** CRI v1 came with 1.6. Throws for what is older; a version we cannot read passes. */
export function checkVersion(version: string): void {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === '1' && Number(minor) < 6) throw new Error(`containerd ${version} is too old: 1.6 or later is needed`);
}

/** Whether this process has CAP_SYS_RESOURCE (number 24), from /proc/self/status. */
export function mayLowerOomScore(status: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> 24n) & 1n) === 1n;
}

/** An overlay does not go on top of an overlay, as in a container without a volume. */
async function snapshotterFor(folder: string): Promise<'overlayfs' | 'native'> {
  const [filesystems, { type }] = await Promise.all([readFile('/proc/filesystems', 'utf8'), statfs(folder)]);
  return /\boverlay$/m.test(filesystems) && type !== overlayMagic ? 'overlayfs' : 'native';
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
