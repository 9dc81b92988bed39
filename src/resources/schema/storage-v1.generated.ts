// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as coreV1 from './core-v1.generated.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface CSIDriver {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: CSIDriverSpec;
}

export interface CSIDriverSpec {
  readonly attachRequired?: boolean | undefined;
  readonly podInfoOnMount?: boolean | undefined;
  readonly volumeLifecycleModes?: readonly string[] | undefined;
  readonly storageCapacity?: boolean | undefined;
  readonly fsGroupPolicy?: string | undefined;
  readonly tokenRequests?: readonly TokenRequest[] | undefined;
  readonly requiresRepublish?: boolean | undefined;
  readonly seLinuxMount?: boolean | undefined;
  readonly nodeAllocatableUpdatePeriodSeconds?: number | undefined;
  readonly serviceAccountTokenInSecrets?: boolean | undefined;
  readonly preventPodSchedulingIfMissing?: boolean | undefined;
}

export interface CSINode {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: CSINodeSpec;
  readonly status?: CSINodeStatus | undefined;
}

export interface CSINodeDriver {
  readonly name: string;
  readonly nodeID: string;
  readonly topologyKeys?: readonly string[] | null | undefined;
  readonly allocatable?: VolumeNodeResources | undefined;
}

export interface CSINodeSpec {
  readonly drivers: readonly CSINodeDriver[] | null;
}

export interface CSINodeStatus {
  readonly storageHealth?: readonly StorageHealth[] | undefined;
}

export interface CSIStorageCapacity {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly nodeTopology?: metaV1.LabelSelector | undefined;
  readonly storageClassName: string;
  readonly capacity?: string | number | undefined;
  readonly maximumVolumeSize?: string | number | undefined;
}

export interface StorageClass {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly provisioner: string;
  readonly parameters?: { readonly [key: string]: string } | undefined;
  readonly reclaimPolicy?: string | undefined;
  readonly mountOptions?: readonly string[] | undefined;
  readonly allowVolumeExpansion?: boolean | undefined;
  readonly volumeBindingMode?: string | undefined;
  readonly allowedTopologies?: readonly coreV1.TopologySelectorTerm[] | undefined;
}

export interface StorageHealth {
  readonly name: string;
  readonly healthConditions?: readonly StorageHealthCondition[] | undefined;
}

export interface StorageHealthCondition {
  readonly status: string;
  readonly reason: string;
  readonly message?: string | undefined;
  readonly accessMode?: string | undefined;
  readonly volumeMode?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
}

export interface TokenRequest {
  readonly audience: string;
  readonly expirationSeconds?: number | undefined;
}

export interface VolumeAttachment {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: VolumeAttachmentSpec;
  readonly status?: VolumeAttachmentStatus | undefined;
}

export interface VolumeAttachmentSource {
  readonly persistentVolumeName?: string | undefined;
  readonly inlineVolumeSpec?: coreV1.PersistentVolumeSpec | undefined;
}

export interface VolumeAttachmentSpec {
  readonly attacher: string;
  readonly source: VolumeAttachmentSource;
  readonly nodeName: string;
}

export interface VolumeAttachmentStatus {
  readonly attached: boolean;
  readonly attachmentMetadata?: { readonly [key: string]: string } | undefined;
  readonly attachError?: VolumeError | undefined;
  readonly detachError?: VolumeError | undefined;
}

export interface VolumeAttributesClass {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly driverName: string;
  readonly parameters?: { readonly [key: string]: string } | undefined;
}

export interface VolumeError {
  readonly time?: string | undefined;
  readonly message?: string | undefined;
  readonly errorCode?: number | undefined;
}

export interface VolumeNodeResources {
  readonly count?: number | undefined;
}

export type CSIDriverDraft = Draft<CSIDriver>;
export type CSINodeDraft = Draft<CSINode>;
export type CSIStorageCapacityDraft = Draft<CSIStorageCapacity>;
export type StorageClassDraft = Draft<StorageClass>;
export type VolumeAttachmentDraft = Draft<VolumeAttachment>;
export type VolumeAttributesClassDraft = Draft<VolumeAttributesClass>;
