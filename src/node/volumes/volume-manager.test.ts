import { afterEach, expect, test, vi } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import type { Container, PodSpec, Volume } from '../../resources/schema/core-v1.generated.ts';
import { clusterTrustBundles, configMaps, pods, secrets } from '../../resources/schema/resource-types.generated.ts';
import { toPem } from '../../wire/pki/pem.ts';

let world: NodeWorld;
afterEach(() => world.close());

const namespace = 'default';

async function run(volume: Omit<Volume, 'name'>, mount: Partial<NonNullable<Container['volumeMounts']>[number]> = {}) {
  await runWith({}, volume, mount);
}

async function runWith(
  spec: Partial<PodSpec>,
  volume: Omit<Volume, 'name'>,
  mount: Partial<NonNullable<Container['volumeMounts']>[number]> = {},
) {
  const volumeMounts = [{ name: 'data', mountPath: '/data', ...mount }];
  await world.createPod('web', {
    ...spec,
    volumes: [{ name: 'data', ...volume }],
    containers: [{ name: 'main', image: 'nginx:1', volumeMounts }],
  });
  await world.advance(1);
}

const read = (path: string) => world.readInContainer('web', 'main', path);

async function createConfigMap(data: Record<string, string>): Promise<void> {
  await world.api.create(configMaps, { metadata: { name: 'settings', namespace }, data });
}

test('a config map is files, which change together when it changes', async () => {
  world = await NodeWorld.start();
  await createConfigMap({ color: 'red', size: 'small' });
  await run({ configMap: { name: 'settings' } });
  expect([await read('/data/color'), await read('/data/size')]).toEqual(['red', 'small']);
  const directory = world.runtime.hostPathOf(namespace, 'web', 'main', '/data') ?? '';
  const before = await world.host.files.readLink(`${directory}/..data`);
  expect(before).toMatch(/^\.\.2026_01_01_00_00_\d\d\.\d{9}$/);
  await world.api.patch(
    configMaps,
    { namespace, name: 'settings' },
    { type: 'merge', body: { data: { color: 'blue', size: null } } },
  );
  await world.advance(1);
  expect([await read('/data/color'), await read('/data/size')]).toEqual(['blue', undefined]);
  expect((await world.host.files.list(directory)).filter((name) => name.startsWith('..20'))).toHaveLength(1);
  expect(await world.host.files.readLink(`${directory}/..data`)).not.toBe(before);
  expect(await world.containerState('web', 'main')).toBe('ready');
});

test('a pod waits for a config map that is not there, says so, and goes on when it comes', async () => {
  world = await NodeWorld.start();
  await run({ configMap: { name: 'settings' } });
  await world.advance(10);
  expect(await world.containerState('web', 'main')).toBe('waiting ContainerCreating');
  expect((await world.status('web')).phase).toBe('Pending');
  const said = await world.events('web');
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(
    /^FailedMount: MountVolume\.SetUp failed for volume "data" : configmap "settings" not found \(\d\)$/,
  );
  await createConfigMap({ color: 'red' });
  await world.advance(1);
  expect(await world.containerState('web', 'main')).toBe('ready');
  expect(await read('/data/color')).toBe('red');
});

test('the group of a pod may read what the API has, and no more', async () => {
  world = await NodeWorld.start();
  const data = { user: Buffer.from('me').toString('base64') };
  await world.api.create(secrets, { metadata: { name: 'login', namespace }, data });
  await runWith({ securityContext: { fsGroup: 2000 } }, { secret: { secretName: 'login', defaultMode: 0o400 } });
  await world.advance(1);
  const directory = world.runtime.hostPathOf(namespace, 'web', 'main', '/data') ?? '';
  expect(await world.host.files.stat(`${directory}/..data/user`)).toMatchObject({ gid: 2000, mode: 0o440 });
});

