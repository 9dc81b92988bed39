// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.

export interface TopologyConstraint {
  readonly key: string;
}

export interface WorkloadPodGroupAllDisruptionMode {
}

export interface WorkloadPodGroupBasicSchedulingPolicy {
}

export interface WorkloadPodGroupDisruptionMode {
  readonly single?: WorkloadPodGroupSingleDisruptionMode | undefined;
  readonly all?: WorkloadPodGroupAllDisruptionMode | undefined;
}

export interface WorkloadPodGroupGangSchedulingPolicy {
  readonly minCount?: number | undefined;
}

export interface WorkloadPodGroupResourceClaim {
  readonly name: string;
  readonly resourceClaimName?: string | undefined;
  readonly resourceClaimTemplateName?: string | undefined;
}

export interface WorkloadPodGroupSchedulingConstraints {
  readonly topology?: readonly TopologyConstraint[] | undefined;
}

export interface WorkloadPodGroupSchedulingPolicy {
  readonly basic?: WorkloadPodGroupBasicSchedulingPolicy | undefined;
  readonly gang?: WorkloadPodGroupGangSchedulingPolicy | undefined;
}

export interface WorkloadPodGroupSingleDisruptionMode {
}
