import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { compileLabelSelector, validateLabelSelector } from '../../machinery/label-selector.ts';
import { validatePodTemplate } from '../core/pod/pod-template.ts';
import type {
  DaemonSet,
  DaemonSetSpec,
  DaemonSetStatus,
  DaemonSetUpdateStrategy,
} from '../schema/apps-v1.generated.ts';
import { goValue, sortedMembers } from '../validation/go-value.ts';
import {
  numberOrPercent,
  validateAtMost100Percent,
  validateIntOrPercent,
  validateNonNegative,
  validateNonNegatives,
} from '../validation/numbers.ts';

export const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

/** The rules for a DaemonSet, new or changed. */
export function validateDaemonSet({ metadata, spec }: DaemonSet, errors: FieldError[]): void {
  const generation = metadata.annotations?.[templateGenerationAnnotation];
  if (generation !== undefined && !/^[+-]?\d+$/.test(generation))
    errors.push(invalid(`metadata.annotations[${templateGenerationAnnotation}]`, generation, 'must be an integer'));
  validateSelector(spec, errors);
  const { template } = spec;
  validatePodTemplate(template, 'spec.template', errors);
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  const path = 'spec.template.spec';
  if (restartPolicy !== 'Always') errors.push(notSupported(`${path}.restartPolicy`, restartPolicy, ['Always']));
  if (activeDeadlineSeconds !== undefined)
    errors.push(forbidden(`${path}.activeDeadlineSeconds`, 'activeDeadlineSeconds in DaemonSet is not Supported'));
  validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors);
  validateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy', errors);
  validateNonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', errors);
}

const mismatch = '`selector` does not match template `labels`';

/** A selector that cannot be understood is not held against the template as well. */
function validateSelector({ selector, template }: DaemonSetSpec, errors: FieldError[]): void {
  const given = selector ?? undefined;
  const problems = given === undefined ? [] : validateLabelSelector(given, 'spec.selector');
  errors.push(...problems);
  const labels = template.metadata?.labels;
  if (problems.length === 0 && !compileLabelSelector(selector).matches(labels ?? {}))
    errors.push(invalid('spec.template.metadata.labels', labels && sortedMembers(labels), mismatch));
  const { matchLabels = {}, matchExpressions = [] } = given ?? {};
  if (given !== undefined && Object.keys(matchLabels).length + matchExpressions.length === 0)
    errors.push(invalid('spec.selector', selector, 'empty selector is invalid for daemonset'));
}

function validateStrategy(strategy: DaemonSetUpdateStrategy, path: string, errors: FieldError[]): void {
  const { type, rollingUpdate } = strategy;
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate') {
    errors.push(
      notSupported(path, goValue(strategy, 'apps.v1.DaemonSetUpdateStrategy'), ['RollingUpdate', 'OnDelete']),
    );
    return;
  }
  if (rollingUpdate === undefined) {
    errors.push(required(`${path}.rollingUpdate`));
    return;
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  const limits = [
    ['maxUnavailable', maxUnavailable],
    ['maxSurge', maxSurge],
  ] as const;
  for (const [name, value] of limits) validateIntOrPercent(value, `${path}.rollingUpdate.${name}`, errors);
  for (const [name, value] of limits) validateAtMost100Percent(value, `${path}.rollingUpdate.${name}`, errors);
  const unavailable = numberOrPercent(maxUnavailable) !== 0;
  const surge = numberOrPercent(maxSurge) !== 0;
  if (unavailable && surge)
    errors.push(invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (!unavailable && !surge)
    errors.push(required(`${path}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
}

const statusNumbers = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const;

export function validateDaemonSetStatus(status: DaemonSetStatus, old: DaemonSetStatus, errors: FieldError[]): void {
  validateNonNegatives(status, statusNumbers, 'status', errors);
  const before = old.collisionCount;
  if (before !== undefined && (status.collisionCount ?? -1) < before)
    errors.push(invalid('status.collisionCount', status.collisionCount ?? 0, 'cannot be decremented'));
}
