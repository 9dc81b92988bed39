import { expect, test } from 'vitest';
import { admit, attributes, verdict } from '../../../test/support/admission.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import type { ClusterTrustBundle } from '../../resources/schema/certificates-v1.generated.ts';
import type { Pod, PodSpec } from '../../resources/schema/core-v1.generated.ts';
import type { RuntimeClass } from '../../resources/schema/node-v1.generated.ts';
import { clusterTrustBundles, pods, runtimeClasses } from '../../resources/schema/resource-types.generated.ts';
import { clusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts';
import { runtimeClass } from './runtime-class.ts';

const kata: Omit<RuntimeClass, 'metadata'> = {
  handler: 'kata',
  overhead: { podFixed: { cpu: '250m' } },
  scheduling: {
    nodeSelector: { kvm: 'yes' },
    tolerations: [
      { key: 'kvm', operator: 'Exists' },
      { key: 'disk', operator: 'Equal', value: 'slow', effect: 'NoSchedule' },
    ],
  },
};

function plugin() {
  const reader = new FakeReader();
  reader.set(runtimeClasses, { metadata: { name: 'kata' }, ...kata });
  reader.set(runtimeClasses, { metadata: { name: 'plain' }, handler: 'runc' });
  return runtimeClass(reader);
}

const create = (spec: Partial<PodSpec>) =>
  attributes('CREATE', pods, {
    metadata: { name: 'web', namespace: 'apps' },
    spec: { containers: [], ...spec },
  } as Pod);

test('a class brings its overhead, labels and tolerations; what one toleration covers is left out', async () => {
  const pod = await admit<Pod>(
    plugin(),
    create({
      runtimeClassName: 'kata',
      nodeSelector: { zone: 'a' },
      tolerations: [
        { key: 'kvm', operator: 'Equal', value: 'x', effect: 'NoExecute' },
        { key: 'disk', operator: 'Exists' },
      ],
    }),
  );
  expect(pod.spec).toMatchObject({
    overhead: { cpu: '250m' },
    nodeSelector: { zone: 'a', kvm: 'yes' },
    tolerations: [
      { key: 'disk', operator: 'Exists' },
      { key: 'kvm', operator: 'Exists' },
    ],
  });
});

const prefix = 'pods "web" is forbidden: ';
test.each<[Partial<PodSpec>, string]>([
  [{}, 'admitted'],
  [{ runtimeClassName: 'plain' }, 'admitted'],
  [{ runtimeClassName: 'kata', overhead: { cpu: '0.25' } }, 'admitted'],
  [{ runtimeClassName: 'none' }, `${prefix}pod rejected: RuntimeClass "none" not found`],
  [
    { runtimeClassName: 'kata', overhead: { cpu: '1' } },
    `${prefix}pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead`,
  ],
  [
    { overhead: { cpu: '1' } },
    `${prefix}pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead`,
  ],
  [
    { runtimeClassName: 'kata', nodeSelector: { kvm: 'no' } },
    `${prefix}conflict: runtimeClass.scheduling.nodeSelector[kvm] = yes; pod.spec.nodeSelector[kvm] = no`,
  ],
])('%o', async (spec, expected) => {
  expect(await verdict(plugin(), create(spec))).toBe(expected);
});

test('who tells of a signer’s certificates must be permitted to', async () => {
  const asked: string[] = [];
  const attest = clusterTrustBundleAttest({
    name: 'nobody',
    authorize: (_user, request) => {
      asked.push(request.isResource ? `${request.verb} ${request.resource} ${request.name}` : '');
      return { decision: 'noOpinion', reason: '' };
    },
  });
  const bundle: ClusterTrustBundle = { metadata: { name: 'a.b:c:d' }, spec: { signerName: 'a.b/c', trustBundle: 'x' } };
  expect(await verdict(attest, attributes('CREATE', clusterTrustBundles, bundle))).toBe(
    'clustertrustbundles.certificates.k8s.io "a.b:c:d" is forbidden: user not permitted to attest for signerName "a.b/c"',
  );
  expect(asked).toEqual(['attest signers a.b/c', 'attest signers a.b/*']);
  const collected = { ...bundle, metadata: { ...bundle.metadata, finalizers: ['x'] } };
  expect(await verdict(attest, attributes('UPDATE', clusterTrustBundles, bundle, { old: collected }))).toBe('admitted');
  const nobody = { metadata: { name: 'd' }, spec: { trustBundle: 'x' } };
  expect(await verdict(attest, attributes('CREATE', clusterTrustBundles, nobody))).toBe('admitted');
});
