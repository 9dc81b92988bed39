import { afterEach, describe, expect, test } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import type { EphemeralContainer } from '../../resources/schema/core-v1.generated.ts';
import {
  configMaps,
  pods,
  runtimeClasses,
  secrets,
  services,
} from '../../resources/schema/resource-types.generated.ts';

let world: NodeWorld;
afterEach(() => world.close());

const namespace = 'default';

test('variables come from everywhere, and refer to those before them', async () => {
  let seen: readonly { readonly name: string; readonly value: string }[] = [];
  world = await NodeWorld.start({
    program: ({ config }) => {
      seen = config.env;
      return {};
    },
  });
  await world.api.create(configMaps, {
    metadata: { name: 'settings', namespace },
    data: { COLOR: 'red', SIZE: 'small' },
  });
  const data = { PASSWORD: Buffer.from('secret').toString('base64') };
  await world.api.create(secrets, { metadata: { name: 'login', namespace }, data });
  const spec = { clusterIP: '10.0.0.10', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] };
  await world.api.create(services, { metadata: { name: 'my-db', namespace }, spec });
  await world.api.create(services, { metadata: { name: 'elsewhere', namespace: 'other' }, spec });
  await world.run({
    resources: { requests: { cpu: '250m' }, limits: { memory: '64Mi' } },
    envFrom: [{ prefix: 'CFG_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'none', optional: true } }],
    env: [
      { name: 'PLAIN', value: 'x' },
      { name: 'JOINED', value: '$(PLAIN)-$(CFG_COLOR)-$(MY_DB_SERVICE_PORT_SQL)-$(NOT)-$$(PLAIN)' },
      { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'settings', key: 'SIZE' } } },
      { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'login', key: 'PASSWORD' } } },
      { name: 'ABSENT', valueFrom: { secretKeyRef: { name: 'login', key: 'nope', optional: true } } },
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'CORES', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    ],
  });
  const variables = Object.fromEntries(seen.map(({ name, value }) => [name, value]));
  expect(variables).toMatchObject({
    CFG_COLOR: 'red',
    CFG_SIZE: 'small',
    JOINED: 'x-red-5432-$(NOT)-$(PLAIN)',
    KEY: 'small',
    SECRET: 'secret',
    NAME: 'web',
    IP: '10.1.0.2',
    NODE: 'node-1',
    CPU: '250',
    MEMORY: '64',
    CORES: '4',
    MY_DB_SERVICE_HOST: '10.0.0.10',
    MY_DB_PORT: 'tcp://10.0.0.10:5432',
    MY_DB_PORT_5432_TCP_ADDR: '10.0.0.10',
  });
  expect(variables).not.toHaveProperty('ABSENT');
  expect(variables).not.toHaveProperty('ELSEWHERE_SERVICE_HOST');
});

test.each([
  [{ configMapKeyRef: { name: 'none', key: 'x' } }, 'configmap "none" not found'],
  [{ secretKeyRef: { name: 'none', key: 'x' } }, 'secret "none" not found'],
  [{ configMapKeyRef: { name: 'settings', key: 'x' } }, "couldn't find key x in ConfigMap default/settings"],
])(
  'a variable that refers to what is not there keeps the container from being created: %o',
  async (valueFrom, message) => {
    world = await NodeWorld.start();
    await world.api.create(configMaps, { metadata: { name: 'settings', namespace }, data: {} });
    await world.run({ env: [{ name: 'X', valueFrom }] });
    expect(await world.waiting('web')).toEqual({ reason: 'CreateContainerConfigError', message });
    expect((await world.events('web')).at(-1)).toBe(`Failed: Error: ${message}`);
  },
);

test('a container whose configuration comes later starts as soon as it is there', async () => {
  world = await NodeWorld.start();
  await world.run({ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'x' } } }] });
  await world.api.create(configMaps, { metadata: { name: 'settings', namespace }, data: { x: '1' } });
  await world.advance(0.1);
  expect(await world.containerState('web', 'main')).toBe('ready');
});