test.each([
  [{ secret: { secretName: 'login' } }, 1],
  [{ downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } }, 1],
  [{ projected: { sources: [{ secret: { name: 'login' } }] } }, 1],
  [{ configMap: { name: 'settings' } }, 0],
])('what the API has is read-only in containers, and a secret is never on a disk: %o', async (volume, mounts) => {
  let readOnly: boolean | undefined;
  world = await NodeWorld.start({
    program: ({ config }) => {
      readOnly = config.mounts.find(({ containerPath }) => containerPath === '/data')?.readOnly;
      return {};
    },
  });
  await world.api.create(secrets, { metadata: { name: 'login', namespace }, data: { user: 'bWU=' } });
  await createConfigMap({ color: 'red' });
  await runWith({ securityContext: { fsGroup: 2000 } }, volume);
  expect(readOnly).toBe(true);
  const directory = world.runtime.hostPathOf(namespace, 'web', 'main', '/data') ?? '';
  expect(await world.host.files.stat(directory)).toMatchObject({ gid: 2000, mode: 0o2777 });
  expect([...world.host.mounts.values()].filter(({ type }) => type === 'tmpfs')).toHaveLength(mounts);
  await world.deletePod('web', 1);
  await world.advance(3);
  expect(world.host.mounts.size).toBe(0);
});

test('a volume can be mounted within one that the API has, and stays when that changes', async () => {
  world = await NodeWorld.start();
  await createConfigMap({ color: 'red' });
  await world.createPod('web', {
    volumes: [
      { name: 'data', configMap: { name: 'settings' } },
      { name: 'scratch', emptyDir: {} },
    ],
    containers: [
      {
        name: 'main',
        image: 'nginx:1',
        volumeMounts: [
          { name: 'data', mountPath: '/data/' },
          { name: 'scratch', mountPath: '/data/tmp/./here' },
          { name: 'scratch', mountPath: '/data/color' },
        ],
      },
    ],
  });
  await world.advance(1);
  const directory = world.runtime.hostPathOf(namespace, 'web', 'main', '/data/') ?? '';
  const typeOf = async (path: string) => (await world.host.files.stat(`${directory}/${path}`))?.type;
  expect([await typeOf('tmp/here'), await typeOf('color')]).toEqual(['directory', 'link']);
  await world.api.patch(
    configMaps,
    { namespace, name: 'settings' },
    { type: 'merge', body: { data: { color: null, size: 'small' } } },
  );
  await world.advance(1);
  expect([await typeOf('tmp/here'), await typeOf('size')]).toEqual(['directory', 'link']);
});

test('after two minutes without its volume that is said in so many words', async () => {
  world = await NodeWorld.start();
  await run({ secret: { secretName: 'absent' } });
  await world.advance(124);
  expect(await world.events('web')).toContain(
    'FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: context deadline exceeded',
  );
});

test('items choose keys, paths and modes; a key that is not there is an error unless it is optional', async () => {
  world = await NodeWorld.start();
  const data = { user: Buffer.from('me').toString('base64'), binary: '/wA=' };
  await world.api.create(secrets, { metadata: { name: 'login', namespace }, data });
  await run({
    projected: {
      defaultMode: 0o640,
      sources: [
        { secret: { name: 'login', items: [{ key: 'user', path: 'who/am/i', mode: 0o400 }] } },
        { secret: { name: 'login', items: [{ key: 'binary', path: 'bytes' }] } },
        { configMap: { name: 'none', optional: true } },
        { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      ],
    },
  });
  expect(await read('/data/who/am/i')).toBe('me');
  const directory = world.runtime.hostPathOf(namespace, 'web', 'main', '/data') ?? '';
  const mode = async (path: string) => (await world.host.files.stat(`${directory}/..data/${path}`))?.mode;
  expect([await mode('who/am/i'), await mode('bytes')]).toEqual([0o400, 0o640]);
  expect([...(await world.host.files.read(`${directory}/bytes`))]).toEqual([0xff, 0]);
  await world.createPod('bad', {
    volumes: [{ name: 'data', secret: { secretName: 'login', items: [{ key: 'nope', path: 'nope' }] } }],
    containers: [{ name: 'main', image: 'nginx:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
  });
  await world.advance(0.1);
  expect(await world.events('bad')).toEqual([
    'FailedMount: MountVolume.SetUp failed for volume "data" : references non-existent secret key: nope',
  ]);
});

test('a downward API volume follows the labels of its pod', async () => {
  world = await NodeWorld.start();
  await run({ downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } });
  expect(await read('/data/labels')).toBe('');
  const body = { metadata: { labels: { tier: 'web', app: 'a"b' } } };
  await world.api.patch(pods, { namespace, name: 'web' }, { type: 'merge', body });
  await world.advance(1);
  expect(await read('/data/labels')).toBe('app="a\\"b"\ntier="web"');
});

test('a token is bound to its pod and replaced when four fifths of its life are over', async () => {
  world = await NodeWorld.start();
  const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 1000, audience: 'vault' } }];
  await runWith({ serviceAccountName: 'robot' }, { projected: { sources } });
  const uid = (await world.pod('web'))?.metadata.uid;
  expect(world.api.tokenRequests[0]?.spec).toEqual({
    audiences: ['vault'],
    expirationSeconds: 1000,
    boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web', uid },
  });
  expect(await read('/data/token')).toBe('token-1-for-robot');
  await world.advance(780);
  expect(await read('/data/token')).toBe('token-1-for-robot');
  await world.advance(25);
  expect(await read('/data/token')).toBe('token-2-for-robot');
  await world.advance(800);
  expect(await read('/data/token')).toBe('token-3-for-robot');
  expect(world.api.tokenRequests).toHaveLength(3);
});

