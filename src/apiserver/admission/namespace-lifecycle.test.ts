import { beforeEach, expect, test } from 'vitest';
import { attributes, verdict } from '../../../test/support/admission.ts';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { Namespace } from '../../resources/schema/core-v1.generated.ts';
import {
  configMaps,
  localSubjectAccessReviews,
  namespaces,
  nodes,
} from '../../resources/schema/resource-types.generated.ts';
import { NamespaceLifecycle } from './namespace-lifecycle.ts';

const config: KubeObject = { metadata: { name: 'c', namespace: 'apps' } };
const namespace = (name: string, phase: string): Namespace => ({ metadata: { name }, status: { phase } });

let informer: FakeInformer<Namespace>;
let reader: FakeReader;
let environment: VirtualEnvironment;
let plugin: NamespaceLifecycle;

beforeEach(() => {
  informer = new FakeInformer<Namespace>(namespaces, [namespace('apps', 'Active')]);
  reader = new FakeReader();
  environment = new VirtualEnvironment(1);
  plugin = new NamespaceLifecycle({ namespaces: informer, reader, environment });
});

test('what the informer knows needs no request', async () => {
  expect(await verdict(plugin, attributes('CREATE', configMaps, config))).toBe('admitted');
  expect(reader.requests).toEqual([]);
});

test('a namespace that the informer has not seen yet is read', async () => {
  informer.remove('apps');
  expect(await verdict(plugin, attributes('CREATE', configMaps, config))).toBe('namespaces "apps" not found');
  reader.set(namespaces, namespace('apps', 'Active'));
  expect(await verdict(plugin, attributes('CREATE', configMaps, config))).toBe('admitted');
});

test('nothing new in a namespace that ends; what is there may change and go', async () => {
  informer.set(namespace('apps', 'Terminating'));
  const create = attributes('CREATE', configMaps, { metadata: { generateName: 'c-', namespace: 'apps' } });
  await expect(plugin.admit(create)).rejects.toMatchObject({
    status: {
      message:
        'configmaps "c-" is forbidden: unable to create new content in namespace apps because it is being terminated',
      reason: 'Forbidden',
      code: 403,
      details: {
        name: 'c-',
        kind: 'configmaps',
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace apps is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    },
  } satisfies { status: Partial<StatusError['status']> });
  expect(await verdict(plugin, attributes('UPDATE', configMaps, config, { old: config }))).toBe('admitted');
  expect(await verdict(plugin, attributes('DELETE', configMaps, undefined, { old: config }))).toBe('admitted');
});

test('after a delete the informer is not believed for half a minute', async () => {
  const old = namespace('apps', 'Active');
  expect(await verdict(plugin, attributes('DELETE', namespaces, undefined, { old }))).toBe('admitted');
  reader.set(namespaces, namespace('apps', 'Terminating'));
  expect(await verdict(plugin, attributes('CREATE', configMaps, config))).toContain('being terminated');
  await environment.advance(30_000);
  expect(await verdict(plugin, attributes('CREATE', configMaps, config))).toBe('admitted');
});

test.each(['default', 'kube-system', 'kube-public'])('%s may not be deleted', async (name) => {
  const old = namespace(name, 'Active');
  expect(await verdict(plugin, attributes('DELETE', namespaces, undefined, { old }))).toBe(
    `namespaces "${name}" is forbidden: this namespace may not be deleted`,
  );
});

test('what has no namespace, and questions about permissions, pass', async () => {
  expect(await verdict(plugin, attributes('CREATE', nodes, { metadata: { name: 'n' } }))).toBe('admitted');
  const review = { metadata: { namespace: 'nowhere' } };
  expect(await verdict(plugin, attributes('CREATE', localSubjectAccessReviews, review))).toBe('admitted');
});
