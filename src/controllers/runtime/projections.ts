import type { InformerOptions } from '../../client/informer.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { claimNameOf } from '../../resources/core/pod/volume-claims.ts';
import type { ControllerRevision } from '../../resources/schema/apps-v1.generated.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import type {
  Affinity,
  Container,
  ContainerStatus,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
  PodStatus,
  Volume,
} from '../../resources/schema/core-v1.generated.ts';
import type { ObjectMeta } from '../../resources/schema/meta-v1.generated.ts';
import type { IPAddress, ServiceCIDR } from '../../resources/schema/networking-v1.generated.ts';
import type { ResourceClaim } from '../../resources/schema/resource-v1.generated.ts';
import type { VolumeAttributesClass } from '../../resources/schema/storage-v1.generated.ts';
import { controllerOf } from './owner-references.ts';

/**
 * What the controllers of one process keep of each kind. They share informers, and informers are shared by those who give the same
 * function, so the projections are here and not with each controller.
 */

/** Everything but `managedFields`. The API server keeps them when an update comes without. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Metadata alone: for owners, finalizers and names. */
export function metadataOnly<T extends KubeObject>(object: T): T {
  const { managedFields: _, annotations: __, labels: ___, ...metadata } = object.metadata;
  return { metadata } as T;
}

/** What controllers look at in a pod; a tenth of the whole. */
function podProjection(pod: Pod): Pod {
  return { metadata: podMetadata(pod.metadata), ...podParts(pod.spec, pod.status) };
}

const podAnnotations = [
  'batch.kubernetes.io/job-completion-index',
  'batch.kubernetes.io/job-index-failure-count',
  'batch.kubernetes.io/job-index-ignored-failure-count',
  'controller.kubernetes.io/pod-deletion-cost',
  'endpoints.kubernetes.io/last-change-trigger-time',
];

function podMetadata(metadata: ObjectMeta): ObjectMeta {
  const { managedFields: _, annotations, ...rest } = metadata;
  if (annotations === undefined) return rest;
  const kept = Object.fromEntries(
    podAnnotations.flatMap((key) => (annotations[key] === undefined ? [] : [[key, annotations[key]]])),
  );
  return Object.keys(kept).length === 0 ? rest : { ...rest, annotations: kept };
}

function podParts(spec: PodSpec | undefined, status: PodStatus | undefined): Pick<Pod, 'spec' | 'status'> {
  return {
    ...(spec === undefined ? {} : { spec: podSpec(spec) }),
    ...(status === undefined ? {} : { status: podStatus(status) }),
  };
}

function podSpec(spec: PodSpec): PodSpec {
  const { nodeName, hostname, subdomain, hostNetwork, restartPolicy, schedulerName, tolerations, readinessGates } =
    spec;
  const { resources, overhead, resourceClaims } = spec;
  return {
    nodeName,
    hostname,
    subdomain,
    hostNetwork,
    restartPolicy,
    schedulerName,
    tolerations,
    readinessGates,
    ...(resources !== undefined && { resources }),
    ...(overhead !== undefined && { overhead }),
    ...(resourceClaims !== undefined && { resourceClaims }),
    ...daemonAffinity(spec.affinity),
    containers: spec.containers.map(container),
    initContainers: spec.initContainers?.filter((each) => each.restartPolicy === 'Always').map(container),
    volumes: spec.volumes
      ?.filter((each) => each.persistentVolumeClaim !== undefined || each.ephemeral !== undefined)
      .map(volume),
  };
}

/** Of what a pod asks of its node only the name of one: by it the pod of a DaemonSet belongs there before it is bound. */
function daemonAffinity(affinity: Affinity | undefined): Pick<PodSpec, 'affinity'> {
  const { nodeSelectorTerms = [] } = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? {};
  const terms = nodeSelectorTerms.flatMap(({ matchFields }) => (matchFields === undefined ? [] : [{ matchFields }]));
  if (terms.length === 0) return {};
  const required = { nodeSelectorTerms: terms };
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } };
}

function container({ name, ports, restartPolicy, resources }: Container): Container {
  const { requests } = resources ?? {};
  return { name, ports, restartPolicy, ...(requests !== undefined && { resources: { requests } }) };
}

function volume({ name, persistentVolumeClaim, ephemeral }: Volume): Volume {
  return { name, persistentVolumeClaim, ...(ephemeral === undefined ? {} : { ephemeral: {} }) };
}

function podStatus(status: PodStatus): PodStatus {
  const { phase, reason, conditions, podIP, podIPs, hostIP, hostIPs, startTime } = status;
  const { resourceClaimStatuses, extendedResourceClaimStatus } = status;
  return {
    phase,
    reason,
    conditions,
    podIP,
    podIPs,
    hostIP,
    hostIPs,
    startTime,
    ...(resourceClaimStatuses !== undefined && { resourceClaimStatuses }),
    ...(extendedResourceClaimStatus !== undefined && { extendedResourceClaimStatus }),
    containerStatuses: status.containerStatuses?.map(containerStatus),
    initContainerStatuses: status.initContainerStatuses?.map(containerStatus),
  };
}

