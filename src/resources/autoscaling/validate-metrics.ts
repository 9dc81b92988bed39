import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { dnsLabel, pathSegmentName } from '../../machinery/names.ts';
import { formatQuantity, parseQuantity } from '../../machinery/quantity.ts';
import { validateContainerResourceName } from '../core/pod/validation/resources.ts';
import type {
  ContainerResourceMetricSource,
  ExternalMetricSource,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from '../schema/autoscaling-v2.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { type ReferenceRules, validateReference } from './validate-reference.ts';

const sources = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
} as const;
const sourceTypes = Object.keys(sources).sort();
const targetTypes = ['Utilization', 'Value', 'AverageValue'];

export function validateMetrics(
  metrics: readonly MetricSpec[],
  minReplicas: number | undefined,
  described: ReferenceRules,
  errors: FieldError[],
): void {
  metrics.forEach((metric, index) => {
    validateMetric(metric, `spec.metrics[${index}]`, described, errors);
  });
  // Pods that are not there use nothing: something else has to say when they are wanted again.
  const countsElsewhere = metrics.some(({ type }) => type === 'Object' || type === 'External');
  if (minReplicas === 0 && !countsElsewhere) {
    const why = 'must specify at least one Object or External metric to support scaling to zero replicas';
    errors.push(forbidden('spec.metrics', why));
  }
}

function validateMetric(metric: MetricSpec, path: string, described: ReferenceRules, errors: FieldError[]): void {
  const { type } = metric;
  const expected = (sources as Readonly<Record<string, keyof MetricSpec>>)[type];
  if (type === '') errors.push(required(`${path}.type`, 'must specify a metric source type'));
  if (expected === undefined) errors.push(notSupported(`${path}.type`, type, sourceTypes));
  const present = Object.values(sources).filter((name) => metric[name] !== undefined);
  const [first] = present;
  if (first !== undefined) validateSource(metric, first, `${path}.${first}`, described, errors);
  if (expected === undefined) errors.push(notSupported(`${path}.type`, type, sourceTypes));
  else if (metric[expected] === undefined)
    errors.push(required(`${path}.${expected}`, 'must populate information for the given metric source'));
  if (present.length === 1) return;
  for (const name of present)
    if (name !== expected) errors.push(forbidden(`${path}.${name}`, 'must populate the given metric source only'));
}

/** Of several sources only the first is looked into. */
function validateSource(
  metric: MetricSpec,
  source: (typeof sources)[keyof typeof sources],
  path: string,
  described: ReferenceRules,
  errors: FieldError[],
): void {
  const { object, external, pods, resource, containerResource } = metric;
  if (source === 'object' && object !== undefined) validateObject(object, path, described, errors);
  if (source === 'external' && external !== undefined) validateExternal(external, path, errors);
  if (source === 'pods' && pods !== undefined) validatePods(pods, path, errors);
  if (source === 'resource' && resource !== undefined) validateResource(resource, path, errors);
  if (source === 'containerResource' && containerResource !== undefined)
    validateContainerResource(containerResource, path, errors);
}

function validateObject(
  { describedObject, metric, target }: ObjectMetricSource,
  path: string,
  described: ReferenceRules,
  errors: FieldError[],
): void {
  validateReference(describedObject, `${path}.describedObject`, described, errors);
  validateIdentifier(metric, `${path}.metric`, errors);
  validateTarget(target, `${path}.target`, errors);
  if (target.value === undefined && target.averageValue === undefined)
    errors.push(required(`${path}.target.averageValue`, 'must set either a target value or averageValue'));
}

function validateExternal({ metric, target }: ExternalMetricSource, path: string, errors: FieldError[]): void {
  validateIdentifier(metric, `${path}.metric`, errors);
  validateTarget(target, `${path}.target`, errors);
  const { value, averageValue } = target;
  if (value === undefined && averageValue === undefined) {
    const why = 'must set either a target value for metric or a per-pod target';
    errors.push(required(`${path}.target.averageValue`, why));
  }
  if (value !== undefined && averageValue !== undefined) {
    const why = 'may not set both a target value for metric and a per-pod target';
    errors.push(forbidden(`${path}.target.value`, why));
  }
}

function validatePods({ metric, target }: PodsMetricSource, path: string, errors: FieldError[]): void {
  validateIdentifier(metric, `${path}.metric`, errors);
  validateTarget(target, `${path}.target`, errors);
  if (target.averageValue === undefined)
    errors.push(required(`${path}.target.averageValue`, 'must specify a positive target averageValue'));
}

function validateResource({ name, target }: ResourceMetricSource, path: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(`${path}.name`, 'must specify a resource name'));
  validateUsageTarget(target, `${path}.target`, errors);
}

function validateContainerResource(
  { name, container, target }: ContainerResourceMetricSource,
  path: string,
  errors: FieldError[],
): void {
  if (name === '') errors.push(required(`${path}.name`, 'must specify a resource name'));
  else validateContainerResourceName(name, `${path}.name`, errors);
  if (container === '') errors.push(required(`${path}.container`, 'must specify a container'));
  else applyRule(dnsLabel, container, `${path}.container`, errors);
  validateUsageTarget(target, `${path}.target`, errors);
}

function validateUsageTarget(target: MetricTarget, path: string, errors: FieldError[]): void {
  validateTarget(target, path, errors);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'));
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'));
}

function validateTarget(target: MetricTarget, path: string, errors: FieldError[]): void {
  const { type, averageUtilization } = target;
  if (type === '') errors.push(required(`${path}.type`, 'must specify a metric target type'));
  if (!targetTypes.includes(type))
    errors.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target[field];
    const quantity = amount === undefined ? undefined : parseQuantity(amount);
    if (quantity !== undefined && quantity.unscaled <= 0n)
      errors.push(invalid(`${path}.${field}`, formatQuantity(quantity), 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'));
}

function validateIdentifier({ name }: MetricIdentifier, path: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(`${path}.name`, 'must specify a metric name'));
  else for (const problem of pathSegmentName(name, false)) errors.push(invalid(`${path}.name`, name, problem));
}
