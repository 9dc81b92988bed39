/** What something had used at a moment. Times are milliseconds since 1970. */
export interface UsagePoint {
  readonly timestamp: number;
  /** In all, since it was started. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** Undefined where nobody counts it. */
  readonly swapBytes: number | undefined;
}

export interface ContainerPoint extends UsagePoint {
  readonly startedAt: number;
}

/** What a node told of itself and its pods at one time. */
export interface NodeSample {
  readonly node: UsagePoint | undefined;
  /** By `namespace/name` of the pod and name of the container. Pods of which not all is known are left out. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, ContainerPoint>>;
}
