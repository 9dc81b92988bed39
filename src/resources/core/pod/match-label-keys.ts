import type { Draft } from '../../../machinery/object.ts';
import type { Pod, PodAffinity, PodAffinityTerm } from '../../schema/core-v1.generated.ts';
import type { LabelSelector } from '../../schema/meta-v1.generated.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * Writes the values that a new pod's labels have for `matchLabelKeys` into the selectors beside them, so that the scheduler
 * compares with what the pod was when it was made (KEP-3633, KEP-3243).
 */
export function resolveMatchLabelKeys({ metadata, spec }: Draft<Pod>): void {
  const labels: Labels = metadata.labels ?? {};
  for (const { labelSelector, matchLabelKeys } of spec?.topologySpreadConstraints ?? [])
    addRequirements(labelSelector, matchLabelKeys, 'In', labels);
  resolveAffinity(spec?.affinity?.podAffinity, labels);
  resolveAffinity(spec?.affinity?.podAntiAffinity, labels);
}

function resolveAffinity(affinity: Draft<PodAffinity> | undefined, labels: Labels): void {
  for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) resolveTerm(term, labels);
  for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    resolveTerm(podAffinityTerm, labels);
}

function resolveTerm(term: Draft<PodAffinityTerm>, labels: Labels): void {
  addRequirements(term.labelSelector, term.matchLabelKeys, 'In', labels);
  addRequirements(term.labelSelector, term.mismatchLabelKeys, 'NotIn', labels);
}

function addRequirements(
  selector: Draft<LabelSelector> | undefined,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Labels,
): void {
  if (selector === undefined) return;
  for (const key of keys ?? []) {
    const value = labels[key];
    if (value === undefined) continue;
    selector.matchExpressions ??= [];
    selector.matchExpressions.push({ key, operator, values: [value] });
  }
}
