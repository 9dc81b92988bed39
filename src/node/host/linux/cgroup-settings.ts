import type { CgroupLimits } from '../host.ts';

/** A file of a cgroup and what is written to it. */
export type CgroupSetting = readonly [file: string, value: string];

/** The default period of the kernel's cpu bandwidth control, in microseconds. */
const defaultPeriod = 100_000;

/** The settings that a controller of v1 takes; in this order, since the kernel checks a quota against the period. */
export function settingsV1(controller: string, limits: CgroupLimits): readonly CgroupSetting[] {
  switch (controller) {
    case 'cpu':
      return [
        ...(limits.cpuShares > 0 ? [['cpu.shares', String(limits.cpuShares)] as const] : []),
        ['cpu.cfs_period_us', String(limits.cpuPeriod > 0 ? limits.cpuPeriod : defaultPeriod)],
        ['cpu.cfs_quota_us', String(limits.cpuQuota > 0 ? limits.cpuQuota : -1)],
      ];
    case 'memory':
      return [['memory.limit_in_bytes', String(limits.memoryBytes > 0 ? limits.memoryBytes : -1)]];
    case 'pids':
      return [['pids.max', limits.pids > 0 ? String(limits.pids) : 'max']];
    default:
      return [];
  }
}

/** The same limits in the files of v2. */
export function settingsV2(limits: CgroupLimits): readonly CgroupSetting[] {
  const period = limits.cpuPeriod > 0 ? limits.cpuPeriod : defaultPeriod;
  return [
    ...(limits.cpuShares > 0 ? [['cpu.weight', String(cpuWeight(limits.cpuShares))] as const] : []),
    ['cpu.max', `${limits.cpuQuota > 0 ? limits.cpuQuota : 'max'} ${period}`],
    ['memory.max', limits.memoryBytes > 0 ? String(limits.memoryBytes) : 'max'],
    ['pids.max', limits.pids > 0 ? String(limits.pids) : 'max'],
  ];
}

/** Shares of v1 (2 to 262144) as a weight of v2 (1 to 10000), on the straight line that the kubelet draws for pods (KEP-2254). */
export function cpuWeight(shares: number): number {
  const bounded = Math.min(262_144, Math.max(2, shares));
  return 1 + Math.floor(((bounded - 2) * 9999) / 262_142);
}

/** And back: the shares that a weight stands for; 0 where there is none, as at the root. */
export function cpuShares(weight: number | undefined): number {
  return weight === undefined ? 0 : 2 + Math.floor(((weight - 1) * 262_142) / 9999);
}
