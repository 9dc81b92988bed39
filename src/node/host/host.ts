/**
 * The machine as a node sees it. `linux/` acts, `simulated/` remembers; the agent's code is the same on both. Whatever
 * outlives the process (mounts, processes, links, rules, namespaces, cgroups) is entered in the ledger before it is made, so that
 * `down` and the next process find it.
 */
export interface Host {
  readonly files: Files;
  readonly processes: Processes;
  readonly ledger: Ledger;
  /** Capacity and load of the machine. */
  info(): Promise<HostInfo>;
  stats(): Promise<HostStats>;
  /** The file system that holds a path. Throws when there is no such path. */
  filesystem(path: string): Promise<Filesystem>;
  mount(options: MountOptions): Promise<void>;
  /**
   * Binds what is at `path` below `root` to `target`, which is made for it. Nothing on the way may be a link, so that nobody who writes
   * below the root at the same time can lead it elsewhere. Throws when something is.
   */
  bindWithin(root: string, path: string, target: string): Promise<void>;
  /** Lazy; nothing is wrong when it is not mounted. */
  unmount(path: string): Promise<void>;
  isMounted(path: string): Promise<boolean>;
  /** Makes the cgroup of a pod with its limits, on every hierarchy of v1 or the one of v2. */
  ensureCgroup(path: string, limits: CgroupLimits): Promise<void>;
  /** Kills what is left inside, then removes it with everything below. */
  removeCgroup(path: string): Promise<void>;
  /** What everything in a cgroup uses; undefined where there is no such cgroup, or none that counts. */
  cgroupUsage(path: string): Promise<CgroupUsage | undefined>;
  /**
   * What else the kernel knows of cgroups: their limits, what they read and write, and what their processes have open. That is looked up
   * process by process: in all only so much that nobody has to wait long, in the order of the paths. Cgroups that are gone are left out.
   */
  cgroupDetails(paths: readonly string[]): Promise<ReadonlyMap<string, CgroupDetails>>;
  /** The mounted file systems on disks of this machine, and what was read from and written to those. */
  disks(): Promise<readonly MountedDisk[]>;
  /**
   * The interfaces of the network namespace that the processes of a cgroup are in, loopback and ends of containers' links apart; without a
   * cgroup those of the node itself. Undefined where nothing runs in the cgroup.
   */
  networkUsage(cgroup?: string): Promise<readonly InterfaceUsage[] | undefined>;
  /** Applies an nftables ruleset in one transaction (`nft -f -`). Throws with nft's own words. */
  nft(ruleset: string): Promise<void>;
  sysctl(name: string, value: string): Promise<void>;
  /** One try at a probe from the node's network. Never throws: a failure is a result. */
  probeTcp(address: string, port: number, timeoutMs: number): Promise<ProbeResult>;
  probeHttp(options: HttpProbe): Promise<ProbeResult>;
  probeGrpc(options: GrpcProbe): Promise<ProbeResult>;
}

