import { beforeEach, expect, test } from 'vitest';
import { admit, attributes, verdict } from '../../../test/support/admission.ts';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { Pod, ServiceAccount } from '../../resources/schema/core-v1.generated.ts';
import { pods, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { ServiceAccountAdmission } from './service-account.ts';

const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const key = { namespace: 'apps', name: 'default' };

let accounts: FakeInformer<ServiceAccount>;
let reader: FakeReader;
let environment: VirtualEnvironment;
let plugin: ServiceAccountAdmission;

beforeEach(() => {
  accounts = new FakeInformer<ServiceAccount>(serviceAccounts, [{ metadata: key }]);
  reader = new FakeReader();
  environment = new VirtualEnvironment(1);
  plugin = new ServiceAccountAdmission({ serviceAccounts: accounts, reader, environment });
});

function pod(spec: Partial<Pod['spec']> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'apps', ...metadata },
    spec: { containers: [{ name: 'c' }], ...spec },
  };
}

const create = (object: Pod) => admit<Pod>(plugin, attributes('CREATE', pods, object));
const problem = (object: Pod) => verdict(plugin, attributes('CREATE', pods, object));

test('a pod gets the default account, and a token in every container', async () => {
  const { spec } = await create(pod({ initContainers: [{ name: 'i' }] }));
  expect(spec).toMatchObject({ serviceAccountName: 'default', serviceAccount: 'default' });
  const [volume] = spec?.volumes ?? [];
  expect(volume?.name).toMatch(/^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  expect(volume?.projected).toEqual({
    defaultMode: 420,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
      {
        downwardAPI: {
          items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }],
        },
      },
    ],
  });
  const mount = { mountPath: tokenPath, name: volume?.name, readOnly: true };
  expect(spec?.containers[0]?.volumeMounts).toEqual([mount]);
  expect(spec?.initContainers?.[0]?.volumeMounts).toEqual([mount]);
});

test('a container that mounts something there keeps it; when all do, there is no volume', async () => {
  const own = { name: 'c', volumeMounts: [{ name: 'v', mountPath: tokenPath }] };
  expect((await create(pod({ containers: [own] }))).spec?.volumes).toBeUndefined();
  const two = await create(pod({ containers: [own, { name: 'd' }] }));
  expect(two.spec?.containers[0]?.volumeMounts).toHaveLength(1);
  expect(two.spec?.volumes).toHaveLength(1);
});

test('a volume that is there already is used again', async () => {
  const { spec } = await create(pod({ volumes: [{ name: 'kube-api-access-abcde', emptyDir: {} }] }));
  expect(spec?.volumes).toHaveLength(1);
  expect(spec?.containers[0]?.volumeMounts?.[0]?.name).toBe('kube-api-access-abcde');
});

test.each<[boolean | undefined, boolean | undefined, number]>([
  [undefined, undefined, 1],
  [undefined, false, 0],
  [true, false, 1],
  [false, true, 0],
])('automount: pod %s, account %s', async (ofPod, ofAccount, volumes) => {
  accounts.set({ metadata: key, automountServiceAccountToken: ofAccount });
  const { spec } = await create(pod({ automountServiceAccountToken: ofPod }));
  expect(spec?.volumes ?? []).toHaveLength(volumes);
});

test('image pull secrets come from the account unless the pod has its own', async () => {
  accounts.set({ metadata: key, imagePullSecrets: [{ name: 'registry' }] });
  expect((await create(pod())).spec?.imagePullSecrets).toEqual([{ name: 'registry' }]);
  expect((await create(pod({ imagePullSecrets: [{ name: 'own' }] }))).spec?.imagePullSecrets).toEqual([
    { name: 'own' },
  ]);
});

test('an account that does not exist is refused at once', async () => {
  expect(await problem(pod({ serviceAccountName: 'nope' }))).toBe(
    'pods "web" is forbidden: error looking up service account apps/nope: serviceaccount "nope" not found',
  );
});

test('the default account of a new namespace may be late', async () => {
  accounts.remove('default', 'apps');
  const late = problem(pod());
  await environment.advance(500);
  reader.set(serviceAccounts, { metadata: key });
  await environment.advance(500);
  expect(await late).toBe('admitted');
  reader.remove(serviceAccounts, key);
  const never = problem(pod());
  await environment.advance(2_000);
  expect(await never).toContain('serviceaccount "default" not found');
});

test('an update changes nothing', async () => {
  const object = pod();
  const updated = await admit<Pod>(plugin, attributes('UPDATE', pods, object, { old: object }));
  expect(updated).toEqual(object);
});

const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
test.each<[Partial<Pod['spec']>, string]>([
  [{}, 'admitted'],
  [{ serviceAccountName: 'default' }, 'pods "web" is forbidden: a mirror pod may not reference service accounts'],
  [{ imagePullSecrets: [{ name: 's' }] }, 'pods "web" is forbidden: a mirror pod may not reference secrets'],
  [
    { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
    'pods "web" is forbidden: a mirror pod may not use ServiceAccountToken volume projections',
  ],
])('a mirror pod is left as it is, and reaches nothing: %j', async (spec, expected) => {
  expect(await problem(pod(spec, mirror))).toBe(expected);
});

test.each<[Partial<Pod['spec']>, string]>([
  [{ volumes: [{ name: 'v', secret: { secretName: 'known' } }] }, 'admitted'],
  [
    { volumes: [{ name: 'v', secret: { secretName: 'other' } }] },
    'volume with secret.secretName="other" is not allowed because service account default does not reference that secret',
  ],
  [
    {
      initContainers: [{ name: 'i', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }] }],
    },
    'init container i with envVar E referencing secret.secretName="other" is not allowed because service account default does not reference that secret',
  ],
  [
    { containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'other' } }] }] },
    'container c with envFrom referencing secret.secretName="other" is not allowed because service account default does not reference that secret',
  ],
  [
    { imagePullSecrets: [{ name: 'pull' }] },
    'imagePullSecrets[0].name="pull" is not allowed because service account default does not reference that imagePullSecret',
  ],
])('an account may bound the secrets of its pods: %j', async (spec, expected) => {
  const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
  accounts.set({ metadata: { ...key, annotations }, secrets: [{ name: 'known' }] });
  expect(await problem(pod(spec))).toBe(expected === 'admitted' ? expected : `pods "web" is forbidden: ${expected}`);
});

test('debugging containers are bounded too', async () => {
  const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
  accounts.set({ metadata: { ...key, annotations } });
  const old = pod({ serviceAccountName: 'default' });
  const debug = { name: 'd', envFrom: [{ secretRef: { name: 'other' } }] };
  const object = pod({ serviceAccountName: 'default', ephemeralContainers: [debug] });
  const write = attributes('UPDATE', pods, object, { old, subresource: 'ephemeralcontainers' });
  expect(await verdict(plugin, write)).toContain(
    'ephemeral container d with envFrom referencing secret.secretName="other"',
  );
});

test('a pod of a new namespace waits for its account, and no longer than until that is there', async () => {
  accounts.remove(key.name, key.namespace);
  const created = create(pod());
  await environment.settle();
  accounts.set({ metadata: key });
  expect((await created).spec?.serviceAccountName).toBe('default');
  expect(environment.monotonic()).toBe(0);
});
