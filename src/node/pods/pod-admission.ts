import { matchesNodeAffinity } from '../../resources/core/scheduling/node-affinity.ts';
import { podRequests, type ResourceAmounts, resourceAmounts } from '../../resources/core/scheduling/pod-requests.ts';
import { untoleratedTaint } from '../../resources/core/scheduling/tolerations.ts';
import type { ContainerPort, Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { featureRefusal } from './feature-refusal.ts';

/** Why a pod is not taken, in the words of its status. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

export interface AdmissionInput {
  readonly pod: Pod;
  /** The pods that take up room already. */
  readonly active: readonly Pod[];
  readonly node: Node;
  readonly allocatable: Readonly<Record<string, string | number>>;
}

/** Resources in the order in which a lack of them is told. */
const firstResources = ['cpu', 'memory', 'ephemeral-storage'];

/**
 * Why a pod that was bound to this node cannot run on it; undefined when it can. Whoever bound it may have known less than the node
 * does: of pods bound at the same moment, or of labels that have changed.
 */
export function admitPod(input: AdmissionInput): Refusal | undefined {
  return osRefusal(input) ?? featureRefusal(input.pod, input.node) ?? resourceRefusal(input) ?? predicateRefusal(input);
}

function osRefusal({ pod }: AdmissionInput): Refusal | undefined {
  const label = pod.metadata.labels?.['kubernetes.io/os'];
  if (label !== undefined && label !== 'linux')
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    };
  if (pod.spec?.os !== undefined && pod.spec.os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  return undefined;
}

/** Why there is no room for a pod beside the active ones. */
export function resourceRefusal({
  pod,
  active,
  allocatable,
}: Pick<AdmissionInput, 'pod' | 'active' | 'allocatable'>): Refusal | undefined {
  const capacity = resourceAmounts(allocatable);
  const pods = capacity['pods'] ?? 0;
  if (active.length + 1 > pods) return insufficient('pods', 1, active.length, pods);
  const requests = podRequests(pod);
  // What the node does not know is somebody else's to give.
  const wanted = Object.keys(requests).filter((name) => (requests[name] ?? 0) > 0 && capacity[name] !== undefined);
  if (wanted.length === 0) return undefined;
  const used = sumOf(active.map(podRequests));
  const ordered = [
    ...firstResources.filter((name) => wanted.includes(name)),
    ...wanted.filter((name) => !firstResources.includes(name)),
  ];
  for (const name of ordered) {
    const [request, inUse, whole] = [requests[name] ?? 0, used[name] ?? 0, capacity[name] ?? 0];
    if (request > whole - inUse) return insufficient(name, request, inUse, whole);
  }
  return undefined;
}

function insufficient(name: string, requested: number, used: number, capacity: number): Refusal {
  return {
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}

function predicateRefusal({ pod, active, node }: AdmissionInput): Refusal | undefined {
  if (!matchesNodeAffinity(pod.spec, node))
    return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  const taken = active.flatMap(hostPorts);
  if (hostPorts(pod).some((port) => taken.some((other) => collide(port, other))))
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  if (untoleratedTaint(node.spec?.taints, pod.spec?.tolerations, ['NoExecute']) !== undefined)
    return failed('TaintToleration', "node(s) had taints that the pod didn't tolerate");
  return undefined;
}

function failed(predicate: string, why: string): Refusal {
  return { reason: predicate, message: `Predicate ${predicate} failed: ${why}` };
}

function hostPorts(pod: Pod): readonly ContainerPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...(pod.spec?.containers ?? [])]
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0);
}

function collide(a: ContainerPort, b: ContainerPort): boolean {
  if (a.hostPort !== b.hostPort || (a.protocol ?? 'TCP') !== (b.protocol ?? 'TCP')) return false;
  const any = (ip: string | undefined) => ip === undefined || ip === '' || ip === '0.0.0.0';
  return any(a.hostIP) || any(b.hostIP) || a.hostIP === b.hostIP;
}

function sumOf(amounts: readonly ResourceAmounts[]): ResourceAmounts {
  const total: Record<string, number> = {};
  for (const each of amounts) for (const name in each) total[name] = (total[name] ?? 0) + (each[name] ?? 0);
  return total;
}
