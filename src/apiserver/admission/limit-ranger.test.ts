import { expect, test } from 'vitest';
import { admit, attributes, verdict } from '../../../test/support/admission.ts';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type {
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
  ResourceRequirements,
} from '../../resources/schema/core-v1.generated.ts';
import { limitRanges, persistentVolumeClaims, pods } from '../../resources/schema/resource-types.generated.ts';
import { LimitRanger } from './limit-ranger.ts';

function ranger(...limits: LimitRangeItem[]): LimitRanger {
  const range: LimitRange = { metadata: { name: 'l', namespace: 'apps' }, spec: { limits } };
  return new LimitRanger(
    new FakeInformer<LimitRange>(limitRanges, [range]),
    new FakeReader(),
    new VirtualEnvironment(1),
  );
}

function pod(containers: readonly ResourceRequirements[], init: readonly ResourceRequirements[] = []): Pod {
  const named = (prefix: string) => (resources: ResourceRequirements, index: number) => ({
    name: `${prefix}${index}`,
    image: 'i',
    resources,
  });
  return {
    metadata: { name: 'web', namespace: 'apps' },
    spec: { containers: containers.map(named('c')), initContainers: init.map(named('i')) },
  };
}

const create = (plugin: LimitRanger, object: Pod) => admit<Pod>(plugin, attributes('CREATE', pods, object));
const refusal = (plugin: LimitRanger, object: Pod) => verdict(plugin, attributes('CREATE', pods, object));

test('containers get what they leave open, and the pod says what was set', async () => {
  const plugin = ranger({
    type: 'Container',
    default: { cpu: '500m', memory: '128Mi' },
    defaultRequest: { cpu: '100m' },
  });
  const { metadata, spec } = await create(plugin, pod([{ limits: { memory: '1Gi' } }], [{}]));
  expect(spec?.containers[0]?.resources).toEqual({
    requests: { cpu: '100m' },
    limits: { cpu: '500m', memory: '1Gi' },
  });
  expect(metadata.annotations).toEqual({
    'kubernetes.io/limit-ranger':
      'LimitRanger plugin set: cpu request for container c0; cpu limit for container c0; cpu request for init container i0; cpu, memory limit for init container i0',
  });
});

/** What a Kubernetes 1.37.1 answered. */
test('all bounds that are broken are told, in the order of containers and bounds', async () => {
  const plugin = ranger({
    type: 'Container',
    min: { cpu: '100m', memory: '64Mi' },
    max: { cpu: '1', memory: '1Gi' },
    maxLimitRequestRatio: { cpu: '2' },
  });
  const both = (cpu: string, memory: string) => ({ cpu, memory });
  expect(await refusal(plugin, pod([{ requests: both('1m', '1Mi'), limits: both('3', '4Gi') }]))).toBe(
    'pods "web" is forbidden: [minimum cpu usage per Container is 100m, but request is 1m, minimum memory usage per Container is 64Mi, but request is 1Mi, maximum cpu usage per Container is 1, but limit is 3, maximum memory usage per Container is 1Gi, but limit is 4Gi, cpu max limit to request ratio per Container is 2, but provided ratio is 3000.000000]',
  );
  expect(await refusal(plugin, pod([{}]))).toContain(
    'minimum cpu usage per Container is 100m.  No request is specified',
  );
  const fits = { requests: both('500m', '64Mi'), limits: both('1', '1Gi') };
  expect(await refusal(plugin, pod([fits]))).toBe('admitted');
});

test('a pod as a whole is the sum of its containers, or what starting it takes', async () => {
  const plugin = ranger({ type: 'Pod', max: { memory: '1Gi' } });
  const needs = (memory: string) => ({ limits: { memory } });
  expect(await refusal(plugin, pod([needs('600Mi'), needs('600Mi')]))).toBe(
    'pods "web" is forbidden: maximum memory usage per Pod is 1Gi, but limit is 1200Mi',
  );
  expect(await refusal(plugin, pod([needs('600Mi')], [needs('2Gi')]))).toContain('but limit is 2Gi');
  expect(await refusal(plugin, pod([needs('600Mi')], [needs('1Gi')]))).toBe('admitted');
});

test('claims are held to their bounds when they come and when they grow', async () => {
  const plugin = ranger({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } });
  const claim = (storage: string): PersistentVolumeClaim => ({
    metadata: { name: 'data', namespace: 'apps' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  });
  const head = 'persistentvolumeclaims "data" is forbidden: ';
  expect(await verdict(plugin, attributes('CREATE', persistentVolumeClaims, claim('500Mi')))).toBe(
    `${head}minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi`,
  );
  const grown = attributes('UPDATE', persistentVolumeClaims, claim('3Gi'), { old: claim('1Gi') });
  expect(await verdict(plugin, grown)).toBe(
    `${head}maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi`,
  );
  expect(await verdict(plugin, attributes('CREATE', persistentVolumeClaims, claim('1500Mi')))).toBe('admitted');
});

test('a range that the informer has not seen yet counts; an empty answer is asked for again after half a minute', async () => {
  const environment = new VirtualEnvironment(1);
  const ranges = new Map<string, readonly LimitRange[]>();
  let asked = 0;
  const reader = new FakeReader();
  reader.list = (async () => {
    asked++;
    return { items: ranges.get('apps') ?? [] };
  }) as unknown as typeof reader.list;
  const plugin = new LimitRanger(new FakeInformer<LimitRange>(limitRanges, []), reader, environment);
  expect(await refusal(plugin, pod([{}]))).toBe('admitted');
  ranges.set('apps', [{ metadata: {}, spec: { limits: [{ type: 'Pod', min: { cpu: '1' } }] } }]);
  expect(await refusal(plugin, pod([{}]))).toBe('admitted');
  expect(asked).toBe(1);
  await environment.advance(31_000);
  expect(await refusal(plugin, pod([{}]))).toContain('minimum cpu usage per Pod is 1');
});
