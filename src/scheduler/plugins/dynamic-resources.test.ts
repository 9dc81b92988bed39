import { describe, expect, test } from 'vitest';
import { node, pod } from '../../../test/support/scheduling.ts';
import type { Lister } from '../../client/informer.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { Pod, PodResourceClaim } from '../../resources/schema/core-v1.generated.ts';
import type { DeviceClass, ResourceClaim } from '../../resources/schema/resource-v1.generated.ts';
import { SchedulerCache } from '../cache.ts';
import type { Snapshot } from '../framework.ts';
import { podInfo } from '../pod-info.ts';
import { dynamicResources } from './dynamic-resources.ts';

function listing<T extends KubeObject>(...objects: readonly T[]): Lister<T> {
  return {
    get: (name) => objects.find((each) => each.metadata.name === name),
    list: () => objects,
    byIndex: () => [],
    size: objects.length,
  };
}

const claim = (name: string, metadata: object = {}): ResourceClaim => ({
  metadata: { name, namespace: 'default', ...metadata },
  spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } },
});
const choice: ResourceClaim = {
  metadata: { name: 'choice', namespace: 'default' },
  spec: {
    devices: {
      requests: [
        {
          name: 'r',
          firstAvailable: [
            { name: 'big', deviceClassName: 'gpu' },
            { name: 'small', deviceClassName: 'other' },
          ],
        },
      ],
    },
  },
};
const gpu: DeviceClass = { metadata: { name: 'gpu' }, spec: {} };

function using(entry: Omit<PodResourceClaim, 'name'>, status: Pod['status'] = {}): Pod {
  return { ...pod('p', { spec: { resourceClaims: [{ name: 'a', ...entry }] } }), status };
}

const byName = (resourceClaimName: string) => using({ resourceClaimName });
const told = (resourceClaimName?: string) =>
  using({ resourceClaimTemplateName: 't' }, { resourceClaimStatuses: [{ name: 'a', resourceClaimName }] });

describe('a pod with claims', () => {
  const owned = { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true }] };
  const plugin = dynamicResources({
    deviceClaims: listing(claim('free'), claim('own', owned), claim('leaving', { deletionTimestamp: 'now' }), choice),
    deviceClasses: listing(gpu),
  });

  test.each<[string, Pod, string | undefined]>([
    ['no claims', pod('p'), undefined],
    ['a claim that is there', byName('free'), undefined],
    ['one that is not', byName('x'), 'resourceclaim.resource.k8s.io "x" not found'],
    ['one that goes', byName('leaving'), 'resourceclaim "leaving" is being deleted'],
    ['none made yet', using({ resourceClaimTemplateName: 't' }), 'pod "default/p": ResourceClaim not created yet'],
    ['its own', told('own'), undefined],
    ['none needed', told(), undefined],
    [
      "somebody else's",
      told('free'),
      'ResourceClaim default/free was not created for Pod default/p (Pod is not owner)',
    ],
  ])('is tried with %s: %#', (_what, wanted, reason) => {
    expect(plugin.preEnqueue?.(wanted)).toBe(reason);
  });

  const snapshot: Snapshot = {
    nodes: [],
    node: () => undefined,
    nominated: () => [],
    budgets: () => [],
    namespaceLabels: () => ({}),
  };

  test('is refused by every node, or by all at once where a class is missing', () => {
    const look = (wanted: Pod, by = plugin) => by.preFilter?.(new Map(), podInfo(wanted), snapshot);
    expect(look(pod('p'))).toBe('skip');
    expect(look(byName('free'))).toBeUndefined();
    const cache = new SchedulerCache();
    cache.setNode(node('n'));
    const [info] = cache.nodes();
    if (info === undefined) throw new Error('the node is not there');
    expect(plugin.filter?.(new Map(), podInfo(byName('free')), info)).toEqual({
      reasons: ['cannot allocate all claims'],
      unresolvable: true,
    });
    const missing = (text: string) => ({ reasons: [text], unresolvable: true });
    expect(look(byName('choice'))).toEqual(missing('request r/small: device class other does not exist'));
    const without = dynamicResources({ deviceClaims: listing(claim('free')), deviceClasses: listing<DeviceClass>() });
    expect(look(byName('free'), without)).toEqual(missing('request r: device class gpu does not exist'));
  });
});
