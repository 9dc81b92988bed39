import type { ContainerImage, Node, NodeCondition, NodeStatus } from '../../resources/schema/core-v1.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { Machine } from '../machine.ts';
import type { Image, RuntimeFeatures } from '../runtime/runtime.ts';
import { nodeIdAnnotation } from './node-identity.ts';

/** The images a node's status lists at most, the largest first. */
const mostImages = 50;
const mostNamesPerImage = 5;

export interface NodeStatusInput {
  readonly nodeName: string;
  readonly config: NodeConfig;
  readonly machine: Machine;
  readonly runtimeVersion: string;
  readonly features: RuntimeFeatures | undefined;
  readonly conditions: readonly NodeCondition[];
  readonly images: readonly Image[];
  readonly volumesInUse: readonly string[];
}

/** A node as it registers, without its status. */
export function newNode(nodeName: string, config: NodeConfig, machine: Machine): Node {
  return {
    metadata: {
      name: nodeName,
      labels: { ...standardLabels(nodeName, machine), ...config.nodeLabels },
      annotations: {
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
        ...ownAnnotations(config),
      },
    },
    spec: config.nodeTaints.length > 0 ? { taints: config.nodeTaints } : {},
  };
}

/** The annotations that a node keeps in order for itself. */
export function ownAnnotations({ nodeAnnotations, nodeId }: NodeConfig): Readonly<Record<string, string>> {
  return { ...nodeAnnotations, ...(nodeId === '' ? {} : { [nodeIdAnnotation]: nodeId }) };
}

/** The labels that a node keeps in order for itself. */
export function standardLabels(nodeName: string, { info }: Machine): Readonly<Record<string, string>> {
  return {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': info.architecture,
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': info.architecture,
  };
}

export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { nodeName, config, machine, runtimeVersion, features, conditions, images, volumesInUse } = input;
  const { info } = machine;
  return {
    capacity: machine.capacity,
    allocatable: machine.allocatable,
    conditions,
    addresses: [
      ...machine.hostIps.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: nodeName },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: config.port } },
    nodeInfo: {
      machineID: info.machineId,
      systemUUID: info.systemUuid,
      bootID: info.bootId,
      kernelVersion: info.kernelVersion,
      osImage: info.osImage,
      containerRuntimeVersion: runtimeVersion,
      kubeletVersion: config.version,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: info.architecture,
      runningInUserNamespace: false,
    },
    images: listedImages(images),
    ...(volumesInUse.length > 0 && { volumesInUse }),
    ...(features !== undefined && { features: { ...features } }),
    declaredFeatures: [
      'ExtendWebSocketsToKubelet',
      'InPlacePodLevelResourcesVerticalScaling',
      'InPlacePodVerticalScalingInitContainers',
      'RestartAllContainersOnContainerExits',
    ],
  };
}

function listedImages(images: readonly Image[]): readonly ContainerImage[] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : 1))
    .slice(0, mostImages)
    .map((image) => ({
      names: [...image.digests, ...image.tags].slice(0, mostNamesPerImage),
      sizeBytes: image.sizeBytes,
    }));
}
