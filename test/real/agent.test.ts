import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ApiServer } from '../../src/apiserver/api-server.ts';
import type { Client } from '../../src/client/client.ts';
import { createInformerFactory } from '../../src/client/informers/informer-factory.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import { silentMetrics } from '../../src/machinery/metrics.ts';
import { isReason } from '../../src/machinery/status-error.ts';
import { type Agent, startAgent } from '../../src/node/agent.ts';
import { cgroupHierarchies } from '../../src/node/host/linux/cgroup-hierarchies.ts';
import { CleanUp } from '../../src/node/host/linux/clean-up.ts';
import { readMounts } from '../../src/node/host/linux/mount-table.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { CriRuntime } from '../../src/node/runtime/cri/cri-runtime.ts';
import { ownSources } from '../../src/node/sources.ts';
import { builtInDefinitions } from '../../src/resources/built-in.ts';
import type { Pod, PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import { configMaps, namespaces, nodes, pods, secrets } from '../../src/resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { admin, allowAll } from '../support/test-api-server.ts';
import { ContainerdFixture } from './containerd-fixture.ts';

const nodeName = 'real-1';
const namespace = 'default';

/** One real node: API server and agent in this process, containers in containerd; pods are bound when they are made. */
describe.skipIf(inject('missing').length > 0)('an agent on a real machine', () => {
  let fixture: ContainerdFixture;
  let runtime: CriRuntime;
  let server: ApiServer;
  let client: Client;
  let agent: Agent;
  let stopAgent = async () => {};
  const cgroupRoot = `/stuurman-test-${process.pid}`;

  beforeAll(async () => {
    fixture = await ContainerdFixture.open();
    runtime = fixture.runtime();
    await fixture.provide(busyboxImage);
    const { environment } = fixture;
    server = new ApiServer({
      environment,
      logger: silentLogger,
      definitions: builtInDefinitions,
      authorizers: [allowAll],
      admission: [],
      store: new MemoryStore({ environment }),
    });
    await server.start();
    client = server.client(admin, 'test');
    // All that a node makes below it goes with it.
    await fixture.host.ensureCgroup(cgroupRoot, { cpuShares: 0, cpuQuota: 0, cpuPeriod: 0, memoryBytes: 0, pids: 0 });
    await client.create(namespaces, { metadata: { name: namespace } });
    await client.create(namespaces, { metadata: { name: 'kube-node-lease' } });
    await start();
    await until(async () => {
      const node = await client.get(nodes, { name: nodeName }).catch(() => undefined);
      return node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' || undefined;
    });
  });
  afterAll(async () => {
    await stopAgent();
    server.stop();
    await runtime.close();
    const problems = [
      ...(await fixture.containerd.down()),
      ...(await new CleanUp(fixture.host, fixture.environment).tearDown()),
    ];
    const mounts = (await readMounts()).filter((mount) => mount.mountPoint.startsWith(fixture.directory));
    const cgroups = cgroupHierarchies(await readMounts()).filter((each) => existsSync(join(each.path, cgroupRoot)));
    expect([...problems, ...(await fixture.close()), ...mounts, ...cgroups]).toEqual([]);
  });

  async function start() {
    const { environment, host } = fixture;
    const own = server.client(admin, 'agent');
    const informers = createInformerFactory({ client: own, environment, logger: silentLogger });
    agent = await startAgent({
      client: own,
      sources: ownSources({ client: own, informers, environment, logger: silentLogger, nodeName }),
      runtime,
      host,
      environment,
      logger: silentLogger,
      metrics: silentMetrics,
      nodeName,
      config: {
        rootDirectory: join(fixture.directory, 'node'),
        podLogsDirectory: join(fixture.directory, 'pod-logs'),
        cgroupRoot,
      },
    });
    stopAgent = async () => {
      await agent.stop();
      await informers.stop();
    };
  }

  async function until<T>(ask: () => Promise<T | undefined>, patienceMs = 30_000): Promise<T> {
    const { environment } = fixture;
    const deadline = environment.monotonic() + patienceMs;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (environment.monotonic() > deadline) throw new Error('waited for nothing');
      await environment.sleep(20);
    }
  }

  const create = (name: string, spec: PodSpec) =>
    client.create(pods, { metadata: { name, namespace }, spec: { nodeName, ...spec } });
  const read = async (name: string) => {
    try {
      return await client.get(pods, { namespace, name });
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  };
  const inPhase = (name: string, phase: string) =>
    until(async () => {
      const pod = await read(name);
      return pod?.status?.phase === phase ? pod : undefined;
    });
  const ready = (name: string) =>
    until(async () => {
      const pod = await read(name);
      return pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' ? pod : undefined;
    });
  const logOf = (pod: Pod, container: string, attempt = 0) => {
    const folder = `${namespace}_${pod.metadata.name}_${pod.metadata.uid}`;
    const text = readFileSync(join(fixture.directory, 'pod-logs', folder, container, `${attempt}.log`), 'utf8');
    return text.replaceAll(/^\S+ \S+ \S+ /gm, '');
  };
  const image = busyboxImage.image;
  const shell = (name: string, script: string) => ({ name, image, command: ['sh', '-c', script] });

  test('a pod runs with what it asked for, is probed, and goes with all it had', async () => {
    await client.create(configMaps, {
      metadata: { name: 'settings', namespace },
      data: { colour: 'blue', 'file.txt': 'in a file' },
    });
    await client.create(secrets, { metadata: { name: 'keys', namespace }, stringData: { key: 's3cret' } });
    await create('web', {
      initContainers: [
        {
          ...shell('init', 'echo made by init > /shared/index.html'),
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        },
      ],
      containers: [
        {
          ...shell(
            'main',
            'echo "$COLOUR $KEY $MY_IP $(cat /etc/settings/file.txt)"; exec httpd -f -p 8080 -h /shared',
          ),
          env: [
            { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } },
            { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } },
            { name: 'MY_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
          resources: { requests: { cpu: '50m', memory: '16Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
          readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
          livenessProbe: { exec: { command: ['true'] } },
          volumeMounts: [
            { name: 'shared', mountPath: '/shared' },
            { name: 'settings', mountPath: '/etc/settings' },
          ],
        },
      ],
      volumes: [
        { name: 'shared', emptyDir: { medium: 'Memory' } },
        { name: 'settings', configMap: { name: 'settings' } },
      ],
    });
    const pod = await ready('web');
    const address = pod.status?.podIP ?? '';
    expect(await (await fetch(`http://${address}:8080/`)).text()).toBe('made by init\n');
    expect(logOf(pod, 'main')).toBe(`blue s3cret ${address} in a file\n`);
    const groups = async () => {
      const hierarchies = cgroupHierarchies(await readMounts());
      return hierarchies.flatMap((each) => {
        const folder = join(each.path, cgroupRoot);
        if (!existsSync(folder)) return [];
        return readdirSync(folder, { recursive: true }).filter((name) =>
          String(name).includes(pod.metadata.uid ?? '-'),
        );
      });
    };
    expect(await groups()).not.toEqual([]);
    const mountsOfPod = async () =>
      (await readMounts()).filter((mount) => mount.mountPoint.includes(pod.metadata.uid ?? '-'));
    expect(await mountsOfPod()).not.toEqual([]);
    await client.delete(pods, { namespace, name: 'web' }, { gracePeriodSeconds: 1 });
    await until(async () => ((await read('web')) === undefined ? true : undefined));
    await until(async () => ((await mountsOfPod()).length === 0 ? true : undefined));
    await until(async () => ((await groups()).length === 0 ? true : undefined));
    expect((await runtime.listPodSandboxes()).filter((sandbox) => sandbox.ready)).toEqual([]);
  });

  test('a container that is killed comes again, and its restarts are counted', async () => {
    await create('phoenix', { containers: [shell('main', 'echo up; exec sleep 1000')] });
    const pod = await ready('phoenix');
    const id = pod.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
    await runtime.execSync(id, ['sh', '-c', 'kill -9 -1; true'], 5000).catch(() => {});
    await runtime.stopContainer(id, 0);
    const again = await until(async () => {
      const status = (await read('phoenix'))?.status?.containerStatuses?.[0];
      return status?.restartCount === 1 && status.state?.running !== undefined ? status : undefined;
    });
    expect(again.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' });
    expect(again.containerID).not.toContain(id);
  });

  test('the agent’s own restart touches no container, and tells what happened meanwhile', async () => {
    await create('stays', { containers: [shell('main', 'exec sleep 1000')] });
    await create('ends', { restartPolicy: 'Never', containers: [shell('main', 'sleep 2; exit 4')] });
    const before = await ready('stays');
    await inPhase('ends', 'Running');
    await stopAgent();
    await fixture.environment.sleep(2500);
    await start();
    expect((await inPhase('ends', 'Failed')).status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(4);
    const after = await ready('stays');
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID);
    expect(after.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  test('containerd that is killed and started again: pods run on', async () => {
    const before = await ready('stays');
    for (const entry of await fixture.host.ledger.entries()) {
      if (entry.type === 'process' && entry.name === 'containerd')
        await fixture.host.processes.signal(entry.handle, 'SIGKILL');
    }
    await fixture.environment.sleep(300);
    await fixture.containerd.start();
    await create('afterwards', { restartPolicy: 'Never', containers: [shell('main', 'exit 0')] });
    await inPhase('afterwards', 'Succeeded');
    const after = await ready('stays');
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID);
  });

  test('thirty pods at once', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `many-${index}`);
    const begun = fixture.environment.monotonic();
    await Promise.all(
      names.map((name) =>
        create(name, { terminationGracePeriodSeconds: 0, containers: [shell('main', 'exec sleep 1000')] }),
      ),
    );
    await Promise.all(names.map((name) => ready(name)));
    expect(fixture.environment.monotonic() - begun).toBeLessThan(30_000);
    await Promise.all(names.map((name) => client.delete(pods, { namespace, name })));
    await until(async () =>
      (await client.list(pods, { namespace })).items.some(({ metadata }) => metadata.name?.startsWith('many-'))
        ? undefined
        : true,
    );
  }, 90_000);
});
