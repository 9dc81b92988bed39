import type { Affinity, NodeSelectorTerm, PodAffinity, PodSpec } from '../../../schema/core-v1.generated.ts';

/** Labels of nodes that were renamed, each with what became of it. */
const deprecated: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};
const matchesNothing = 'a null labelSelector results in matching no pod';

export function nodeLabelWarnings({ nodeSelector = {}, affinity }: PodSpec, path: string): readonly string[] {
  const warnings: string[] = [];
  for (const key in nodeSelector) {
    const fate = deprecated[key];
    if (fate !== undefined) warnings.push(`${path}.nodeSelector[${key}]: ${fate}`);
  }
  const { nodeAffinity } = affinity ?? {};
  if (nodeAffinity === undefined) return warnings;
  const place = `${path}.affinity.nodeAffinity`;
  const needed = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const [index, term] of needed.entries())
    addTermWarnings(
      term,
      `${place}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`,
      warnings,
    );
  const preferred = nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const [index, { preference }] of preferred.entries())
    addTermWarnings(
      preference,
      `${place}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`,
      warnings,
    );
  return warnings;
}

function addTermWarnings({ matchExpressions = [] }: NodeSelectorTerm, path: string, warnings: string[]): void {
  for (const [index, { key }] of matchExpressions.entries()) {
    const fate = deprecated[key];
    if (fate !== undefined) warnings.push(`${path}.matchExpressions[${index}].key: ${key} is ${fate}`);
  }
}

export function spreadWarnings({ topologySpreadConstraints = [] }: PodSpec, path: string): readonly string[] {
  return topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, index) => {
    const place = `${path}.topologySpreadConstraints[${index}]`;
    const fate = deprecated[topologyKey];
    return [
      ...(fate === undefined ? [] : [`${place}.topologyKey: ${topologyKey} is ${fate}`]),
      ...(labelSelector === undefined ? [`${place}.labelSelector: ${matchesNothing}`] : []),
    ];
  });
}

export function podAffinityWarnings({ podAffinity, podAntiAffinity }: Affinity, path: string): readonly string[] {
  const warnings: string[] = [];
  if (podAffinity !== undefined) addAffinityWarnings(podAffinity, `${path}.podAffinity`, warnings);
  if (podAntiAffinity !== undefined) addAffinityWarnings(podAntiAffinity, `${path}.podAntiAffinity`, warnings);
  return warnings;
}

function addAffinityWarnings(affinity: PodAffinity, path: string, warnings: string[]): void {
  const needed = affinity.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const [index, { labelSelector }] of needed.entries())
    if (labelSelector === undefined)
      warnings.push(
        `${path}.requiredDuringSchedulingIgnoredDuringExecution[${index}].labelSelector: ${matchesNothing}`,
      );
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const [index, { podAffinityTerm }] of preferred.entries()) {
    const place = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm`;
    if (podAffinityTerm.labelSelector === undefined) warnings.push(`${place}.labelSelector: ${matchesNothing}`);
  }
}
