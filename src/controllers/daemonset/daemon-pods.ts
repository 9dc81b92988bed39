import { matchesNodeAffinity } from '../../resources/core/scheduling/node-affinity.ts';
import { untoleratedTaint } from '../../resources/core/scheduling/tolerations.ts';
import type { DaemonSet } from '../../resources/schema/apps-v1.generated.ts';
import type {
  Affinity,
  Node,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Toleration,
} from '../../resources/schema/core-v1.generated.ts';

export const revisionHashLabel = 'controller-revision-hash';
const templateGenerationLabel = 'pod-template-generation';
const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

const ownTolerations: readonly Toleration[] = [
  ['not-ready', 'NoExecute'],
  ['unreachable', 'NoExecute'],
  ['disk-pressure', 'NoSchedule'],
  ['memory-pressure', 'NoSchedule'],
  ['pid-pressure', 'NoSchedule'],
  ['unschedulable', 'NoSchedule'],
].map(([name, effect]) => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect }));
const hostNetworkToleration: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** The tolerations of a daemon pod: those of the template, and those by which it stays on a node in trouble. */
function daemonTolerations(spec: PodSpec): readonly Toleration[] {
  const added = spec.hostNetwork === true ? [...ownTolerations, hostNetworkToleration] : ownTolerations;
  const given = (spec.tolerations ?? []).map(
    (toleration) => added.find((each) => isSame(each, toleration)) ?? toleration,
  );
  return [...given, ...added.filter((each) => !given.includes(each))];
}

/** Two tolerations of one taint, whatever their seconds. */
function isSame(one: Toleration, other: Toleration): boolean {
  return (
    one.key === other.key &&
    one.effect === other.effect &&
    one.operator === (other.operator || 'Equal') &&
    (one.value ?? '') === (other.value ?? '')
  );
}

/** Where pods of a DaemonSet belong. */
export interface Placement {
  /** Whether a node is to have a pod, and whether one that it has may stay. */
  on(node: Node): { readonly shouldRun: boolean; readonly mayStay: boolean };
}

/** For many nodes: what follows from the DaemonSet alone is computed once. */
export function placementOf({ spec }: DaemonSet): Placement {
  const pod: PodSpec = spec.template.spec ?? { containers: [] };
  const tolerations = daemonTolerations(pod);
  return {
    on(node) {
      const elsewhere = pod.nodeName !== undefined && pod.nodeName !== '' && pod.nodeName !== node.metadata.name;
      if (elsewhere || !matchesNodeAffinity(pod, node)) return { shouldRun: false, mayStay: false };
      const { taints } = node.spec ?? {};
      if (untoleratedTaint(taints, tolerations, ['NoSchedule', 'NoExecute']) === undefined)
        return { shouldRun: true, mayStay: true };
      return { shouldRun: false, mayStay: untoleratedTaint(taints, tolerations, ['NoExecute']) === undefined };
    },
  };
}

/** The template of the pod for one node; the scheduler puts it there. `hash`: of the revision. */
export function templateFor(set: DaemonSet, hash: string, nodeName: string): PodTemplateSpec {
  const { template } = set.spec;
  const spec: PodSpec = template.spec ?? { containers: [] };
  const generation = set.metadata.annotations?.[templateGenerationAnnotation];
  return {
    ...template,
    metadata: {
      ...template.metadata,
      labels: {
        ...template.metadata?.labels,
        ...(generation !== undefined && { [templateGenerationLabel]: generation }),
        [revisionHashLabel]: hash,
      },
    },
    spec: { ...spec, tolerations: daemonTolerations(spec), affinity: affinityTo(spec.affinity, nodeName) },
  };
}

/** What the template requires of a node was looked at already: the name of the node takes its place. */
function affinityTo(affinity: Affinity | undefined, nodeName: string): Affinity {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  const nodeAffinity = {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: required,
  };
  return { ...affinity, nodeAffinity };
}

/** The node that a daemon pod is on or meant for; undefined for a pod that says neither. */
export function targetNodeOf({ spec }: Pod): string | undefined {
  if (spec?.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields = [] }) => matchFields) ?? [];
  const named = fields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
  return named?.values?.length === 1 ? named.values[0] : undefined;
}

/** Whether a pod comes from the template of today. */
export function isUpdated({ metadata }: Pod, set: DaemonSet, hash: string): boolean {
  const labels = metadata.labels ?? {};
  const generation = set.metadata.annotations?.[templateGenerationAnnotation];
  return (
    labels[revisionHashLabel] === hash || (generation !== undefined && labels[templateGenerationLabel] === generation)
  );
}
