import type { CgroupDetails, CgroupUsage, InterfaceUsage, ResourceUsage } from '../host/host.ts';
import type { MetricSample } from './metric-text.ts';

/** Something of which cgroups tell: the machine, all pods, a pod, its sandbox, a container. */
export interface MeasuredCgroup {
  readonly labels: CgroupLabels;
  readonly usage: ResourceUsage;
  /** Undefined where no cgroup tells more than that. */
  readonly cgroup?: CgroupUsage | undefined;
  readonly details?: CgroupDetails | undefined;
  /** Milliseconds since 1970; undefined: not known. */
  readonly createdAt: number | undefined;
  readonly startedAt: number | undefined;
  /** Of a container or sandbox. */
  readonly processes?: number | undefined;
  readonly interfaces?: readonly InterfaceUsage[] | undefined;
}

/**
 * In the order in which they are written: `id` is the path of the cgroup, `name` the id of the container. What does not apply is empty: all
 * series of a family have the same labels.
 */
export type CgroupLabels = Readonly<Record<'container' | 'id' | 'image' | 'name' | 'namespace' | 'pod', string>>;

/** Labels are written in the order of their names. */
export function withLabel(labels: CgroupLabels, name: string, value: string): MetricSample['labels'] {
  return Object.fromEntries(Object.entries({ ...labels, [name]: value }).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function timeOf({ usage }: MeasuredCgroup): { readonly timestamp: number } {
  return { timestamp: usage.timestamp };
}
