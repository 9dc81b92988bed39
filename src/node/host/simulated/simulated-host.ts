import type { Environment } from '../../../machinery/environment/environment.ts';
import type {
  CgroupDetails,
  CgroupLimits,
  Filesystem,
  GrpcProbe,
  Host,
  HostInfo,
  HostStats,
  HttpProbe,
  InterfaceUsage,
  Ledger,
  LedgerEntry,
  MountedDisk,
  MountOptions,
  ProbeResult,
  Processes,
  ProcessHandle,
  ResourceUsage,
} from '../host.ts';
import { MemoryFiles } from './memory-files.ts';

/** Who answers a probe of an address: the simulated containers. */
export interface ProbeResponder {
  respond(request: SimulatedProbe): SimulatedAnswer | undefined;
}

/** What uses the machine: the simulated containers, those that have ended included. */
export interface SimulatedLoad {
  load(): Pick<ResourceUsage, 'cpuUsageCoreNanoSeconds' | 'memoryWorkingSetBytes'>;
}

export interface SimulatedAnswer extends ProbeResult {
  /** How long the answer takes; 0 unless given. */
  readonly afterMs?: number;
}

export interface SimulatedProbe {
  readonly protocol: 'tcp' | 'http' | 'grpc';
  readonly address: string;
  readonly port: number;
  /** The service for grpc; empty for tcp. */
  readonly path: string;
}

export interface SimulatedHostOptions {
  readonly environment: Environment;
  readonly hostname: string;
  /** The node's own address. */
  readonly address: string;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  readonly files?: MemoryFiles;
  readonly ledger?: Ledger;
}

const gibibyte = 2 ** 30;
const diskInodes = 6_000_000;
const idle = { cpuUsageCoreNanoSeconds: 0, memoryWorkingSetBytes: 0 };

/** A machine that remembers: files, mounts, cgroups and rulesets are kept in memory, probes are answered by whoever was told to. */
export class SimulatedHost implements Host {
  readonly files: MemoryFiles;
  readonly processes: Processes = noProcesses;
  readonly ledger: Ledger;
  /** What was handed to nft and to sysctl, for tests to look at. */
  readonly rulesets: string[] = [];
  readonly sysctls = new Map<string, string>();
  readonly cgroups = new Map<string, CgroupLimits>();
  readonly mounts = new Map<string, MountOptions>();
  readonly #environment: Environment;
  readonly #info: HostInfo;
  #responder: ProbeResponder | undefined;
  #user: SimulatedLoad | undefined;
  #load: Partial<HostStats> = {};

