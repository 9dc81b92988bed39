import { afterEach, expect, test, vi } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';

let world: NodeWorld;
afterEach(() => world.close());

test('a container that crashes waits ten seconds, then twice as long each time', async () => {
  world = await NodeWorld.start();
  const command = ['sh', '-c', 'sleep 1; exit 3'];
  await world.createPod('crash', { containers: [{ name: 'main', image: 'busybox', command }] });
  await world.advance(3);
  expect(await world.containerState('crash', 'main')).toBe('waiting CrashLoopBackOff');
  const status = (await world.status('crash')).containerStatuses?.[0];
  const uid = (await world.pod('crash'))?.metadata.uid;
  expect(status?.state?.waiting?.message).toBe(
    `back-off 10s restarting failed container=main pod=crash_default(${uid})`,
  );
  expect(status?.restartCount).toBe(1);
  expect(status?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  expect((await world.status('crash')).phase).toBe('Running');
  expect(await world.events('crash')).toContain(
    `BackOff: Back-off restarting failed container main in pod crash_default(${uid})`,
  );
  const restarts = async (seconds: number) => {
    await world.advance(seconds);
    return (await world.status('crash')).containerStatuses?.[0]?.restartCount;
  };
  expect(await restarts(8)).toBe(1);
  expect(await restarts(2)).toBe(2);
  expect(await restarts(18)).toBe(2);
  expect(await restarts(4)).toBe(3);
  expect(await restarts(600)).toBeLessThan(8);
  const waiting = (await world.status('crash')).containerStatuses?.[0]?.state?.waiting?.message;
  expect(waiting).toContain('back-off 5m0s restarting');
});

test('a deleted pod gets its grace period, then it is gone from the API and from the runtime', async () => {
  world = await NodeWorld.start({ program: () => ({ stopAfterMs: 5000, stopExitCode: 0 }) });
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  await world.deletePod('web');
  await world.advance(4);
  expect(await world.containerState('web', 'main')).toBe('ready');
  await world.advance(2);
  expect(await world.pod('web')).toBeUndefined();
  expect(await world.events('web')).toContain('Killing: Stopping container main');
  expect(await world.runtime.listContainers()).toEqual([]);
  expect(await world.runtime.listPodSandboxes()).toEqual([]);
});

test('a container that does not heed the signal is killed when the grace period is over', async () => {
  world = await NodeWorld.start({ program: () => ({ stopAfterMs: Number.POSITIVE_INFINITY }) });
  await world.createPod('stubborn', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  await world.deletePod('stubborn', 20);
  await world.advance(19);
  expect(await world.pod('stubborn')).toBeDefined();
  await world.deletePod('stubborn', 5);
  await world.advance(6);
  expect(await world.pod('stubborn')).toBeUndefined();
});

test('a pod that is deleted by force is ended all the same', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  await world.deletePod('web', 0);
  await world.advance(3);
  expect(await world.runtime.listContainers()).toEqual([]);
  expect(await world.runtime.listPodSandboxes()).toEqual([]);
});

test('a pod that may not restart ends as its containers end', async () => {
  world = await NodeWorld.start();
  const run = (name: string, exit: number) =>
    world.createPod(name, {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', `sleep 2; exit ${exit}`] }],
    });
  await run('good', 0);
  await run('bad', 4);
  await world.advance(1);
  expect((await world.status('good')).phase).toBe('Running');
  await world.advance(3);
  const good = await world.status('good');
  expect(good.phase).toBe('Succeeded');
  expect(good.podIP).toBe('10.1.0.2');
  expect(good.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'PodCompleted',
  });
  expect(await world.containerState('good', 'main')).toBe('terminated Completed 0');
  const bad = await world.status('bad');
  expect(bad.phase).toBe('Failed');
  expect(await world.containerState('bad', 'main')).toBe('terminated Error 4');
  const containers = await world.runtime.listContainers();
  expect(containers.map(({ state }) => state)).toEqual(['exited', 'exited']);
});

