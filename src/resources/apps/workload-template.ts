import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { compileLabelSelector, validateLabelSelector } from '../../machinery/label-selector.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { validatePodTemplate } from '../core/pod/pod-template.ts';
import { podTemplateWarnings } from '../core/pod/warnings/pod-warnings.ts';
import type { PodTemplateSpec } from '../schema/core-v1.generated.ts';
import type { LabelSelector } from '../schema/meta-v1.generated.ts';
import { selectorValue, sortedMembers } from '../validation/go-value.ts';
import { validateImmutable } from '../validation/immutable.ts';

interface Workload extends KubeObject {
  readonly spec: { readonly template?: PodTemplateSpec | undefined };
}

/** An update that leaves the generation as it is says nothing of the template again. */
export function workloadWarnings({ metadata, spec }: Workload, old: Workload | undefined): readonly string[] {
  const unchanged = old !== undefined && metadata.generation === old.metadata.generation;
  return unchanged ? [] : podTemplateWarnings(spec.template);
}

/** How one kind words what is the same rule for all of them. */
export interface WorkloadWords {
  /** `empty selector is invalid for deployment` */
  readonly emptySelector: string;
  /** What follows the selector when it cannot be understood. */
  readonly badSelector: string;
  /** `activeDeadlineSeconds in ReplicaSet is not Supported` */
  readonly deadline: string;
}

/** Pods that a workload has found stay its own. */
export function validateSelectorUnchanged(
  selector: LabelSelector | null | undefined,
  old: LabelSelector | null | undefined,
  errors: FieldError[],
): void {
  validateImmutable(selector, old, 'spec.selector', errors, selector && selectorValue(selector));
}

/** The selector of a workload, and the template whose pods it has to find again. Answers whether the template was looked at. */
export function validateSelectorAndTemplate(
  selector: LabelSelector | null | undefined,
  template: PodTemplateSpec,
  words: WorkloadWords,
  errors: FieldError[],
): boolean {
  const before = errors.length;
  if (selector === undefined || selector === null) errors.push(required('spec.selector'));
  else {
    errors.push(...validateLabelSelector(selector, 'spec.selector'));
    if (errors.length > before) {
      errors.push(invalid('spec.selector', selectorValue(selector), words.badSelector));
      return false;
    }
    const empty = isEmpty(selector.matchLabels) && (selector.matchExpressions ?? []).length === 0;
    if (empty) errors.push(invalid('spec.selector', selectorValue(selector), words.emptySelector));
  }
  validateTemplate(selector, template, words, errors);
  return true;
}

function validateTemplate(
  selector: LabelSelector | null | undefined,
  template: PodTemplateSpec,
  words: WorkloadWords,
  errors: FieldError[],
): void {
  const labels = template.metadata?.labels;
  if (!compileLabelSelector(selector).matches(labels ?? {})) {
    const detail = '`selector` does not match template `labels`';
    errors.push(invalid('spec.template.metadata.labels', labels && sortedMembers(labels), detail));
  }
  validatePodTemplate(template, 'spec.template', errors);
  validateLifetime(template, words, errors);
}

/** Pods of a workload live on. */
export function validateLifetime(template: PodTemplateSpec, words: WorkloadWords, errors: FieldError[]): void {
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== 'Always')
    errors.push(notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
  if (activeDeadlineSeconds !== undefined)
    errors.push(forbidden('spec.template.spec.activeDeadlineSeconds', words.deadline));
}

function isEmpty(map: object | undefined): boolean {
  for (const _key in map) return false;
  return true;
}
