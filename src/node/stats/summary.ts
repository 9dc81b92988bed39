/**
 * What `/stats/summary` answers, in the fields and the order of the kubelet's stats API (v1alpha1). What is not known is left out. Times
 * are RFC 3339, amounts bytes where their name does not say otherwise.
 */
export interface Summary {
  readonly node: NodeSummary;
  readonly pods: readonly PodSummary[];
}

export interface NodeSummary {
  readonly nodeName: string;
  readonly systemContainers?: readonly ContainerSummary[];
  readonly startTime: string;
  readonly cpu: CpuSummary;
  readonly memory: MemorySummary;
  readonly io?: IoSummary;
  readonly network?: NetworkSummary;
  readonly fs?: FilesystemSummary;
  readonly runtime?: { readonly imageFs: FilesystemSummary; readonly containerFs: FilesystemSummary };
  readonly rlimit?: { readonly time: string; readonly maxpid: number; readonly curproc: number };
  readonly swap: SwapSummary;
}

export interface PodSummary {
  readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly startTime: string;
  readonly containers: readonly ContainerSummary[];
  readonly cpu: CpuSummary;
  readonly memory: MemorySummary;
  readonly io?: IoSummary;
  readonly network?: NetworkSummary;
  readonly volume?: readonly VolumeSummary[];
  readonly 'ephemeral-storage'?: FilesystemSummary;
  readonly process_stats?: { readonly process_count: number };
  readonly swap: SwapSummary;
}

export interface ContainerSummary {
  readonly name: string;
  readonly startTime: string;
  readonly cpu: CpuSummary;
  readonly memory: MemorySummary;
  readonly io?: IoSummary;
  readonly rootfs?: FilesystemSummary;
  readonly logs?: FilesystemSummary;
  readonly swap: SwapSummary;
}

export interface CpuSummary {
  readonly time: string;
  readonly usageNanoCores?: number;
  readonly usageCoreNanoSeconds: number;
  readonly psi?: PressureSummary;
}

export interface MemorySummary {
  readonly time: string;
  readonly availableBytes?: number;
  readonly usageBytes: number;
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly psi?: PressureSummary;
}

export interface SwapSummary {
  readonly time: string;
  readonly swapAvailableBytes?: number;
  readonly swapUsageBytes: number;
}

export interface IoSummary {
  readonly time: string;
  readonly psi: PressureSummary;
}

export interface PressureSummary {
  readonly full: PressureFiguresSummary;
  readonly some: PressureFiguresSummary;
}

interface PressureFiguresSummary {
  readonly total: number;
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
}

export interface InterfaceSummary {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

/** The figures of the usual interface, where there is one, and those of all. */
export interface NetworkSummary extends Partial<Omit<InterfaceSummary, 'name'>> {
  readonly time: string;
  readonly name: string;
  readonly interfaces: readonly InterfaceSummary[];
}

export interface FilesystemSummary {
  readonly time: string;
  readonly availableBytes?: number;
  readonly capacityBytes?: number;
  readonly usedBytes: number;
  readonly inodesFree?: number;
  readonly inodes?: number;
  readonly inodesUsed?: number;
}

export interface VolumeSummary extends FilesystemSummary {
  readonly name: string;
  readonly pvcRef?: { readonly name: string; readonly namespace: string };
}
