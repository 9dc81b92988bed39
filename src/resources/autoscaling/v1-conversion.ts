import { goJson } from '../../machinery/go-text.ts';
import { isMembers, type Members } from '../../machinery/members.ts';
import { type Draft, draft } from '../../machinery/object.ts';
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../schema/autoscaling-v1.generated.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  HPAScalingRules,
  MetricSpec,
} from '../schema/autoscaling-v2.generated.ts';
import type { ObjectMeta } from '../schema/meta-v1.generated.ts';
import { fitted, member, membersOf, parsedJson, present } from './annotation-json.ts';
import { cpuMetric, usualCpuUtilization } from './cpu-metric.ts';
import { v1Annotations, withoutV1Annotations } from './v1-annotations.ts';
import { metricStatusesFromV1, metricStatusToV1, metricsFromV1, metricToV1 } from './v1-metrics.ts';

/**
 * An autoscaler as v1 shows it. It has a field for the utilisation of CPU alone: other metrics, their values, conditions and
 * behaviour stand in annotations, as JSON.
 */
export function toV1({ metadata, spec, status }: HorizontalPodAutoscaler): AutoscalerV1 {
  const { scaleTargetRef, minReplicas, maxReplicas, metrics = [], behavior } = spec;
  const { observedGeneration, lastScaleTime, currentReplicas = 0, desiredReplicas = 0 } = status ?? {};
  const cpu = metrics.find(isCpuUtilization)?.resource?.target.averageUtilization;
  const others = metrics.filter((metric) => !isCpuUtilization(metric)).map(metricToV1);
  const currentMetrics = status?.currentMetrics ?? [];
  const { conditions = [] } = status ?? {};
  const usedCpu = currentMetrics.findLast(
    ({ type, resource }) =>
      type === 'Resource' && resource?.name === 'cpu' && resource.current.averageUtilization !== undefined,
  )?.resource?.current.averageUtilization;
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, {
      [v1Annotations.metrics]: others.length === 0 ? undefined : goJson(others),
      [v1Annotations.currentMetrics]:
        currentMetrics.length === 0 ? undefined : goJson(currentMetrics.map(metricStatusToV1)),
      [v1Annotations.behavior]: behavior === undefined ? undefined : goJson(behaviorToJson(behavior)),
      [v1Annotations.conditions]: conditions.length === 0 ? undefined : goJson(conditions.map(conditionToV1)),
    }),
    spec: {
      scaleTargetRef,
      ...(minReplicas !== undefined && { minReplicas }),
      maxReplicas,
      ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpu }),
    },
    status: {
      ...(observedGeneration !== undefined && { observedGeneration }),
      ...(lastScaleTime !== undefined && { lastScaleTime }),
      currentReplicas,
      desiredReplicas,
      ...(usedCpu !== undefined && { currentCPUUtilizationPercentage: usedCpu }),
    },
  };
}

function isCpuUtilization({ type, resource }: MetricSpec): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;
}

function withAnnotations(metadata: ObjectMeta, added: Readonly<Record<string, string | undefined>>): ObjectMeta {
  const { annotations, ...rest } = metadata;
  const all = { ...annotations, ...(present(added) as Readonly<Record<string, string>>) };
  return Object.keys(all).length === 0 ? rest : { ...rest, annotations: all };
}

