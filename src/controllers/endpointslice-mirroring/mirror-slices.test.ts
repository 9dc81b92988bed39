import { expect, test } from 'vitest';
import type { EndpointSubset, Endpoints } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { mirrorSlices } from './mirror-slices.ts';

function endpointsOf(subsets: readonly EndpointSubset[], metadata: Endpoints['metadata'] = {}): Endpoints {
  return { metadata: { namespace: 'shop', name: 'db', uid: 'e1', ...metadata }, subsets };
}

const http = { name: 'http', port: 80, protocol: 'TCP' };
const https = { name: 'https', port: 443, protocol: 'TCP' };

/** The slices as they are after the changes. */
function perform(source: Endpoints, existing: readonly EndpointSlice[] = []): readonly EndpointSlice[] {
  const { changes } = mirrorSlices(source, existing);
  const byName = new Map(existing.map((slice) => [slice.metadata.name ?? '', slice]));
  for (const slice of changes.delete) byName.delete(slice.metadata.name ?? '');
  for (const slice of changes.update) byName.set(slice.metadata.name ?? '', slice);
  for (const [index, slice] of changes.create.entries()) {
    const name = `db-${byName.size}-${index}`;
    byName.set(name, { ...slice, metadata: { ...slice.metadata, name } });
  }
  return [...byName.values()];
}

const shown = (slices: readonly EndpointSlice[]) =>
  slices
    .map(({ addressType, endpoints, ports }) => [
      addressType,
      ports?.map(({ port }) => port),
      endpoints?.map(({ addresses, conditions }) => `${addresses[0]} ${conditions?.ready}`),
    ])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

test('a subset is a slice with labels, annotations and owner of its Endpoints', () => {
  const targetRef = { kind: 'Pod', namespace: 'shop', name: 'db-0', uid: 'p1' };
  const annotations = {
    note: 'x',
    'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
  };
  const source = endpointsOf(
    [
      {
        addresses: [{ ip: '10.1.2.3', hostname: 'a', nodeName: 'n1', targetRef }],
        ports: [{ port: 80, protocol: 'TCP' }],
      },
    ],
    { labels: { app: 'db' }, annotations },
  );
  expect(mirrorSlices(source, [])).toEqual({
    addresses: 1,
    invalid: 0,
    skipped: 0,
    changes: {
      create: [
        {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            namespace: 'shop',
            generateName: 'db-',
            labels: {
              app: 'db',
              'kubernetes.io/service-name': 'db',
              'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
            },
            annotations: { note: 'x' },
            ownerReferences: [
              {
                apiVersion: 'v1',
                kind: 'Endpoints',
                name: 'db',
                uid: 'e1',
                controller: true,
                blockOwnerDeletion: true,
              },
            ],
          },
          addressType: 'IPv4',
          endpoints: [
            { addresses: ['10.1.2.3'], conditions: { ready: true }, hostname: 'a', nodeName: 'n1', targetRef },
          ],
          ports: [{ name: '', port: 80, protocol: 'TCP' }],
        },
      ],
      update: [],
      delete: [],
    },
  });
});

test('families have slices of their own, and addresses their canonical form', () => {
  const source = endpointsOf([
    {
      addresses: [{ ip: '010.0.0.1' }, { ip: '2001:DB8:0::1' }],
      notReadyAddresses: [{ ip: '::ffff:10.0.0.2' }],
      ports: [http],
    },
  ]);
  expect(shown(perform(source))).toEqual([
    ['IPv4', [80], ['10.0.0.1 true', '10.0.0.2 false']],
    ['IPv6', [80], ['2001:db8::1 true']],
  ]);
});

test('subsets are put together by their addresses, and not ready is stronger than ready', () => {
  const source = endpointsOf([
    { addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [http] },
    { addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [https] },
    { notReadyAddresses: [{ ip: '10.0.0.3' }], addresses: [{ ip: '10.0.0.3' }], ports: [{ ...http, port: 81 }] },
    { addresses: [{ ip: '10.0.0.4' }] },
  ]);
  expect(shown(perform(source))).toEqual([
    ['IPv4', [80, 443], ['10.0.0.1 true', '10.0.0.2 true']],
    ['IPv4', [81], ['10.0.0.3 false']],
    ['IPv4', [], ['10.0.0.4 true']],
  ]);
});

test('what is as it should be is left alone, however its targets are versioned', () => {
  const target = (resourceVersion: string) => ({ kind: 'Pod', name: 'p', uid: 'u', resourceVersion });
  const source = (version: string) =>
    endpointsOf([{ addresses: [{ ip: '10.0.0.1', targetRef: target(version) }], ports: [http] }]);
  const slices = perform(source('1'));
  expect(mirrorSlices(source('2'), slices).changes).toEqual({ create: [], update: [], delete: [] });
  expect(
    mirrorSlices({ ...source('1'), metadata: { ...source('1').metadata, uid: 'e2' } }, slices).changes.update,
  ).toMatchObject([{ metadata: { name: 'db-0-0', ownerReferences: [{ uid: 'e2' }] } }]);
});

test('a slice whose ports are gone takes what is new in its family, and what is surplus goes', () => {
  const before = perform(endpointsOf([{ addresses: [{ ip: '10.0.0.1' }, { ip: '2001:db8::1' }], ports: [http] }]));
  const { changes } = mirrorSlices(endpointsOf([{ addresses: [{ ip: '10.0.0.1' }], ports: [https] }]), before);
  expect(changes.create).toEqual([]);
  expect(changes.update).toMatchObject([{ metadata: { name: 'db-0-0' }, addressType: 'IPv4', ports: [https] }]);
  expect(changes.delete).toMatchObject([{ addressType: 'IPv6' }]);
  expect(mirrorSlices(endpointsOf([]), before).changes.delete).toHaveLength(2);
});

test('a subset has at most a thousand addresses mirrored, ready ones first', () => {
  const addresses = Array.from({ length: 999 }, (_, index) => ({ ip: `10.1.${index >> 8}.${index & 255}` }));
  const notReadyAddresses = [{ ip: '10.2.0.1' }, { ip: 'nowhere' }, { ip: '10.2.0.2' }, { ip: '10.2.0.3' }];
  const mirroring = mirrorSlices(endpointsOf([{ addresses, notReadyAddresses, ports: [http] }]), []);
  expect(mirroring).toMatchObject({ addresses: 1003, invalid: 0, skipped: 3 });
  const [slice] = mirroring.changes.create;
  expect(slice?.endpoints).toHaveLength(1000);
  expect(slice?.endpoints?.at(-1)).toMatchObject({ addresses: ['10.2.0.1'], conditions: { ready: false } });
});

test('what is no address is counted and left out', () => {
  const source = endpointsOf([{ addresses: [{ ip: 'nowhere' }, { ip: '10.0.0.1' }], ports: [http] }]);
  expect(mirrorSlices(source, [])).toMatchObject({ invalid: 1, skipped: 1 });
  expect(shown(perform(source))).toEqual([['IPv4', [80], ['10.0.0.1 true']]]);
});
