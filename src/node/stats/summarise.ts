import { formatTime } from '../../machinery/time.ts';
import type { DiskUsage } from '../eviction/pod-usage.ts';
import type { Filesystem, InterfaceUsage, Pressure, ResourceUsage } from '../host/host.ts';
import type {
  CpuSummary,
  FilesystemSummary,
  InterfaceSummary,
  IoSummary,
  MemorySummary,
  NetworkSummary,
  PressureSummary,
  SwapSummary,
} from './summary.ts';

/** What anything uses of cpu, memory and swap, in the words of the stats API. */
export interface ComputeSummary {
  readonly cpu: CpuSummary;
  readonly memory: MemorySummary;
  readonly swap: SwapSummary;
}

/** `nanoCores`: billionths of a core; undefined while not known. */
export function computeSummary(usage: ResourceUsage, nanoCores: number | undefined): ComputeSummary {
  const time = formatTime(usage.timestamp);
  const { cpuUsageCoreNanoSeconds, memoryLimitBytes, memoryWorkingSetBytes, swapLimitBytes, pressure } = usage;
  return {
    cpu: {
      time,
      ...(nanoCores !== undefined && { usageNanoCores: nanoCores }),
      usageCoreNanoSeconds: cpuUsageCoreNanoSeconds,
      ...(pressure !== undefined && { psi: pressureSummary(pressure.cpu) }),
    },
    memory: {
      time,
      ...(memoryLimitBytes !== undefined && { availableBytes: left(memoryLimitBytes, memoryWorkingSetBytes) }),
      usageBytes: usage.memoryUsageBytes,
      workingSetBytes: memoryWorkingSetBytes,
      rssBytes: usage.memoryRssBytes,
      pageFaults: usage.pageFaults,
      majorPageFaults: usage.majorPageFaults,
      ...(pressure !== undefined && { psi: pressureSummary(pressure.memory) }),
    },
    swap: {
      time,
      ...(swapLimitBytes !== undefined && { swapAvailableBytes: left(swapLimitBytes, usage.swapUsageBytes) }),
      swapUsageBytes: usage.swapUsageBytes,
    },
  };
}

/** Where the kernel counts no pressure there is nothing to tell. */
export function ioSummary({ timestamp, pressure }: ResourceUsage): IoSummary | undefined {
  return pressure && { time: formatTime(timestamp), psi: pressureSummary(pressure.io) };
}

/** The interface whose figures stand for all. */
const usualInterface = 'eth0';

export function networkSummary(at: number, interfaces: readonly InterfaceUsage[]): NetworkSummary {
  const all = interfaces.map(
    ({ name, received, sent }): InterfaceSummary => ({
      name,
      rxBytes: received.bytes,
      rxErrors: received.errors,
      txBytes: sent.bytes,
      txErrors: sent.errors,
    }),
  );
  const usual = all.find(({ name }) => name === usualInterface);
  return { time: formatTime(at), ...(usual ?? { name: '' }), interfaces: all };
}

/** What something takes up of a file system; undefined: of which nothing is known. */
export function filesystemSummary(
  at: number,
  filesystem: Filesystem | undefined,
  { bytes, inodes }: DiskUsage,
): FilesystemSummary {
  const time = formatTime(at);
  if (filesystem === undefined) return { time, usedBytes: bytes, inodesUsed: inodes };
  return {
    time,
    availableBytes: filesystem.availableBytes,
    capacityBytes: filesystem.capacityBytes,
    usedBytes: bytes,
    inodesFree: filesystem.inodesFree,
    inodes: filesystem.inodes,
    inodesUsed: inodes,
  };
}

/** All that is taken up of a file system. */
export function wholeUsage({ usedBytes, inodes, inodesFree }: Filesystem): DiskUsage {
  return { bytes: usedBytes, inodes: inodes - inodesFree };
}

function pressureSummary({ full, some }: Pressure): PressureSummary {
  return { full, some };
}

function left(limit: number, used: number): number {
  return Math.max(0, limit - used);
}