function containerStatus({ name, ready, restartCount, state }: ContainerStatus): ContainerStatus {
  const projected = { name, ready, restartCount, image: '', imageID: '' };
  if (state?.terminated === undefined) return projected;
  const { exitCode, finishedAt } = state.terminated;
  return { ...projected, state: { terminated: { exitCode, finishedAt } } };
}

/** Pods by the uid of their controller; those without one by `orphansOf` their namespace. */
export const byController = 'controller';
/** Pods by the node they are bound to; unbound ones under the empty string. */
export const byNode = 'node';
/** Pods by `namespace/name` of the claims that they use. */
export const byClaim = 'claim';
/** Pods by `namespace/name` of the claims for devices that they have. */
export const byResourceClaim = 'resourceClaim';
/** Pods by `namespace/name` of the templates by which they get such claims. */
export const byResourceClaimTemplate = 'resourceClaimTemplate';

export function orphansOf(namespace: string): string {
  return `orphans/${namespace}`;
}

export function controllerIndex(object: KubeObject): readonly string[] {
  return [controllerOf(object)?.uid ?? orphansOf(object.metadata.namespace ?? '')];
}

function nodeIndex(pod: Pod): readonly string[] {
  return [pod.spec?.nodeName ?? ''];
}

/** `namespace/name` of the claims that a pod uses. */
export function claimKeysOf(pod: Pod): readonly string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    const name = claimNameOf(pod, volume);
    return name === undefined ? [] : [`${pod.metadata.namespace}/${name}`];
  });
}

function resourceClaimIndex({ metadata, spec, status }: Pod): readonly string[] {
  const named = (spec?.resourceClaims ?? []).map(({ resourceClaimName }) => resourceClaimName);
  const made = (status?.resourceClaimStatuses ?? []).map(({ resourceClaimName }) => resourceClaimName);
  return [...named, ...made].flatMap((name) => (name === undefined ? [] : [`${metadata.namespace}/${name}`]));
}

function resourceClaimTemplateIndex({ metadata, spec }: Pod): readonly string[] {
  const names = new Set(spec?.resourceClaims?.map(({ resourceClaimTemplateName }) => resourceClaimTemplateName));
  return [...names].flatMap((name) => (name === undefined ? [] : [`${metadata.namespace}/${name}`]));
}

/** How every controller asks for pods. */
export const podInformer: InformerOptions<Pod> = {
  projection: podProjection,
  indexes: {
    [byController]: controllerIndex,
    [byNode]: nodeIndex,
    [byClaim]: claimKeysOf,
    [byResourceClaim]: resourceClaimIndex,
    [byResourceClaimTemplate]: resourceClaimTemplateIndex,
  },
};

/** How every controller asks for claims for devices. */
export const resourceClaimInformer: InformerOptions<ResourceClaim> = {
  projection: withoutManagedFields<ResourceClaim>,
  indexes: { [byController]: controllerIndex },
};

/** How every controller asks for revisions. */
export const revisionInformer: InformerOptions<ControllerRevision> = {
  projection: withoutManagedFields<ControllerRevision>,
  indexes: { [byController]: controllerIndex },
};

/** How every controller asks for claims. */
export const claimInformer: InformerOptions<PersistentVolumeClaim> = {
  projection: withoutManagedFields<PersistentVolumeClaim>,
};

/** How every controller asks for volumes. */
export const volumeInformer: InformerOptions<PersistentVolume> = { projection: withoutManagedFields<PersistentVolume> };

/** How every controller asks for classes of volume attributes. */
export const attributesClassInformer: InformerOptions<VolumeAttributesClass> = {
  projection: withoutManagedFields<VolumeAttributesClass>,
};

/** How every controller asks for nodes: without the list of their images. */
export const nodeInformer: InformerOptions<Node> = { projection: nodeProjection };

function nodeProjection(node: Node): Node {
  const { images: _, ...status } = node.status ?? {};
  return { ...withoutManagedFields(node), status };
}

/** How every controller asks for certificate requests. */
export const requestInformer: InformerOptions<CertificateSigningRequest> = {
  projection: withoutManagedFields<CertificateSigningRequest>,
};

/** How every controller asks for namespaces. */
export const namespaceInformer: InformerOptions<Namespace> = { projection: withoutManagedFields<Namespace> };

/** How every controller asks for ranges of services. */
export const serviceCIDRInformer: InformerOptions<ServiceCIDR> = { projection: withoutManagedFields<ServiceCIDR> };

/** How every controller asks for addresses that are taken. */
export const ipAddressInformer: InformerOptions<IPAddress> = { projection: withoutManagedFields<IPAddress> };
