import type { InformerOptions } from '../../client/informer.ts';
import type { LabelSelector } from '../../machinery/label-selector.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import type { ReplicaSetStatus } from '../../resources/schema/apps-v1.generated.ts';
import type { PodTemplateSpec, ReplicationControllerStatus } from '../../resources/schema/core-v1.generated.ts';

/** What ReplicaSet and the older ReplicationController have in common. */
export interface ReplicaOwner extends KubeObject {
  readonly spec?:
    | {
        readonly replicas?: number | undefined;
        readonly minReadySeconds?: number | undefined;
        readonly template?: PodTemplateSpec | undefined;
      }
    | undefined;
  readonly status?: ReplicaSetStatus | undefined;
}

/** How a kind that keeps a number of pods differs from the others that do. */
export interface ReplicaKind<T extends ReplicaOwner> {
  /** Of the controller. */
  readonly name: string;
  readonly type: ResourceType<T>;
  readonly informer: InformerOptions<T>;
  selectorOf(owner: T): LabelSelector;
  /** The status that the kind shows. `counted` is what all show; `terminating` is the number of pods that are on their way out. */
  statusOf(owner: T, counted: ReplicationControllerStatus, terminating: number): T['status'];
}
