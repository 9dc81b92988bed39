import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, notSupported, required } from '../../machinery/field-errors.ts';
import type {
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  HPAScalingPolicy,
  HPAScalingRules,
} from '../schema/autoscaling-v2.generated.ts';
import { validateNonNegative, validateNonNegatives } from '../validation/numbers.ts';
import { validateNonNegativeQuantity } from '../validation/quantity-rules.ts';
import { validateMetrics } from './validate-metrics.ts';
import { apiVersionProblem, type ReferenceRules, validateReference } from './validate-reference.ts';

const longestWindowSeconds = 3600;
const longestPeriodSeconds = 1800;
const selectPolicies = ['Disabled', 'Max', 'Min'];
const policyTypes = ['Percent', 'Pods'];

export interface AutoscalerRules {
  readonly target: ReferenceRules;
  readonly describedObjects: ReferenceRules;
}

export function validationOf(
  spec: HorizontalPodAutoscalerSpec,
  old: HorizontalPodAutoscalerSpec | undefined,
): AutoscalerRules {
  const { apiVersion = '', kind } = spec.scaleTargetRef;
  const kept =
    old !== undefined && (old.scaleTargetRef.apiVersion ?? '') === apiVersion && old.scaleTargetRef.kind === kind;
  const described: ReferenceRules = { anyApiVersion: false, emptyGroup: true };
  const wasInvalid = old?.metrics?.some(
    ({ type, object }) =>
      type === 'Object' && object !== undefined && apiVersionProblem(object.describedObject, described) !== undefined,
  );
  return {
    // The one kind of the core group that can be scaled.
    target: { anyApiVersion: kept, emptyGroup: kind === 'ReplicationController' },
    describedObjects: { ...described, anyApiVersion: wasInvalid ?? false },
  };
}

export function validateAutoscalerSpec(
  spec: HorizontalPodAutoscalerSpec,
  rules: AutoscalerRules,
  errors: FieldError[],
): void {
  const { minReplicas, maxReplicas, scaleTargetRef, metrics = [], behavior } = spec;
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  validateReference(scaleTargetRef, 'spec.scaleTargetRef', rules.target, errors);
  validateMetrics(metrics, minReplicas, rules.describedObjects, errors);
  validateRules(behavior?.scaleUp, 'spec.behavior.scaleUp', errors);
  validateRules(behavior?.scaleDown, 'spec.behavior.scaleDown', errors);
  // Kubernetes checks declared rules after the handwritten ones, which shows in the order of its messages.
  if (minReplicas !== undefined) validateNonNegative(minReplicas, 'spec.minReplicas', errors);
  if (maxReplicas === 0) errors.push(required('spec.maxReplicas'));
  else if (maxReplicas < 0) errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1'));
}

function validateRules(rules: HPAScalingRules | undefined, path: string, errors: FieldError[]): void {
  if (rules === undefined) return;
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  const windowPath = `${path}.stabilizationWindowSeconds`;
  if (window !== undefined && window < 0)
    errors.push(invalid(windowPath, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > longestWindowSeconds)
    errors.push(invalid(windowPath, window, `must be less than or equal to ${longestWindowSeconds}`));
  if (selectPolicy !== undefined && !selectPolicies.includes(selectPolicy))
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, selectPolicies));
  if (policies.length === 0) errors.push(required(`${path}.policies`, 'must specify at least one Policy'));
  policies.forEach((policy, index) => {
    validatePolicy(policy, `${path}.policies[${index}]`, errors);
  });
  if (tolerance !== undefined) validateNonNegativeQuantity(tolerance, `${path}.tolerance`, errors);
}

function validatePolicy({ type, value, periodSeconds }: HPAScalingPolicy, path: string, errors: FieldError[]): void {
  if (!policyTypes.includes(type)) errors.push(notSupported(`${path}.type`, type, policyTypes));
  if (value <= 0) errors.push(invalid(`${path}.value`, value, 'must be greater than zero'));
  if (periodSeconds <= 0) errors.push(invalid(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero'));
  if (periodSeconds > longestPeriodSeconds)
    errors.push(
      invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${longestPeriodSeconds}`),
    );
}

export function validateAutoscalerStatus(status: HorizontalPodAutoscalerStatus, errors: FieldError[]): void {
  (status.conditions ?? []).forEach(({ observedGeneration }, index) => {
    validateNonNegative(observedGeneration, `status.conditions[${index}].observedGeneration`, errors);
  });
  validateNonNegatives(status, ['currentReplicas', 'desiredReplicas'], 'status', errors);
}