  constructor(options: SimulatedHostOptions) {
    this.#environment = options.environment;
    this.files = options.files ?? new MemoryFiles(options.environment);
    this.ledger = options.ledger ?? new MemoryLedger();
    const id = options.environment.id();
    this.#info = {
      hostname: options.hostname,
      machineId: id.replaceAll('-', ''),
      bootId: options.environment.id(),
      systemUuid: id,
      kernelVersion: '6.1.0-simulated',
      osImage: 'Stuurman simulated machine',
      architecture: 'amd64',
      cpus: options.cpus ?? 4,
      cores: options.cpus ?? 4,
      sockets: 1,
      memoryBytes: options.memoryBytes ?? 16 * gibibyte,
      diskBytes: options.diskBytes ?? 100 * gibibyte,
      processesMax: 32_768,
      addresses: [options.address],
      cgroupVersion: 2,
      bootedAt: options.environment.now(),
    };
  }

  /** From now on probes are answered by this one; without one nothing listens anywhere. */
  answerProbesBy(responder: ProbeResponder): void {
    this.#responder = responder;
  }

  /** From now on the machine is as busy as this one says; without one nothing runs on it. */
  usedBy(user: SimulatedLoad): void {
    this.#user = user;
  }

  /** Makes the machine seem busier, fuller or emptier than it is. */
  setLoad(load: Partial<HostStats>): void {
    this.#load = { ...this.#load, ...load };
  }

  async info(): Promise<HostInfo> {
    return this.#info;
  }

  async stats(): Promise<HostStats> {
    const { cpuUsageCoreNanoSeconds, memoryWorkingSetBytes } = this.#user?.load() ?? idle;
    return {
      timestamp: this.#environment.now(),
      cpuUsageCoreNanoSeconds,
      memoryAvailableBytes: Math.max(0, this.#info.memoryBytes - memoryWorkingSetBytes),
      memoryUsageBytes: memoryWorkingSetBytes,
      memoryWorkingSetBytes,
      memoryRssBytes: memoryWorkingSetBytes,
      swapUsageBytes: 0,
      swapLimitBytes: 0,
      pageFaults: 0,
      majorPageFaults: 0,
      pressure: undefined,
      diskAvailableBytes: this.#info.diskBytes,
      diskInodes,
      diskInodesFree: diskInodes,
      processes: 100,
      ...this.#load,
    };
  }

  /** It has one disk. */
  async filesystem(): Promise<Filesystem> {
    const { diskAvailableBytes, diskInodes: inodes, diskInodesFree } = await this.stats();
    const { diskBytes } = this.#info;
    return {
      device: 1,
      capacityBytes: diskBytes,
      availableBytes: diskAvailableBytes,
      usedBytes: diskBytes - diskAvailableBytes,
      inodes,
      inodesFree: diskInodesFree,
    };
  }

  async mount(options: MountOptions): Promise<void> {
    await this.ledger.add({ type: 'mount', path: options.target });
    this.mounts.set(options.target, options);
  }

  async bindWithin(root: string, path: string, target: string): Promise<void> {
    const source = `${root}/${path}`;
    await this.files.makeDirectory(target.slice(0, target.lastIndexOf('/')), 0o750);
    // What is at the one place is at the other. It stays when the mount is gone, as any mount point does.
    await this.files.remove(target);
    await this.files.symlink(source, target);
    await this.mount({ type: 'bind', source, target });
  }

  async unmount(path: string): Promise<void> {
    this.mounts.delete(path);
    await this.ledger.remove({ type: 'mount', path });
  }

  async isMounted(path: string): Promise<boolean> {
    return this.mounts.has(path);
  }

  async ensureCgroup(path: string, limits: CgroupLimits): Promise<void> {
    if (!this.cgroups.has(path)) await this.ledger.add({ type: 'cgroup', path });
    this.cgroups.set(path, limits);
  }

  async removeCgroup(path: string): Promise<void> {
    for (const each of [path, ...this.cgroups.keys()]) {
      if (each !== path && !each.startsWith(`${path}/`)) continue;
      this.cgroups.delete(each);
      await this.ledger.remove({ type: 'cgroup', path: each });
    }
  }

  /** Nobody knows what runs in which cgroup: containers tell of themselves. */
  async cgroupUsage(): Promise<undefined> {
    return undefined;
  }

  async cgroupDetails(): Promise<ReadonlyMap<string, CgroupDetails>> {
    return new Map();
  }

  async disks(): Promise<readonly MountedDisk[]> {
    return [{ ...(await this.filesystem()), device: '/dev/simulated', activity: undefined }];
  }

  /** No packet crosses it. */
  async networkUsage(cgroup?: string): Promise<readonly InterfaceUsage[] | undefined> {
    return cgroup === undefined ? [] : undefined;
  }

  async nft(ruleset: string): Promise<void> {
    this.rulesets.push(ruleset);
  }

  async sysctl(name: string, value: string): Promise<void> {
    this.sysctls.set(name, value);
  }

  probeTcp(address: string, port: number, timeoutMs: number): Promise<ProbeResult> {
    const dial = `dial tcp ${address}:${port}`;
    return this.#probe({ protocol: 'tcp', address, port, path: '' }, timeoutMs, {
      refused: `${dial}: connect: connection refused`,
      timedOut: `${dial}: i/o timeout`,
    });
  }

  probeHttp(options: HttpProbe): Promise<ProbeResult> {
    const { address, port, path, scheme } = options;
    const get = `Get "${scheme}://${address}:${port}${path}"`;
    return this.#probe({ protocol: 'http', address, port, path }, options.timeoutMs, {
      refused: `${get}: dial tcp ${address}:${port}: connect: connection refused`,
      timedOut: `${get}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
  }

  probeGrpc({ address, port, service, timeoutMs }: GrpcProbe): Promise<ProbeResult> {
    const within = `${timeoutMs / 1000}s`;
    const unreachable = `timeout: failed to connect service "${address}:${port}" within ${within}: context deadline exceeded`;
    return this.#probe({ protocol: 'grpc', address, port, path: service }, timeoutMs, {
      refused: unreachable,
      timedOut: `timeout: health rpc did not complete within ${within}`,
    });
  }

  async #probe(
    probe: SimulatedProbe,
    timeoutMs: number,
    words: { refused: string; timedOut: string },
  ): Promise<ProbeResult> {
    const answer = this.#responder?.respond(probe);
    if (answer === undefined) return { outcome: 'failure', message: words.refused };
    const afterMs = answer.afterMs ?? 0;
    if (afterMs > 0) await this.#environment.sleep(Math.min(afterMs, timeoutMs));
    return afterMs > timeoutMs ? { outcome: 'failure', message: words.timedOut } : answer;
  }
}

export class MemoryLedger implements Ledger {
  readonly #entries = new Map<string, LedgerEntry>();

  async entries(): Promise<readonly LedgerEntry[]> {
    return [...this.#entries.values()];
  }

  async add(entry: LedgerEntry): Promise<void> {
    this.#entries.set(JSON.stringify(entry), entry);
  }

  async remove(entry: LedgerEntry): Promise<void> {
    this.#entries.delete(JSON.stringify(entry));
  }
}

/** A simulated machine runs containers only. */
const noProcesses: Processes = {
  startDetached: (options) => Promise.reject(new Error(`a simulated machine runs no process ${options.name}`)),
  run: (command) => Promise.reject(new Error(`a simulated machine has no program ${command[0] ?? ''}`)),
  isAlive: async (_handle: ProcessHandle) => false,
  signal: async () => {},
};