/** The one annotation in whose JSON the fields have the names that they have inside of Kubernetes, and null where they are not set. */
function behaviorToJson({ scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior): Members {
  return { ScaleUp: rulesToJson(scaleUp), ScaleDown: rulesToJson(scaleDown) };
}

function rulesToJson(rules: HPAScalingRules | undefined): Members | null {
  if (rules === undefined) return null;
  const policies = rules.policies?.map(({ type, value, periodSeconds }) => ({
    Type: type,
    Value: value,
    PeriodSeconds: periodSeconds,
  }));
  return {
    StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null,
    SelectPolicy: rules.selectPolicy ?? null,
    Policies: policies ?? null,
    Tolerance: rules.tolerance ?? null,
  };
}

function conditionToV1({ type, status, ...rest }: HorizontalPodAutoscalerCondition): Members {
  const { lastTransitionTime = null, reason, message, observedGeneration } = rest;
  return {
    type,
    status,
    lastTransitionTime,
    ...present({ reason: reason || undefined, message: message || undefined, observedGeneration }),
  };
}

/**
 * The autoscaler that one of v1 means. What its annotations hold beyond reading counts as not said, and rules that they hold in part are
 * not filled up.
 */
export function fromV1({ metadata, spec, status }: AutoscalerV1): HorizontalPodAutoscaler {
  const { annotations = {} } = metadata;
  const { scaleTargetRef, minReplicas, maxReplicas, targetCPUUtilizationPercentage: cpu } = spec;
  const { observedGeneration, lastScaleTime, currentReplicas, desiredReplicas = 0 } = status ?? {};
  const others = parsedJson(annotations[v1Annotations.metrics]);
  const said = [
    ...(Array.isArray(others) ? metricsFromV1(others) : []),
    ...(cpu === undefined ? [] : [cpuMetric(cpu)]),
  ];
  const metrics = said.length > 0 ? said : [cpuMetric(usualCpuUtilization)];
  const behavior = behaviorFromJson(parsedJson(annotations[v1Annotations.behavior]));
  const conditions = parsedJson(annotations[v1Annotations.conditions]);
  const converted: Draft<HorizontalPodAutoscaler> = draft({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: {
      scaleTargetRef,
      ...(minReplicas !== undefined && { minReplicas }),
      maxReplicas,
      metrics,
      ...(behavior !== undefined && { behavior }),
    },
    status: {
      ...(observedGeneration !== undefined && { observedGeneration }),
      ...(lastScaleTime !== undefined && { lastScaleTime }),
      ...(currentReplicas && { currentReplicas }),
      desiredReplicas,
      currentMetrics: currentMetricsOf({ metadata, spec, status }),
      ...(Array.isArray(conditions) && { conditions: conditions.map(conditionFromV1) }),
    },
  });
  withoutV1Annotations(converted.metadata);
  return converted as HorizontalPodAutoscaler;
}

/** The annotation says more than the field. */
function currentMetricsOf({ metadata, status }: AutoscalerV1) {
  const known = parsedJson(metadata.annotations?.[v1Annotations.currentMetrics]);
  if (Array.isArray(known)) return metricStatusesFromV1(known);
  const averageUtilization = status?.currentCPUUtilizationPercentage;
  return averageUtilization === undefined
    ? null
    : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } }];
}

function behaviorFromJson(json: unknown): HorizontalPodAutoscalerBehavior | undefined {
  if (!isMembers(json)) return undefined;
  const behavior = present({
    scaleUp: rulesFromJson(member(json, 'ScaleUp')),
    scaleDown: rulesFromJson(member(json, 'ScaleDown')),
  });
  if (Object.keys(behavior).length === 0) return undefined;
  return fitted<HorizontalPodAutoscalerBehavior>('autoscaling.v2.HorizontalPodAutoscalerBehavior', behavior);
}

function rulesFromJson(json: unknown): Members | undefined {
  if (!isMembers(json)) return undefined;
  const policies = member(json, 'Policies');
  return present({
    stabilizationWindowSeconds: member(json, 'StabilizationWindowSeconds'),
    selectPolicy: member(json, 'SelectPolicy'),
    policies: Array.isArray(policies) ? policies.map(policyFromJson) : undefined,
    tolerance: member(json, 'Tolerance'),
  });
}

function policyFromJson(json: unknown): Members {
  const policy = membersOf(json);
  return present({
    type: member(policy, 'Type'),
    value: member(policy, 'Value'),
    periodSeconds: member(policy, 'PeriodSeconds'),
  });
}

function conditionFromV1(json: unknown): HorizontalPodAutoscalerCondition {
  const condition = membersOf(json);
  const names = ['type', 'status', 'lastTransitionTime', 'reason', 'message', 'observedGeneration'];
  const members = present(Object.fromEntries(names.map((name) => [name, member(condition, name)])));
  return fitted<HorizontalPodAutoscalerCondition>('autoscaling.v2.HorizontalPodAutoscalerCondition', members);
}