/** A file system of bytes; paths are absolute. Errors carry Node's codes (`ENOENT`, ...). */
export interface Files {
  read(path: string): Promise<Uint8Array<ArrayBufferLike>>;
  /** Writes beside and renames over, so that a reader sees the old or the new whole. */
  write(path: string, data: Uint8Array<ArrayBufferLike> | string, mode?: number): Promise<void>;
  makeDirectory(path: string, mode?: number): Promise<void>;
  /** Makes directories below a root with exactly this mode, where they are missing. Throws when something on the way is a link. */
  makeWithin(root: string, path: string, mode: number): Promise<void>;
  list(path: string): Promise<readonly string[]>;
  /** Undefined where there is nothing. Does not follow the last link. */
  stat(path: string): Promise<FileStat | undefined>;
  symlink(target: string, path: string): Promise<void>;
  readLink(path: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  /** With everything below; nothing is wrong when it is gone. Never crosses a mount. */
  remove(path: string): Promise<void>;
  chown(path: string, uid: number, gid: number): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** A file below a root, of at most so many bytes. Throws when something on the way is a link, or when it is longer. */
  readWithin(root: string, path: string, mostBytes: number): Promise<Uint8Array<ArrayBufferLike>>;
  /** What is at a path below a root, for whoever looks around there. Throws when something on the way is a link, or it is no file. */
  lookWithin(root: string, path: string): Promise<DirectoryNames | FileBytes>;
  /** Bytes from an offset; fewer at the end. */
  readAt(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBufferLike>>;
  usage(path: string): Promise<{ readonly bytes: number; readonly inodes: number }>;
}

export interface DirectoryNames {
  /** In order; those of directories with a slash at the end. */
  readonly names: readonly string[];
}

export interface FileBytes {
  /** As many as there were at first, or fewer when it has become shorter. To be read to their end, or given back by the iterator's `return`. */
  readonly bytes: AsyncIterable<Uint8Array<ArrayBufferLike>>;
}

export interface FileStat {
  readonly type: 'file' | 'directory' | 'link' | 'socket' | 'other';
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Tells one file from another of the same path. */
  readonly inode: number;
  readonly modifiedAt: number;
}

export interface Processes {
  /** Starts a process that outlives this one; its pid and start time are in the ledger. */
  startDetached(options: ProcessOptions): Promise<ProcessHandle>;
  /** Runs to its end. Throws with stderr when it fails, unless `allowFailure`. */
  run(
    command: readonly string[],
    options?: RunOptions,
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** Whether this very process still lives: a pid that was given away again does not count. */
  isAlive(handle: ProcessHandle): Promise<boolean>;
  signal(handle: ProcessHandle, signal: string): Promise<void>;
}

export interface ProcessOptions {
  /** Under this name it stands in the ledger. */
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** stdout and stderr are appended here. */
  readonly logFile: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly timeoutMs?: number;
  readonly allowFailure?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ProcessHandle {
  readonly pid: number;
  /** In clock ticks since boot, from /proc/PID/stat. */
  readonly startTime: number;
}

export type LedgerEntry =
  | { readonly type: 'mount'; readonly path: string }
  | { readonly type: 'process'; readonly name: string; readonly handle: ProcessHandle }
  | { readonly type: 'link'; readonly name: string }
  | { readonly type: 'nftTable'; readonly family: string; readonly name: string }
  | { readonly type: 'netns'; readonly path: string }
  | { readonly type: 'cgroup'; readonly path: string }
  | { readonly type: 'route'; readonly destination: string };

/** What this cluster has made on the machine, on disk, written before the thing is made. */
export interface Ledger {
  entries(): Promise<readonly LedgerEntry[]>;
  add(entry: LedgerEntry): Promise<void>;
  remove(entry: LedgerEntry): Promise<void>;
}

export interface HostInfo {
  readonly hostname: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly systemUuid: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly architecture: string;
  readonly cpus: number;
  /** Each may be several cpus. 0: not known. */
  readonly cores: number;
  readonly sockets: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** How many processes and threads there can be. */
  readonly processesMax: number;
  /** The address others reach this machine by. */
  readonly addresses: readonly string[];
  readonly cgroupVersion: 1 | 2;
  /** When it was started, milliseconds since 1970. */
  readonly bootedAt: number;
}

export interface HostStats extends Omit<ResourceUsage, 'memoryLimitBytes'> {
  readonly memoryAvailableBytes: number;
  readonly diskAvailableBytes: number;
  readonly diskInodes: number;
  readonly diskInodesFree: number;
  readonly processes: number;
}

export interface MountOptions {
  readonly source: string;
  readonly target: string;
  readonly type: 'bind' | 'tmpfs';
  readonly readOnly?: boolean;
  /**
   * bind only: what is mounted below it later is seen in containers that ask for that (`hostToContainer`). Runtimes refuse it for folders
   * on a mount that is not shared, as `/` is not everywhere.
   */
  readonly shared?: boolean;
  /** tmpfs only. */
  readonly sizeBytes?: number;
}

export interface CgroupLimits {
  /** 0: none. */
  readonly cpuShares: number;
  readonly cpuQuota: number;
  readonly cpuPeriod: number;
  readonly memoryBytes: number;
  readonly pids: number;
}

/** As the kernel counts it, with everything below. */
export interface CgroupUsage extends ResourceUsage {
  readonly cpuUserNanoSeconds: number;
  readonly cpuSystemNanoSeconds: number;
  /** Of how many periods with a quota of cpu time, in how many it was used up, and for how long then nothing went on. */
  readonly throttling: {
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNanoSeconds: number;
    /** In how many periods it went beyond its quota by what it had saved, and by how much. */
    readonly burstPeriods: number;
    readonly burstNanoSeconds: number;
  };
  readonly memoryCacheBytes: number;
  readonly memoryMappedBytes: number;
  /** What else its memory is made of, and what was done to get some back. */
  readonly memoryParts: MemoryParts;
  readonly processes: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Undefined is what the kernel does not know. */
export interface CgroupDetails {
  readonly cpuShares: number;
  /** Microseconds of cpu time in each period; undefined: as much as there is. */
  readonly cpuQuota: number | undefined;
  readonly cpuPeriod: number;
  /** What is left to it when memory runs short; undefined: nothing is promised. */
  readonly memoryReservedBytes: number | undefined;
  readonly memoryPeakBytes: number | undefined;
  /** How often it wanted more memory than its limit. */
  readonly memoryLimitHits: number | undefined;
  /** How often it was slowed down for having more than `memory.high`: of v2 alone. */
  readonly memoryHighHits: number | undefined;
  /** How many of its own processes were killed for want of memory. */
  readonly oomKills: number | undefined;
  readonly threads: number | undefined;
  /** Undefined: none. */
  readonly threadsMax: number | undefined;
  /** What it has read and written, by disk. */
  readonly transfers: readonly DiskTransfer[];
  /** Undefined: not looked up, for it would be too much. */
  readonly open: OpenFiles | undefined;
}

/** What the processes of a cgroup have open, without those of cgroups below it. */
export interface OpenFiles {
  readonly files: number;
  /** That many of the files. */
  readonly sockets: number;
  /** How many files its first process may open; undefined: it has none, infinite: as many as it likes. */
  readonly limit: number | undefined;
}

export interface DiskTransfer {
  /** `/dev/vda`; empty where it has no name. */
  readonly device: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly reads: number;
  readonly writes: number;
}

export interface MountedDisk extends Omit<Filesystem, 'device'> {
  /** As it was mounted: `/dev/vda1`. */
  readonly device: string;
  /** Undefined where the kernel counts nothing of it. */
  readonly activity: DiskActivity | undefined;
}

/** What a disk has done since the machine was started: requests, sectors of 512 bytes, and milliseconds. */
export interface DiskActivity {
  readonly reads: number;
  readonly readsMerged: number;
  readonly sectorsRead: number;
  readonly readMs: number;
  readonly writes: number;
  readonly writesMerged: number;
  readonly sectorsWritten: number;
  readonly writeMs: number;
  /** Now. */
  readonly inProgress: number;
  readonly busyMs: number;
  /** Each moment counted as often as there were requests in it. */
  readonly weightedMs: number;
}

/** Undefined is what the kernel does not count: of cgroups of v1 that is most of what comes after the files. */
export interface MemoryParts {
  readonly activeFileBytes: number | undefined;
  readonly inactiveFileBytes: number | undefined;
  readonly dirtyFileBytes: number | undefined;
  readonly writebackFileBytes: number | undefined;
  readonly kernelBytes: number | undefined;
  /** Pages that were looked at, and taken, to make room. */
  readonly pagesScanned: number | undefined;
  readonly pagesStolen: number | undefined;
  /** Pages that were wanted again soon after they were taken. */
  readonly refaultsAnonymous: number | undefined;
  readonly refaultsFile: number | undefined;
}

/** What something uses of cpu and memory, be it a cgroup or the whole machine. */
export interface ResourceUsage {
  readonly timestamp: number;
  readonly cpuUsageCoreNanoSeconds: number;
  readonly memoryUsageBytes: number;
  /** Without the page cache that is not in active use: what cannot be had back. */
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
  /** Undefined: none. */
  readonly memoryLimitBytes: number | undefined;
  readonly swapUsageBytes: number;
  /** Undefined: none. With cgroups of v1 the kernel's limit is for memory and swap together. */
  readonly swapLimitBytes: number | undefined;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  /** Undefined where the kernel does not count it: cgroups of v1. */
  readonly pressure: { readonly cpu: Pressure; readonly memory: Pressure; readonly io: Pressure } | undefined;
}

/** How long work stood still for want of something (PSI): some of it, and all of it at once. */
export interface Pressure {
  readonly some: PressureFigures;
  readonly full: PressureFigures;
}

export interface PressureFigures {
  /** Microseconds in all. */
  readonly total: number;
  /** Percent of the last 10, 60 and 300 seconds. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
}

/** What has gone through a network interface. */
export interface InterfaceUsage {
  readonly name: string;
  readonly received: TrafficUsage;
  readonly sent: TrafficUsage;
}

export interface TrafficUsage {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

export interface Filesystem {
  /** Tells one file system from another. */
  readonly device: number;
  readonly capacityBytes: number;
  /** What is free for those who are not root. */
  readonly availableBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface HttpProbe {
  readonly scheme: 'http' | 'https';
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface GrpcProbe {
  readonly address: string;
  readonly port: number;
  /** Whose health is asked for; empty: the server's as a whole. */
  readonly service: string;
  readonly timeoutMs: number;
}

export interface ProbeResult {
  readonly outcome: 'success' | 'failure';
  readonly message: string;
}
