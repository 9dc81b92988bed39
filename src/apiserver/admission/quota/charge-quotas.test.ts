import { expect, test } from 'vitest';
import type { KubeObject } from '../../../machinery/object.ts';
import type { ResourceType } from '../../../machinery/resource-type.ts';
import { quotaEvaluator } from '../../../resources/core/resource-quota/evaluators.ts';
import type { Pod, PodSpec, ResourceQuota, ResourceQuotaSpec } from '../../../resources/schema/core-v1.generated.ts';
import {
  deployments,
  persistentVolumeClaims,
  pods,
  services,
} from '../../../resources/schema/resource-types.generated.ts';
import { chargeQuotas } from './charge-quotas.ts';

const zeros = (hard: ResourceQuotaSpec['hard']) =>
  Object.fromEntries(Object.keys(hard ?? {}).map((name) => [name, '0']));

function quota(hard: ResourceQuotaSpec['hard'], spec: ResourceQuotaSpec = {}, used = zeros(hard)): ResourceQuota {
  return { metadata: { name: 'q', namespace: 'n' }, spec: { ...spec, hard }, status: { hard, used } };
}

const pod = (requests: Record<string, string> = {}, spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name: 'p', resourceVersion: '1' },
  spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...spec },
});

/** What the quota says is used after the write, or why it is refused. */
function charged(limits: ResourceQuota, type: ResourceType, object: KubeObject, old?: KubeObject, subresource = '') {
  const evaluator = quotaEvaluator(type);
  if (evaluator === undefined) throw new Error('not counted');
  try {
    const operation = old === undefined ? 'CREATE' : 'UPDATE';
    const [after] = chargeQuotas([limits], { operation, subresource, object, old }, evaluator, 0);
    return after?.status?.used;
  } catch (error) {
    return (error as Error).message;
  }
}

test('an update is charged with what it adds', () => {
  const limits = quota({ 'requests.cpu': '2' }, {}, { 'requests.cpu': '1' });
  expect(charged(limits, pods, pod({ cpu: '1500m' }), pod({ cpu: '1' }), 'resize')).toEqual({
    'requests.cpu': '1500m',
  });
  expect(charged(limits, pods, pod({ cpu: '500m' }), pod({ cpu: '1' }), 'resize')).toEqual({ 'requests.cpu': '1' });
  expect(charged(limits, pods, pod({ cpu: '3' }), pod({ cpu: '1' }), 'resize')).toBe(
    'exceeded quota: q, requested: requests.cpu=2, used: requests.cpu=1, limited: requests.cpu=2',
  );
});

test('scopes choose the pods that count', () => {
  const none = { pods: '0' };
  const counted = { pods: '1' };
  const inScope = (spec: ResourceQuotaSpec, object: Pod) => charged(quota({ pods: '1' }, spec), pods, object);
  expect(inScope({ scopes: ['BestEffort'] }, pod())).toEqual(counted);
  expect(inScope({ scopes: ['BestEffort'] }, pod({ cpu: '1' }))).toEqual(none);
  expect(inScope({ scopes: ['Terminating', 'NotBestEffort'] }, pod({ cpu: '1' }))).toEqual(none);
  expect(inScope({ scopes: ['Terminating'] }, pod({}, { activeDeadlineSeconds: 1 }))).toEqual(counted);
  const high = { scopeName: 'PriorityClass', operator: 'In', values: ['high'] };
  const selected = { scopeSelector: { matchExpressions: [high] } };
  expect(inScope(selected, pod({}, { priorityClassName: 'high' }))).toEqual(counted);
  expect(inScope(selected, pod({}, { priorityClassName: 'low' }))).toEqual(none);
  expect(inScope(selected, pod())).toEqual(none);
  const term = { topologyKey: 'k', namespaces: ['other'] };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  expect(inScope({ scopes: ['CrossNamespacePodAffinity'] }, pod({}, { affinity }))).toEqual(counted);
  expect(inScope({ scopes: ['CrossNamespacePodAffinity'] }, pod())).toEqual(none);
});

test('services, claims and whatever else is counted', () => {
  const balanced = { metadata: { name: 's' }, spec: { type: 'LoadBalancer', ports: [{ port: 1 }, { port: 2 }] } };
  const hard = { services: '5', 'services.nodeports': '5', 'services.loadbalancers': '1', 'count/services': '5' };
  expect(charged(quota(hard), services, balanced as KubeObject)).toEqual({
    services: '1',
    'services.nodeports': '2',
    'services.loadbalancers': '1',
    'count/services': '1',
  });
  const claim = {
    metadata: { name: 'c' },
    spec: { storageClassName: 'gold', resources: { requests: { storage: '2Gi' } } },
  };
  const gold = 'gold.storageclass.storage.k8s.io/requests.storage';
  expect(charged(quota({ [gold]: '1Gi' }), persistentVolumeClaims, claim as KubeObject)).toBe(
    `exceeded quota: q, requested: ${gold}=2Gi, used: ${gold}=0, limited: ${gold}=1Gi`,
  );
  const deployment = { metadata: { name: 'd' } };
  expect(charged(quota({ 'count/deployments.apps': '1' }), deployments, deployment)).toEqual({
    'count/deployments.apps': '1',
  });
});

test('a quota that has not been counted yet refuses, and says which containers must say more', () => {
  const uncounted = quota({ pods: '1', cpu: '1' }, {}, {});
  expect(charged(uncounted, pods, pod({ cpu: '1' }))).toBe('status unknown for quota: q, resources: cpu,pods');
  const both = quota({ 'limits.cpu': '1', memory: '1' });
  expect(charged(both, pods, pod())).toBe('failed quota: q: must specify limits.cpu for: c; memory for: c');
});
