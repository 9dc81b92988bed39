import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid } from '../../../../machinery/field-errors.ts';
import { equal } from '../../../equal.ts';
import type { Affinity, NodeSelectorTerm, PodSpec } from '../../../schema/core-v1.generated.ts';
import { goValue } from '../../../validation/go-value.ts';

const onlyAdditions = 'only additions are allowed (no mutations or deletions)';

/** As long as a pod waits for its gates, where it may run can be narrowed down (KEP-3838). */
export function validateGatedScheduling(spec: PodSpec, old: PodSpec, errors: FieldError[]): void {
  const { nodeSelector = {} } = spec;
  for (const key in old.nodeSelector)
    if (nodeSelector[key] !== old.nodeSelector[key]) {
      const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
      errors.push(invalid('spec.nodeSelector', nodeSelector, detail));
      break;
    }
  const terms = requiredTerms(spec);
  const oldTerms = requiredTerms(old);
  if (oldTerms.length === 0) return;
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  if (terms.length !== oldTerms.length) {
    const shown = terms.length === 0 ? null : terms.map(shownTerm);
    const detail = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    errors.push(invalid(path, shown, detail));
    return;
  }
  for (const [index, term] of terms.entries())
    if (!extendsTerm(term, oldTerms[index] ?? {}))
      errors.push(invalid(`${path}[${index}]`, shownTerm(term), onlyAdditions));
}

function shownTerm(term: NodeSelectorTerm): unknown {
  return goValue(term, 'core.v1.NodeSelectorTerm');
}

function requiredTerms({ affinity }: PodSpec): readonly NodeSelectorTerm[] {
  return affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
}

/** An empty term matches nothing: adding to it would widen it. */
function extendsTerm(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  const { matchExpressions: oldExpressions = [], matchFields: oldFields = [] } = old;
  if (oldExpressions.length === 0 && oldFields.length === 0)
    return matchExpressions.length === 0 && matchFields.length === 0;
  return (
    equal(matchExpressions.slice(0, oldExpressions.length), oldExpressions) &&
    equal(matchFields.slice(0, oldFields.length), oldFields)
  );
}

/** The affinity with the part about nodes, which was checked here, as it was before. */
export function affinityToCompare({ affinity }: PodSpec, { affinity: old }: PodSpec): Affinity | undefined {
  const nodeAffinity = old?.nodeAffinity;
  if (equal(affinity?.nodeAffinity, nodeAffinity)) return affinity;
  if (affinity === undefined) return nodeAffinity === undefined ? undefined : { nodeAffinity };
  const others = affinity.podAffinity !== undefined || affinity.podAntiAffinity !== undefined;
  return old === undefined && !others ? undefined : { ...affinity, nodeAffinity };
}