test('a token is replaced in time also after another part of its volume could not be had for a while', async () => {
  world = await NodeWorld.start();
  await createConfigMap({ color: 'red' });
  const sources = [
    { serviceAccountToken: { path: 'token', expirationSeconds: 1000 } },
    { configMap: { name: 'settings' } },
  ];
  await runWith({ serviceAccountName: 'robot' }, { projected: { sources } });
  await world.api.delete(configMaps, { namespace, name: 'settings' });
  await world.advance(5);
  await createConfigMap({ color: 'blue' });
  await world.advance(5);
  expect(await read('/data/color')).toBe('blue');
  await world.advance(800);
  expect(await read('/data/token')).toBe('token-2-for-robot');
});

test('a token that cannot be had is asked for again in a while, and the old one is kept meanwhile', async () => {
  world = await NodeWorld.start();
  const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 1000 } }];
  await runWith({ serviceAccountName: 'robot' }, { projected: { sources } });
  const refused = vi.spyOn(world.api, 'createSubresource').mockRejectedValue(new Error('not now'));
  await world.advance(900);
  expect(refused.mock.calls.length).toBeGreaterThan(2);
  expect(refused.mock.calls.length).toBeLessThan(20);
  expect(await read('/data/token')).toBe('token-1-for-robot');
  refused.mockRestore();
  await world.advance(15);
  expect(await read('/data/token')).toBe('token-2-for-robot');
});

test('an emptyDir lives as long as its pod, through restarts of container and agent', async () => {
  world = await NodeWorld.start();
  await run({ emptyDir: {} });
  const path = world.runtime.hostPathOf(namespace, 'web', 'main', '/data') ?? '';
  expect(path).toMatch(/\/pods\/[^/]+\/volumes\/kubernetes\.io~empty-dir\/data$/);
  await world.host.files.write(`${path}/kept`, 'yes');
  world.runtime.exit(world.runtime.findContainer(namespace, 'web', 'main') ?? '', 1);
  await world.stopAgent();
  await world.startAgent();
  await world.advance(15);
  expect(await read('/data/kept')).toBe('yes');
  await world.deletePod('web');
  await world.advance(5);
  expect(await world.host.files.list('/var/lib/stuurman/node/pods')).toEqual([]);
});

test('an emptyDir in memory is a mount of limited size, gone with its pod', async () => {
  world = await NodeWorld.start();
  await run({ emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } });
  expect([...world.host.mounts.values()]).toMatchObject([{ type: 'tmpfs', sizeBytes: 64 * 2 ** 20 }]);
  await world.deletePod('web');
  await world.advance(5);
  expect(world.host.mounts.size).toBe(0);
  expect((await world.host.ledger.entries()).filter(({ type }) => type === 'mount')).toEqual([]);
});

test('a hostPath is checked for what it should be', async () => {
  world = await NodeWorld.start();
  await world.host.files.write('/file', 'text');
  await run({ hostPath: { path: '/file', type: 'Directory' } });
  expect((await world.events('web'))[0]).toMatch(
    /^FailedMount: MountVolume\.SetUp failed for volume "data" : hostPath type check failed: \/file is not a directory/,
  );
  await world.createPod('made', {
    volumes: [{ name: 'data', hostPath: { path: '/made/here', type: 'DirectoryOrCreate' } }],
    containers: [
      { name: 'main', image: 'nginx:1', volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }] },
    ],
  });
  await world.advance(1);
  expect(await world.containerState('made', 'main')).toBe('ready');
  expect((await world.host.files.stat('/made/here'))?.type).toBe('directory');
  expect((await world.status('made')).containerStatuses?.[0]?.volumeMounts).toEqual([
    { name: 'data', mountPath: '/data', readOnly: true, recursiveReadOnly: 'Disabled' },
  ]);
});