test('init containers run one after the other before the main ones', async () => {
  world = await NodeWorld.start();
  const init = (name: string) => ({ name, image: 'busybox', command: ['sleep', '2'] });
  await world.createPod('staged', {
    initContainers: [init('first'), init('second')],
    containers: [{ name: 'main', image: 'nginx:1' }],
  });
  await world.advance(1);
  const states = async () =>
    Promise.all(['first', 'second', 'main'].map((each) => world.containerState('staged', each)));
  expect(await states()).toEqual(['running', 'waiting PodInitializing', 'waiting PodInitializing']);
  const initialized = (await world.status('staged')).conditions?.find(({ type }) => type === 'Initialized');
  expect(initialized).toMatchObject({
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: 'containers with incomplete status: [first second]',
  });
  await world.advance(2);
  expect(await states()).toEqual(['terminated Completed 0', 'running', 'waiting PodInitializing']);
  await world.advance(2);
  expect(await states()).toEqual(['terminated Completed 0', 'terminated Completed 0', 'ready']);
  expect((await world.status('staged')).phase).toBe('Running');
});

test('a pod past its deadline fails for that reason', async () => {
  world = await NodeWorld.start();
  await world.createPod('late', { activeDeadlineSeconds: 5, containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(4);
  expect((await world.status('late')).phase).toBe('Running');
  await world.advance(3);
  expect(await world.status('late')).toMatchObject({
    phase: 'Failed',
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  });
});

test('a deadline that comes before the turn of the main containers leaves them as they wait', async () => {
  world = await NodeWorld.start({ program: () => ({ stopAfterMs: 0, stopExitCode: 0 }) });
  await world.createPod('late', {
    activeDeadlineSeconds: 5,
    initContainers: [{ name: 'first', image: 'busybox' }],
    containers: [{ name: 'main', image: 'nginx:1' }],
  });
  await world.advance(7);
  expect((await world.status('late')).phase).toBe('Failed');
  expect(await world.containerState('late', 'first')).toBe('terminated Completed 0');
  expect(await world.containerState('late', 'main')).toBe('waiting PodInitializing');
});

test('a pod that does not fit is refused and takes no room', async () => {
  world = await NodeWorld.start({ cpus: 1 });
  const pod = (cpu: string) => ({ containers: [{ name: 'main', image: 'nginx:1', resources: { requests: { cpu } } }] });
  await world.createPod('big', pod('2'));
  await world.createPod('fits', pod('1'));
  await world.advance(1);
  expect(await world.status('big')).toMatchObject({
    phase: 'Failed',
    reason: 'OutOfcpu',
    message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 0, capacity: 1000",
  });
  expect(await world.events('big')).toEqual([
    "OutOfcpu: Node didn't have enough resource: cpu, requested: 2000, used: 0, capacity: 1000",
  ]);
  expect((await world.status('fits')).phase).toBe('Running');
});

test('a pod says what it was given as a whole', async () => {
  world = await NodeWorld.start();
  const resources = { requests: { cpu: '10m', memory: '10Mi' }, limits: { memory: '20Mi' } };
  const container = (name: string) => ({ name, image: 'nginx:1', resources });
  await world.createPod('web', { containers: [container('a'), container('b')] });
  await world.advance(1);
  expect(await world.status('web')).toMatchObject({
    allocatedResources: { cpu: '20m', memory: '20Mi' },
    resources: { requests: { cpu: '20m', memory: '20Mi' }, limits: { memory: '40Mi' } },
    containerStatuses: [{ allocatedResources: resources.requests, resources }, {}],
  });
});

test('a refused pod has nothing in its status but why', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', { nodeSelector: { no: 'such' }, containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const status = {
    observedGeneration: 1,
    phase: 'Failed',
    reason: 'NodeAffinity',
    message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    qosClass: 'BestEffort',
    startTime: '2026-01-01T00:00:00Z',
  };
  expect(await world.status('web')).toEqual(status);
  await world.stopAgent();
  await world.startAgent();
  await world.advance(5);
  expect(await world.status('web')).toEqual(status);
  await world.deletePod('web');
  await world.advance(1);
  expect(await world.pod('web')).toBeUndefined();
});

