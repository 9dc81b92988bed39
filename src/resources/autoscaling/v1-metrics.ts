import { isMembers, type Members } from '../../machinery/members.ts';
import { parseQuantity, quantityProblem } from '../../machinery/quantity.ts';
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../schema/autoscaling-v2.generated.ts';
import { fitted, member, membersOf, present } from './annotation-json.ts';

/** A metric as v1 has it in an annotation: what v2 nests in `metric`, `target` and `current` is flat there, under names of its own. */
export function metricToV1(spec: MetricSpec): Members {
  const { type, object, pods, resource, containerResource, external } = spec;
  return present({
    type,
    object: object && {
      target: object.describedObject,
      metricName: object.metric.name,
      targetValue: object.target.value ?? '0',
      ...present({ selector: object.metric.selector, averageValue: object.target.averageValue }),
    },
    pods: pods && {
      metricName: pods.metric.name,
      targetAverageValue: pods.target.averageValue ?? '0',
      ...present({ selector: pods.metric.selector }),
    },
    resource: resource && { name: resource.name, ...usageToV1(resource.target) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...usageToV1(containerResource.target),
      container: containerResource.container,
    },
    external:
      external &&
      present({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  });
}

function usageToV1({ averageUtilization, averageValue }: MetricTarget): Members {
  return present({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue });
}

export function metricStatusToV1(status: MetricStatus): Members {
  const { type, object, pods, resource, containerResource, external } = status;
  return present({
    type,
    object: object && {
      target: object.describedObject,
      metricName: object.metric.name,
      currentValue: object.current.value ?? '0',
      ...present({ selector: object.metric.selector, averageValue: object.current.averageValue }),
    },
    pods: pods && {
      metricName: pods.metric.name,
      currentAverageValue: pods.current.averageValue ?? '0',
      ...present({ selector: pods.metric.selector }),
    },
    resource: resource && { name: resource.name, ...usedToV1(resource.current) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...usedToV1(containerResource.current),
      container: containerResource.container,
    },
    external: external && {
      metricName: external.metric.name,
      ...present({ metricSelector: external.metric.selector }),
      currentValue: external.current.value ?? '0',
      ...present({ currentAverageValue: external.current.averageValue }),
    },
  });
}

function usedToV1({ averageUtilization, averageValue = '0' }: MetricValueStatus): Members {
  return present({ currentAverageUtilization: averageUtilization, currentAverageValue: averageValue });
}

/** The metrics that an annotation holds; what does not fit is left out of them. */
export function metricsFromV1(list: readonly unknown[]): readonly MetricSpec[] {
  return list.map((each) => fitted<MetricSpec>('autoscaling.v2.MetricSpec', metricFromV1(membersOf(each))));
}

function metricFromV1(metric: Members): Members {
  return sourcesOf(metric, {
    object: (source) => {
      const averageValue = member(source, 'averageValue');
      const value = member(source, 'targetValue') ?? '0';
      const target =
        averageValue === undefined
          ? { type: 'Value', value }
          : // v1 writes the value also where none is meant.
            { type: 'AverageValue', ...present({ value: isZero(value) ? undefined : value }), averageValue };
      return { describedObject: member(source, 'target'), metric: identifierOf(source, 'selector'), target };
    },
    pods: (source) => ({
      metric: identifierOf(source, 'selector'),
      target: { type: 'AverageValue', averageValue: member(source, 'targetAverageValue') ?? '0' },
    }),
    resource: (source) => ({ name: member(source, 'name'), target: usageFromV1(source) }),
    containerResource: (source) => ({
      name: member(source, 'name'),
      container: member(source, 'container'),
      target: usageFromV1(source),
    }),
    external: (source) => {
      const value = member(source, 'targetValue');
      const averageValue = member(source, 'targetAverageValue');
      const target = { type: value === undefined ? 'AverageValue' : 'Value', ...present({ value, averageValue }) };
      return { metric: identifierOf(source, 'metricSelector'), target };
    },
  });
}

function usageFromV1(source: Members): Members {
  const averageUtilization = member(source, 'targetAverageUtilization');
  const averageValue = member(source, 'targetAverageValue');
  const type = averageUtilization === undefined ? 'AverageValue' : 'Utilization';
  return { type, ...present({ averageUtilization, averageValue }) };
}

export function metricStatusesFromV1(list: readonly unknown[]): readonly MetricStatus[] {
  return list.map((each) => fitted<MetricStatus>('autoscaling.v2.MetricStatus', metricStatusFromV1(membersOf(each))));
}

function metricStatusFromV1(status: Members): Members {
  return sourcesOf(status, {
    object: (source) => ({
      metric: identifierOf(source, 'selector'),
      current: present({
        value: member(source, 'currentValue') ?? '0',
        averageValue: member(source, 'averageValue'),
      }),
      describedObject: member(source, 'target'),
    }),
    pods: (source) => ({
      metric: identifierOf(source, 'selector'),
      current: { averageValue: member(source, 'currentAverageValue') ?? '0' },
    }),
    resource: (source) => ({ name: member(source, 'name'), current: usedFromV1(source) }),
    containerResource: (source) => ({
      name: member(source, 'name'),
      container: member(source, 'container'),
      current: usedFromV1(source),
    }),
    external: (source) => ({
      metric: identifierOf(source, 'metricSelector'),
      current: present({
        value: member(source, 'currentValue') ?? '0',
        averageValue: member(source, 'currentAverageValue'),
      }),
    }),
  });
}

function usedFromV1(source: Members): Members {
  return present({
    averageValue: member(source, 'currentAverageValue') ?? '0',
    averageUtilization: member(source, 'currentAverageUtilization'),
  });
}

type SourceName = 'object' | 'pods' | 'resource' | 'containerResource' | 'external';

function sourcesOf(metric: Members, convert: Readonly<Record<SourceName, (source: Members) => Members>>): Members {
  const result: Record<string, unknown> = { type: member(metric, 'type') };
  for (const [name, converted] of Object.entries(convert)) {
    const source = member(metric, name);
    if (isMembers(source)) result[name] = converted(source);
  }
  return result;
}

function identifierOf(source: Members, selectorName: string): Members {
  return present({ name: member(source, 'metricName'), selector: member(source, selectorName) });
}

function isZero(value: unknown): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  return quantityProblem(value) === undefined && parseQuantity(value).unscaled === 0n;
}
