import { apply, asTable, get, patch, post, put, remove, type Topic, watch } from '../scenario.ts';

const place = (version: string) => `/apis/autoscaling/${version}/namespaces/{ns}/horizontalpodautoscalers`;
const [v1, v2] = [place('v1'), place('v2')];
const scaleTargetRef = { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' };
const of = (version: string, spec: object, annotations?: Readonly<Record<string, string>>) => ({
  apiVersion: `autoscaling/${version}`,
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'probe', ...(annotations !== undefined && { annotations }) },
  spec: { scaleTargetRef, maxReplicas: 3, ...spec },
});
const target = { type: 'AverageValue', averageValue: '1k' };
const rich = {
  metrics: [
    { type: 'Pods', pods: { metric: { name: 'rps' }, target } },
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
  ],
  behavior: { scaleDown: { selectPolicy: 'Disabled' } },
};
const status = {
  currentReplicas: 1,
  desiredReplicas: 2,
  conditions: [{ type: 'AbleToScale', status: 'True', lastTransitionTime: '2020-01-01T00:00:00Z' }],
};

/** One object in two versions, one of which keeps in annotations what it has no fields for. */
export const versions: Topic = {
  name: 'versions',
  scenarios: [
    {
      what: 'the older shows the newer',
      steps: [
        post(v2, of('v2', rich)),
        get(`${v1}/probe`),
        get(v1, asTable),
        put(`${v2}/probe/status`, { ...of('v2', rich), status }),
        get(`${v1}/probe`),
        patch('merge', `${v1}/probe`, { spec: { targetCPUUtilizationPercentage: 70 } }),
        patch('merge', `${v1}/probe`, { metadata: { annotations: { mine: 'x' } } }),
        get(`${v2}/probe`),
        patch('merge', `${v1}/probe`, {
          metadata: { annotations: { 'autoscaling.alpha.kubernetes.io/behavior': null } },
        }),
        get(`${v2}/probe`),
        remove(`${v1}/probe`),
        get(`${v2}/probe`),
      ],
    },
    {
      what: 'the newer shows the older',
      steps: [
        post(v1, of('v1', { targetCPUUtilizationPercentage: 60 }, { mine: 'x' })),
        get(`${v2}/probe`),
        patch('merge', `${v2}/probe`, { spec: rich }),
        put(`${v1}/probe`, of('v1', { targetCPUUtilizationPercentage: 65 })),
        put(`${v1}/probe/status`, { ...of('v1', {}), status: { currentReplicas: 1, desiredReplicas: 2 } }),
        watch(v1, patch('merge', `${v2}/probe`, { spec: { maxReplicas: 4 } })),
        remove(`${v2}/probe`),
      ],
    },
    {
      what: 'both are applied',
      steps: [
        apply(`${v1}/probe`, 'one', of('v1', { targetCPUUtilizationPercentage: 60 })),
        apply(`${v2}/probe`, 'two', of('v2', { maxReplicas: 3, minReplicas: 2 })),
        apply(`${v1}/probe`, 'one', of('v1', { minReplicas: 3 })),
        apply(`${v2}/probe`, 'two', of('v2', rich), true),
        get(`${v1}/probe`),
      ],
    },
  ],
};