test('a pod that asks for labels of which no news has come yet is taken, once the node was read', async () => {
  world = await NodeWorld.start();
  const get = world.api.get.bind(world.api);
  vi.spyOn(world.api, 'get').mockImplementation(async (type, key) => {
    const object = await get(type, key);
    if (key.name !== 'node-1') return object;
    return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, zone: 'new' } } };
  });
  await world.createPod('web', { nodeSelector: { zone: 'new' }, containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.createPod('other', { nodeSelector: { zone: 'old' }, containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  expect(await world.status('web')).toMatchObject({ phase: 'Running' });
  expect(await world.status('other')).toMatchObject({ phase: 'Failed', reason: 'NodeAffinity' });
});

test('each pod has a cgroup with its limits, below one for all pods', async () => {
  world = await NodeWorld.start({ config: { cgroupRoot: '/cluster-1' } });
  const limits = { cpu: '500m', memory: '64Mi' };
  const resources = { requests: { cpu: '250m' }, limits };
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1', resources }] });
  await world.advance(1);
  const uid = (await world.pod('web'))?.metadata.uid;
  const paths = [...world.host.cgroups.keys()];
  expect(paths).toEqual([
    '/cluster-1/kubepods',
    '/cluster-1/kubepods/besteffort',
    '/cluster-1/kubepods/burstable',
    `/cluster-1/kubepods/besteffort/pod${uid}`,
  ]);
  expect(world.host.cgroups.get(`/cluster-1/kubepods/besteffort/pod${uid}`)).toEqual({
    cpuShares: 256,
    cpuQuota: 50_000,
    cpuPeriod: 100_000,
    memoryBytes: 64 * 2 ** 20,
    pids: 0,
  });
  expect(world.host.cgroups.get('/cluster-1/kubepods')).toMatchObject({ cpuShares: 4096 });
  await world.deletePod('web');
  await world.advance(5);
  expect([...world.host.cgroups.keys()]).toHaveLength(3);
});

test('what others have written into the status of a pod that runs well is set right', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const conditions = (await world.status('web')).conditions?.map((each) =>
    each.type === 'Ready' ? { ...each, status: 'False', reason: 'NodeNotReady' } : each,
  );
  const key = { namespace: 'default', name: 'web' };
  await world.api.patch(pods, key, { type: 'merge', body: { status: { conditions } } });
  await world.advance(1);
  const ready = (await world.status('web')).conditions?.find(({ type }) => type === 'Ready');
  expect(ready).toMatchObject({ status: 'True' });
  expect(ready?.reason).toBeUndefined();
});

test('a readiness gate holds a pod back until somebody else opens it', async () => {
  world = await NodeWorld.start();
  const readinessGates = [{ conditionType: 'example.com/open' }];
  await world.createPod('web', { readinessGates, containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const ready = async () => (await world.status('web')).conditions?.find(({ type }) => type === 'Ready');
  expect(await ready()).toMatchObject({
    status: 'False',
    reason: 'ReadinessGatesNotReady',
    message: 'corresponding condition of pod readiness gate "example.com/open" does not exist.',
  });
  const conditions = [...((await world.status('web')).conditions ?? []), { type: 'example.com/open', status: 'True' }];
  await world.api.patch(
    pods,
    { namespace: 'default', name: 'web' },
    { type: 'merge', body: { status: { conditions } } },
  );
  await world.advance(1);
  expect((await ready())?.status).toBe('True');
  expect((await world.status('web')).conditions?.find(({ type }) => type === 'example.com/open')).toBeDefined();
});

test('a pod that is deleted before anything of it runs is gone without a trace', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', {
    volumes: [{ name: 'data', configMap: { name: 'none' } }],
    containers: [{ name: 'main', image: 'nginx:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
  });
  await world.advance(5);
  await world.deletePod('web');
  await world.advance(1);
  expect(await world.pod('web')).toBeUndefined();
  expect(await world.runtime.listPodSandboxes()).toEqual([]);
});

test('what the runtime refuses to stop is said, and tried again', async () => {
  world = await NodeWorld.start();
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  world.runtime.setUnavailable('connection refused');
  await world.deletePod('web');
  await world.advance(5);
  expect(await world.events('web')).toContain(
    'FailedKillPod: error killing pod: rpc error: code = Unavailable desc = connection refused',
  );
  world.runtime.setUnavailable(undefined);
  await world.advance(30);
  expect(await world.pod('web')).toBeUndefined();
});