test('a subPath is a part of the volume, made where it is not there, and cannot lead out of it', async () => {
  world = await NodeWorld.start();
  await run({ emptyDir: {} }, { subPath: 'a/b' });
  const bound = world.runtime.hostPathOf(namespace, 'web', 'main', '/data') ?? '';
  expect(bound).toMatch(/volume-subpaths\/data\/main\/0$/);
  const { source = '' } = world.host.mounts.get(bound) ?? {};
  expect(source).toMatch(/~empty-dir\/data\/a\/b$/);
  // Whoever may write to the volume may write to its parts.
  expect((await world.host.files.stat(source))?.mode).toBe(0o777);
  await world.deletePod('web', 1);
  await world.advance(3);
  expect(world.host.mounts.has(bound)).toBe(false);
  await world.host.files.makeDirectory('/outside');
  await world.host.files.makeDirectory('/inside');
  await world.host.files.symlink('../outside', '/inside/link');
  await world.createPod('sly', {
    volumes: [{ name: 'data', hostPath: { path: '/inside' } }],
    containers: [
      { name: 'main', image: 'nginx:1', volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'link' }] },
    ],
  });
  await world.advance(1);
  expect(await world.containerState('sly', 'main')).toBe('waiting CreateContainerConfigError');
  expect((await world.status('sly')).containerStatuses?.[0]?.state?.waiting?.message).toBe(
    'failed to prepare subPath for volumeMount "data" of container "main"',
  );
});

test.each([true, false])(
  'bundles of certificates are there, and follow their signer; sources of its own: %s',
  async (own) => {
    world = await NodeWorld.start({ ownSources: own });
    const [one, two] = ['one', 'two'].map((name) => toPem('CERTIFICATE', Buffer.from(name)));
    const bundle = (name: string, trustBundle = '') =>
      world.api.create(clusterTrustBundles, { metadata: { name }, spec: { signerName: 'a.b/c', trustBundle } });
    const clusterTrustBundle = { signerName: 'a.b/c', labelSelector: {}, path: 'ca.pem' };
    await run({ projected: { sources: [{ clusterTrustBundle }] } });
    expect((await world.events('web'))[0]).toContain(
      'FailedMount: MountVolume.SetUp failed for volume "data" : combination of signerName and labelSelector matched zero ClusterTrustBundles',
    );
    await bundle('a.b:c:1', one);
    await world.advance(1);
    expect(await read('/data/ca.pem')).toBe(one);
    await bundle('a.b:c:2', two);
    await world.advance(1);
    expect(await read('/data/ca.pem')).toBe(`${one}${two}`);
  },
);

test('a container has a hosts file with its own name', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', {
    hostname: 'web-0',
    subdomain: 'nodes',
    hostAliases: [{ ip: '10.9.9.9', hostnames: ['db', 'db.local'] }],
    containers: [{ name: 'main', image: 'nginx:1' }],
  });
  await world.advance(1);
  expect(await read('/etc/hosts')).toBe(
    [
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'fe00::0\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
      '10.1.0.2\tweb-0.nodes.default.svc.cluster.local\tweb-0',
      '',
      '# Entries added by HostAliases.',
      '10.9.9.9\tdb\tdb.local',
      '',
    ].join('\n'),
  );
});

test('what is left of pods that nobody knows is removed when an agent starts', async () => {
  world = new NodeWorld();
  await world.host.files.write('/unrelated', '');
  await world.host.files.makeDirectory('/var/lib/stuurman/node/pods/dead/volumes/kubernetes.io~empty-dir/tmp');
  const target = '/var/lib/stuurman/node/pods/dead/volumes/kubernetes.io~empty-dir/tmp';
  await world.host.mount({ source: 'tmpfs', target, type: 'tmpfs' });
  await world.startAgent();
  await world.advance(1);
  expect(await world.host.files.list('/var/lib/stuurman/node/pods')).toEqual([]);
  expect(world.host.mounts.size).toBe(0);
});
