// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as coreV1 from './core-v1.generated.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface ControllerRevision {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly data: unknown;
  readonly revision?: number | undefined;
}

export interface DaemonSet {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: DaemonSetSpec;
  readonly status?: DaemonSetStatus | undefined;
}

export interface DaemonSetCondition {
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface DaemonSetSpec {
  readonly selector: metaV1.LabelSelector;
  readonly template: coreV1.PodTemplateSpec;
  readonly updateStrategy?: DaemonSetUpdateStrategy | undefined;
  readonly minReadySeconds?: number | undefined;
  readonly revisionHistoryLimit?: number | undefined;
}

export interface DaemonSetStatus {
  readonly currentNumberScheduled: number;
  readonly numberMisscheduled: number;
  readonly desiredNumberScheduled: number;
  readonly numberReady: number;
  readonly observedGeneration?: number | undefined;
  readonly updatedNumberScheduled?: number | undefined;
  readonly numberAvailable?: number | undefined;
  readonly numberUnavailable?: number | undefined;
  readonly collisionCount?: number | undefined;
  readonly conditions?: readonly DaemonSetCondition[] | undefined;
}

export interface DaemonSetUpdateStrategy {
  readonly type?: string | undefined;
  readonly rollingUpdate?: RollingUpdateDaemonSet | undefined;
}

export interface Deployment {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: DeploymentSpec;
  readonly status?: DeploymentStatus | undefined;
}

export interface DeploymentCondition {
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly lastUpdateTime?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface DeploymentSpec {
  readonly replicas?: number | undefined;
  readonly selector: metaV1.LabelSelector;
  readonly template: coreV1.PodTemplateSpec;
  readonly strategy?: DeploymentStrategy | undefined;
  readonly minReadySeconds?: number | undefined;
  readonly revisionHistoryLimit?: number | undefined;
  readonly paused?: boolean | undefined;
  readonly progressDeadlineSeconds?: number | undefined;
}

export interface DeploymentStatus {
  readonly observedGeneration?: number | undefined;
  readonly replicas?: number | undefined;
  readonly updatedReplicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly unavailableReplicas?: number | undefined;
  readonly terminatingReplicas?: number | undefined;
  readonly conditions?: readonly DeploymentCondition[] | undefined;
  readonly collisionCount?: number | undefined;
}

export interface DeploymentStrategy {
  readonly type?: string | undefined;
  readonly rollingUpdate?: RollingUpdateDeployment | undefined;
}

export interface ReplicaSet {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: ReplicaSetSpec;
  readonly status?: ReplicaSetStatus | undefined;
}

export interface ReplicaSetCondition {
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface ReplicaSetSpec {
  readonly replicas?: number | undefined;
  readonly minReadySeconds?: number | undefined;
  readonly selector: metaV1.LabelSelector;
  readonly template?: coreV1.PodTemplateSpec | undefined;
}

export interface ReplicaSetStatus {
  readonly replicas: number;
  readonly fullyLabeledReplicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly terminatingReplicas?: number | undefined;
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly ReplicaSetCondition[] | undefined;
}

export interface RollingUpdateDaemonSet {
  readonly maxUnavailable?: string | number | undefined;
  readonly maxSurge?: string | number | undefined;
}

export interface RollingUpdateDeployment {
  readonly maxUnavailable?: string | number | undefined;
  readonly maxSurge?: string | number | undefined;
}

export interface RollingUpdateStatefulSetStrategy {
  readonly partition?: number | undefined;
  readonly maxUnavailable?: string | number | undefined;
}

export interface StatefulSet {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: StatefulSetSpec;
  readonly status?: StatefulSetStatus | undefined;
}

export interface StatefulSetCondition {
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface StatefulSetOrdinals {
  readonly start?: number | undefined;
}

export interface StatefulSetPersistentVolumeClaimRetentionPolicy {
  readonly whenDeleted?: string | undefined;
  readonly whenScaled?: string | undefined;
}

export interface StatefulSetSpec {
  readonly replicas?: number | undefined;
  readonly selector: metaV1.LabelSelector;
  readonly template: coreV1.PodTemplateSpec;
  readonly volumeClaimTemplates?: readonly coreV1.PersistentVolumeClaim[] | undefined;
  readonly serviceName?: string | undefined;
  readonly podManagementPolicy?: string | undefined;
  readonly updateStrategy?: StatefulSetUpdateStrategy | undefined;
  readonly revisionHistoryLimit?: number | undefined;
  readonly minReadySeconds?: number | undefined;
  readonly persistentVolumeClaimRetentionPolicy?: StatefulSetPersistentVolumeClaimRetentionPolicy | undefined;
  readonly ordinals?: StatefulSetOrdinals | undefined;
}

export interface StatefulSetStatus {
  readonly observedGeneration?: number | undefined;
  readonly replicas: number;
  readonly readyReplicas?: number | undefined;
  readonly currentReplicas?: number | undefined;
  readonly updatedReplicas?: number | undefined;
  readonly currentRevision?: string | undefined;
  readonly updateRevision?: string | undefined;
  readonly collisionCount?: number | undefined;
  readonly conditions?: readonly StatefulSetCondition[] | undefined;
  readonly availableReplicas?: number | undefined;
}

export interface StatefulSetUpdateStrategy {
  readonly type?: string | undefined;
  readonly rollingUpdate?: RollingUpdateStatefulSetStrategy | undefined;
}

export type ControllerRevisionDraft = Draft<ControllerRevision>;
export type DaemonSetDraft = Draft<DaemonSet>;
export type DeploymentDraft = Draft<Deployment>;
export type ReplicaSetDraft = Draft<ReplicaSet>;
export type StatefulSetDraft = Draft<StatefulSet>;