test('a container that may not run as root does not', async () => {
  world = await NodeWorld.start();
  await world.run({ securityContext: { runAsNonRoot: true } });
  const uid = (await world.pod('web'))?.metadata.uid;
  expect(await world.waiting('web')).toEqual({
    reason: 'CreateContainerConfigError',
    message: `container has runAsNonRoot and image will run as root (pod: "web_default(${uid})", container: main)`,
  });
});

test('a start that the runtime refuses is said in its words', async () => {
  world = await NodeWorld.start({
    program: () => ({ startError: 'exec: "nope": executable file not found in $PATH' }),
  });
  await world.run({});
  const [status] = (await world.status('web')).containerStatuses ?? [];
  expect(status?.state?.waiting?.reason).toMatch(/RunContainerError|CrashLoopBackOff/);
  expect(status?.lastState?.terminated).toMatchObject({ reason: 'StartError', exitCode: 128 });
  expect(await world.events('web')).toContain('Failed: Error: exec: "nope": executable file not found in $PATH (2)');
});

test('a start that does not even come about is tried again in its time', async () => {
  let tries = 0;
  world = await NodeWorld.start({
    program: () => {
      tries++;
      throw new Error('out of order');
    },
  });
  await world.run({});
  expect(await world.waiting('web')).toEqual({ reason: 'RunContainerError', message: 'out of order' });
  await world.advance(60);
  expect(tries).toBeGreaterThan(3);
  expect(tries).toBeLessThan(10);
});

test('the last words of a container are in its status', async () => {
  world = await NodeWorld.start({
    program: () => ({ output: ['one', 'two'], exitAfterMs: 500, exitCode: 1, terminationMessage: 'out of luck' }),
  });
  await world.run({});
  const [status] = (await world.status('web')).containerStatuses ?? [];
  expect(status?.lastState?.terminated?.message).toBe('out of luck');
});

test('the last words of all containers of a pod share what a pod may say', async () => {
  world = await NodeWorld.start({ program: () => ({ exitAfterMs: 0, terminationMessage: 'ä'.repeat(3000) }) });
  const containers = ['a', 'b', 'c', 'd'].map((name) => ({ name, image: 'nginx:1' }));
  await world.createPod('web', { restartPolicy: 'Never', containers });
  await world.advance(1);
  const messages = (await world.status('web')).containerStatuses?.map(({ state }) => state?.terminated?.message);
  expect(messages).toEqual(containers.map(() => 'ä'.repeat(1536)));
});

test('a profile of the node’s own is looked for in its folder', async () => {
  let path = '';
  world = await NodeWorld.start({
    program: ({ config }) => {
      path = config.securityContext.seccomp.path;
      return {};
    },
  });
  await world.run({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'audit/all.json' } } });
  expect(path).toBe('/var/lib/stuurman/node/seccomp/audit/all.json');
});

test('an image may be a volume: it is pulled for the pod, and the runtime mounts it', async () => {
  let mounts: readonly { readonly containerPath: string; readonly image?: object; readonly readOnly: boolean }[] = [];
  world = await NodeWorld.start({
    images: { present: ['nginx:1'] },
    program: ({ config }) => {
      mounts = config.mounts;
      return {};
    },
  });
  world.runtime.images.failPull('data:1', 'no such data');
  await world.createPod('web', {
    volumes: [{ name: 'data', image: { reference: 'data:1', pullPolicy: 'IfNotPresent' } }],
    containers: [
      { name: 'main', image: 'nginx:1', volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'a/b' }] },
    ],
  });
  await world.advance(1);
  expect(await world.waiting('web')).toEqual({ reason: 'ErrImagePull', message: 'no such data' });
  world.runtime.images.failPull('data:1', undefined);
  await world.advance(15);
  expect(await world.containerState('web', 'main')).toBe('ready');
  const image = { id: (await world.runtime.imageStatus('data:1'))?.id, subPath: 'a/b' };
  expect(mounts).toContainEqual({
    containerPath: '/data',
    hostPath: '',
    readOnly: true,
    propagation: 'private',
    image,
  });
});

