import { stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type {
  CgroupDetails,
  CgroupLimits,
  CgroupUsage,
  Files,
  Filesystem,
  GrpcProbe,
  Host,
  HostInfo,
  HostStats,
  HttpProbe,
  InterfaceUsage,
  Ledger,
  MountedDisk,
  MountOptions,
  ProbeResult,
  Processes,
} from '../host.ts';
import { readCgroupDetails } from './cgroup-details.ts';
import { type CgroupHierarchy, cgroupHierarchies } from './cgroup-hierarchies.ts';
import { readCgroupUsage } from './cgroup-usage.ts';
import { Cgroups } from './cgroups.ts';
import { DiskLedger } from './disk-ledger.ts';
import { readDiskStats, readDisks } from './disks.ts';
import { readBootId, readHostInfo } from './host-info.ts';
import { readHostStats } from './host-stats.ts';
import { LinuxFiles } from './linux-files.ts';
import { LinuxProcesses } from './linux-processes.ts';
import { readMounts } from './mount-table.ts';
import { Mounts } from './mounts.ts';
import { readNetworkUsage } from './network-usage.ts';
import { OpenFileCount } from './open-files.ts';
import { probeGrpc } from './probe-grpc.ts';
import { probeHttp } from './probe-http.ts';
import { probeTcp } from './probe-tcp.ts';

const nftTimeoutMs = 30_000;

export interface LinuxHostOptions {
  readonly environment: Environment;
  /** Where the node keeps its files: the file system that counts as the node's disk. Must exist. */
  readonly dataDirectory: string;
  /** Each process that acts on the machine has a ledger of its own. */
  readonly ledgerFile: string;
  /** A file that stands for the network namespace in which programs are run; absent: that of this process. */
  readonly networkNamespace?: string | undefined;
}

/** The machine that we run on. */
export class LinuxHost implements Host {
  readonly files: Files;
  readonly processes: Processes;
  readonly ledger: Ledger;
  readonly #environment: Environment;
  readonly #dataDirectory: string;
  readonly #hierarchies: readonly CgroupHierarchy[];
  readonly #mounts: Mounts;
  readonly #cgroups: Cgroups;

  private constructor(options: LinuxHostOptions, ledger: Ledger, hierarchies: readonly CgroupHierarchy[]) {
    this.#environment = options.environment;
    this.#dataDirectory = options.dataDirectory;
    this.#hierarchies = hierarchies;
    this.ledger = ledger;
    this.files = new LinuxFiles(options.environment);
    this.processes = new LinuxProcesses(options.environment, ledger, options.networkNamespace);
    this.#mounts = new Mounts(this.processes, ledger);
    this.#cgroups = new Cgroups(options.environment, ledger, hierarchies);
  }

  /** Throws when the ledger cannot be read. */
  static async open(options: LinuxHostOptions): Promise<LinuxHost> {
    const ledger = await DiskLedger.open(options.ledgerFile, await readBootId());
    return new LinuxHost(options, ledger, cgroupHierarchies(await readMounts()));
  }

  info(): Promise<HostInfo> {
    return readHostInfo(this.#dataDirectory);
  }

  stats(): Promise<HostStats> {
    return readHostStats(this.#environment.now(), this.#dataDirectory, this.#hierarchies);
  }

  async filesystem(path: string): Promise<Filesystem> {
    const [{ dev }, { bsize, blocks, bfree, bavail, files, ffree }] = await Promise.all([stat(path), statfs(path)]);
    return {
      device: dev,
      capacityBytes: blocks * bsize,
      availableBytes: bavail * bsize,
      usedBytes: (blocks - bfree) * bsize,
      inodes: files,
      inodesFree: ffree,
    };
  }

  mount(options: MountOptions): Promise<void> {
    return this.#mounts.mount(options);
  }

  bindWithin(root: string, path: string, target: string): Promise<void> {
    return this.#mounts.bindWithin(root, path, target);
  }

  unmount(path: string): Promise<void> {
    return this.#mounts.unmount(path);
  }

  isMounted(path: string): Promise<boolean> {
    return this.#mounts.isMounted(path);
  }

  ensureCgroup(path: string, limits: CgroupLimits): Promise<void> {
    return this.#cgroups.ensure(path, limits);
  }

  removeCgroup(path: string): Promise<void> {
    return this.#cgroups.remove(path);
  }

  async cgroupUsage(path: string): Promise<CgroupUsage | undefined> {
    await this.#environment.turn();
    return readCgroupUsage(this.#environment.now(), this.#hierarchies, path);
  }

  async cgroupDetails(paths: readonly string[]): Promise<ReadonlyMap<string, CgroupDetails>> {
    const names = new Map((await readDiskStats()).map(({ numbers, device }) => [numbers, device]));
    const count = new OpenFileCount({ environment: this.#environment });
    const found = new Map<string, CgroupDetails>();
    for (const path of paths) {
      const details = readCgroupDetails(this.#hierarchies, path, names);
      if (details === undefined) continue;
      const { pids, ...known } = details;
      found.set(path, { ...known, open: await count.of(pids) });
      await this.#environment.turn();
    }
    return found;
  }

  async disks(): Promise<readonly MountedDisk[]> {
    return readDisks(await readMounts());
  }

  networkUsage(cgroup?: string): Promise<readonly InterfaceUsage[] | undefined> {
    return readNetworkUsage(this.#hierarchies, cgroup);
  }

  async nft(ruleset: string): Promise<void> {
    await this.processes.run(['nft', '-f', '-'], { stdin: ruleset, timeoutMs: nftTimeoutMs });
  }

  /** `net.ipv4.ip_forward`, or with slashes where a part holds a dot: `net/ipv4/conf/eth0.1/forwarding`. */
  async sysctl(name: string, value: string): Promise<void> {
    const path = name.includes('/') ? name : name.replaceAll('.', '/');
    if (path.split('/').includes('..')) throw new Error(`"${name}" is not the name of a sysctl`);
    await writeFile(join('/proc/sys', path), value);
  }

  probeTcp(address: string, port: number, timeoutMs: number): Promise<ProbeResult> {
    return probeTcp(this.#environment, address, port, timeoutMs);
  }

  probeHttp(options: HttpProbe): Promise<ProbeResult> {
    return probeHttp(this.#environment, options);
  }

  probeGrpc(options: GrpcProbe): Promise<ProbeResult> {
    return probeGrpc(this.#environment, options);
  }
}
