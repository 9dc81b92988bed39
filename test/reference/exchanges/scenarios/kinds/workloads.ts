import type { KindTable } from './kind-table.ts';
import {
  labels,
  negativeReplicas,
  neverRestarted,
  noContainers,
  otherImage,
  otherLabels,
  template,
} from './pod-templates.ts';

const once = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
const selector = { matchLabels: labels };
const noSelector = { spec: { selector: null } };
const otherSelector = { spec: { selector: { matchLabels: { app: 'other' } } } };
const badUpdateStrategy = { spec: { updateStrategy: { type: 'Sometimes' } } };

/** What runs pods, how many of them, and how many at least: apps, batch, autoscaling and policy. */
export const workloads: readonly KindTable[] = [
  {
    resource: 'apps/v1/controllerrevisions',
    smallest: { revision: 1 },
    invalid: { negative: { revision: -1 } },
    patches: { revision: { revision: 2 }, data: { data: { a: 1 } } },
  },
  {
    resource: 'apps/v1/daemonsets',
    smallest: { spec: { selector, template } },
    invalid: {
      'no selector': noSelector,
      'other labels': otherLabels,
      'no containers': noContainers,
      'bad strategy': badUpdateStrategy,
      'bad restart policy': neverRestarted,
    },
    patches: {
      image: otherImage,
      selector: otherSelector,
    },
    status: { status: { currentNumberScheduled: 1, numberMisscheduled: 0, desiredNumberScheduled: 1, numberReady: 1 } },
  },
  {
    resource: 'apps/v1/deployments',
    smallest: { spec: { selector, template } },
    invalid: {
      'no selector': noSelector,
      'other labels': otherLabels,
      'no containers': noContainers,
      'bad container': { spec: { template: { spec: { containers: [{ name: 'Bad_Name', image: '' }] } } } },
      'negative replicas': negativeReplicas,
      'bad strategy': { spec: { strategy: { type: 'Sometimes' } } },
      'no way to proceed': { spec: { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } } },
      'deadline too short': { spec: { progressDeadlineSeconds: 10, minReadySeconds: 10 } },
      'bad restart policy': neverRestarted,
    },
    patches: {
      image: otherImage,
      replicas: { spec: { replicas: 3 } },
      paused: { spec: { paused: true } },
      selector: otherSelector,
      recreate: { spec: { strategy: { type: 'Recreate' } } },
    },
    status: { status: { replicas: 1, unavailableReplicas: 1, observedGeneration: 1 } },
  },
  {
    resource: 'apps/v1/replicasets',
    smallest: { spec: { selector, template } },
    invalid: {
      'no selector': noSelector,
      'other labels': otherLabels,
      'negative replicas': negativeReplicas,
      'no containers': noContainers,
    },
    patches: { replicas: { spec: { replicas: 2 } }, selector: otherSelector },
    status: { status: { replicas: 2, readyReplicas: 1 } },
  },
  {
    resource: 'apps/v1/statefulsets',
    smallest: { spec: { selector, template, serviceName: 'web' } },
    invalid: {
      'no selector': noSelector,
      'other labels': otherLabels,
      'negative replicas': negativeReplicas,
      'bad policy': { spec: { podManagementPolicy: 'Sometimes' } },
      'bad strategy': badUpdateStrategy,
      'bad claim': { spec: { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] } },
    },
    patches: {
      replicas: { spec: { replicas: 2 } },
      service: { spec: { serviceName: 'other' } },
      selector: otherSelector,
      policy: { spec: { podManagementPolicy: 'Parallel' } },
    },
    status: { status: { replicas: 1, readyReplicas: 1, currentRevision: 'a' } },
  },
  {
    resource: 'batch/v1/jobs',
    smallest: { spec: { template: once } },
    invalid: {
      'restart always': { spec: { template: { spec: { restartPolicy: 'Always' } } } },
      'selector of its own': { spec: { selector } },
      'negative completions': { spec: { completions: -1, parallelism: -1 } },
      'bad mode': { spec: { completionMode: 'Sometimes' } },
      'indexed without completions': { spec: { completionMode: 'Indexed' } },
    },
    patches: {
      parallelism: { spec: { parallelism: 2 } },
      completions: { spec: { completions: 3 } },
      suspend: { spec: { suspend: true } },
      image: otherImage,
    },
    status: { status: { active: 1, startTime: '2020-01-01T00:00:00Z' } },
  },
  {
    resource: 'batch/v1/cronjobs',
    smallest: { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: once } } } },
    invalid: {
      'no schedule': { spec: { schedule: '' } },
      'bad schedule': { spec: { schedule: 'often' } },
      'zone in the schedule': { spec: { schedule: 'TZ=UTC * * * * *' } },
      'bad zone': { spec: { timeZone: 'Nowhere/Else' } },
      'bad policy': { spec: { concurrencyPolicy: 'Sometimes' } },
      'restart always': { spec: { jobTemplate: { spec: { template: { spec: { restartPolicy: 'Always' } } } } } },
    },
    patches: { suspend: { spec: { suspend: true } }, schedule: { spec: { schedule: '1 2 3 4 5' } } },
    status: { status: { lastScheduleTime: '2020-01-01T00:00:00Z' } },
  },
  {
    resource: 'autoscaling/v2/horizontalpodautoscalers',
    smallest: { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }, maxReplicas: 3 } },
    invalid: {
      'no target': { spec: { scaleTargetRef: null } },
      'no maximum': { spec: { maxReplicas: 0 } },
      'minimum above maximum': { spec: { minReplicas: 4 } },
      'bad metric': {
        spec: { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] },
      },
      'bad behavior': { spec: { behavior: { scaleUp: { stabilizationWindowSeconds: 4000, policies: [] } } } },
    },
    patches: { maximum: { spec: { maxReplicas: 5 } } },
    status: { status: { currentReplicas: 1, desiredReplicas: 2 } },
  },
  {
    resource: 'policy/v1/poddisruptionbudgets',
    smallest: { spec: {} },
    invalid: {
      both: { spec: { minAvailable: 1, maxUnavailable: 1 } },
      negative: { spec: { minAvailable: -1 } },
      'bad percentage': { spec: { maxUnavailable: '101%' } },
      'bad policy': { spec: { unhealthyPodEvictionPolicy: 'x' } },
    },
    patches: { minimum: { spec: { minAvailable: 1 } }, selector: { spec: { selector } } },
    status: { status: { currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 } },
  },
];