test('a pod is run by the handler of its runtime class', async () => {
  world = await NodeWorld.start();
  const handlers: string[] = [];
  const runPodSandbox = world.runtime.runPodSandbox.bind(world.runtime);
  world.runtime.runPodSandbox = (config, signal) => {
    handlers.push(config.runtimeHandler);
    return runPodSandbox(config, signal);
  };
  await world.api.create(runtimeClasses, { metadata: { name: 'kata' }, handler: 'kata-qemu' });
  await world.createPod('boxed', { runtimeClassName: 'kata', containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.createPod('lost', { runtimeClassName: 'gone', containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  expect(handlers).toEqual(['kata-qemu']);
  expect(await world.events('lost')).toEqual([
    'FailedCreatePodSandBox: Failed to create pod sandbox: runtimeclass.node.k8s.io "gone" not found',
  ]);
});

test('a pod is strict about groups where the runtime says that it can be', async () => {
  world = new NodeWorld();
  const { runtime } = world;
  const status = runtime.status.bind(runtime);
  runtime.status = async () => ({ ...(await status()), features: { supplementalGroupsPolicy: true } });
  const policies: string[] = [];
  const runPodSandbox = runtime.runPodSandbox.bind(runtime);
  runtime.runPodSandbox = (config, signal) => {
    policies.push(config.securityContext.supplementalGroupsPolicy);
    return runPodSandbox(config, signal);
  };
  await world.startAgent();
  await world.advance(1);
  expect((await world.node()).status?.features).toEqual({ supplementalGroupsPolicy: true });
  const securityContext = { supplementalGroupsPolicy: 'Strict' };
  await world.createPod('web', { securityContext, containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  expect(policies).toEqual(['Strict']);
});

test('a pod with users of its own waits for a runtime that has them', async () => {
  world = await NodeWorld.start();
  await world.api.create(runtimeClasses, { metadata: { name: 'kata' }, handler: 'kata-qemu' });
  await world.createPod('web', { hostUsers: false, containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  expect(await world.events('web')).toEqual([
    "FailedCreatePodSandBox: Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces",
  ]);
  expect((await world.status('web')).phase).toBe('Pending');
  const containers = [{ name: 'main', image: 'nginx:1' }];
  await world.createPod('boxed', { hostUsers: false, runtimeClassName: 'kata', containers });
  await world.advance(1);
  expect(await world.events('boxed')).toEqual([
    'FailedCreatePodSandBox: Failed to create pod sandbox: ' +
      'can\'t set `spec.hostUsers: false`, RuntimeClass handler "kata-qemu" does not support user namespaces',
  ]);
});

test('without last words the log speaks, where the pod asks for it', async () => {
  world = await NodeWorld.start({ program: () => ({ output: ['one', 'two'], exitAfterMs: 500, exitCode: 1 }) });
  await world.run({ terminationMessagePolicy: 'FallbackToLogsOnError' });
  const [status] = (await world.status('web')).containerStatuses ?? [];
  expect(status?.lastState?.terminated?.message).toBe('one\ntwo\n');
});

test('a container that does not start is tried again at once, then after its back-off', async () => {
  world = await NodeWorld.start({ program: () => ({ startError: 'no such file' }) });
  await world.run({});
  const restarts = async () => (await world.status('web')).containerStatuses?.[0]?.restartCount;
  expect(await restarts()).toBe(1);
  expect((await world.waiting('web'))?.message).toMatch(/^back-off 10s restarting failed container=main/);
  await world.advance(10);
  expect(await restarts()).toBe(2);
});

test('a variable may come from a file that an init container leaves in a volume', async () => {
  let seen: readonly { readonly name: string; readonly value: string }[] = [];
  world = await NodeWorld.start({
    program: ({ config }) => {
      const mount = config.mounts.find(({ containerPath }) => containerPath === '/out');
      if (mount === undefined) seen = config.env;
      else world.host.files.append(`${mount.hostPath}/vars`, "COLOR='red'\n");
      return mount === undefined ? {} : { exitAfterMs: 0 };
    },
  });
  const from = (key: string, optional: boolean) => ({ fileKeyRef: { volumeName: 'out', path: 'vars', key, optional } });
  await world.createPod('web', {
    volumes: [{ name: 'out', emptyDir: {} }],
    initContainers: [{ name: 'init', image: 'nginx:1', volumeMounts: [{ name: 'out', mountPath: '/out' }] }],
    containers: [
      {
        name: 'main',
        image: 'nginx:1',
        env: [
          { name: 'COLOR', valueFrom: from('COLOR', false) },
          { name: 'SIZE', valueFrom: from('SIZE', true) },
        ],
      },
      { name: 'other', image: 'nginx:1', env: [{ name: 'SIZE', valueFrom: from('SIZE', false) }] },
    ],
  });
  await world.advance(1);
  expect(seen).toContainEqual({ name: 'COLOR', value: 'red' });
  expect(seen.map(({ name }) => name)).not.toContain('SIZE');
  const { waiting } = (await world.status('web')).containerStatuses?.[1]?.state ?? {};
  expect(waiting?.reason).toBe('CreateContainerConfigError');
  expect(waiting?.message).toMatch(
    /^environment variable key "SIZE" not found in file "\/.*\/pods\/[^/]+\/volumes\/kubernetes\.io~empty-dir\/out\/vars"$/,
  );
});

describe('an ephemeral container', () => {
  const add = async (container: EphemeralContainer) => {
    const pod = await world.pod('web');
    const body = { metadata: { generation: 2 }, spec: { ...pod?.spec, ephemeralContainers: [container] } };
    await world.api.patch(pods, { namespace, name: 'web' }, { type: 'merge', body });
    await world.advance(1);
    return (await world.pod('web'))?.status?.ephemeralContainerStatuses?.[0];
  };

  test('sees the processes of its target, and is never started again', async () => {
    const seen: (readonly [string, string | undefined])[] = [];
    world = await NodeWorld.start({
      program: ({ config }) => {
        seen.push([config.metadata.name, config.processNamespaceOf]);
        return config.metadata.name === 'debug' ? { exitAfterMs: 5000, exitCode: 3 } : {};
      },
    });
    await world.run({});
    await world.advance(1);
    const status = await add({ name: 'debug', image: 'nginx:1', targetContainerName: 'main' });
    expect(status).toMatchObject({ name: 'debug', state: { running: {} }, ready: false, restartCount: 0 });
    expect(status).not.toHaveProperty('started');
    await world.advance(60);
    expect((await world.pod('web'))?.status).toMatchObject({
      phase: 'Running',
      ephemeralContainerStatuses: [{ state: { terminated: { exitCode: 3, reason: 'Error' } } }],
    });
    expect(seen).toEqual([
      ['main', undefined],
      ['debug', world.runtime.findContainer(namespace, 'web', 'main')],
    ]);
  });

  test('waits for a target that was never there', async () => {
    world = await NodeWorld.start();
    world.runtime.images.failPull('absent:1', 'not there');
    await world.run({ image: 'absent:1', imagePullPolicy: 'Always' });
    await world.advance(1);
    const status = await add({ name: 'debug', image: 'nginx:1', targetContainerName: 'main' });
    expect(status?.state?.waiting).toEqual({
      reason: 'CreateContainerConfigError',
      message: 'unable to find target container main',
    });
  });
});

test('a full host name that no kernel holds is said before a runtime is asked, and what a resolver is not told as well', async () => {
  world = await NodeWorld.start();
  const hostname = 'x'.repeat(50);
  await world.createPod('web', {
    hostname,
    subdomain: 'nodes',
    setHostnameAsFQDN: true,
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'] },
    containers: [{ name: 'main', image: 'nginx:1' }],
  });
  await world.advance(1);
  const events = await world.events('web');
  expect(events[0]).toMatch(/^DNSConfigForming: Nameserver limits were exceeded, /);
  expect(events[1]).toContain(
    `FailedCreatePodSandBox: Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN ${hostname}.nodes.default.svc.cluster.local is too long (64 characters is the max, 82 characters requested)`,
  );
});
