import { compileLabelSelector } from '../machinery/label-selector.ts';
import type { LabelSelector } from '../resources/schema/meta-v1.generated.ts';

/** Whether labels are selected. */
export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean;

/** Compiles a selector of a stored object; an absent one selects nothing. */
export function matcherOf(selector: LabelSelector | undefined): LabelMatcher {
  const compiled = compileLabelSelector(selector);
  return (labels) => compiled.matches(labels);
}
