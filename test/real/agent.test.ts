import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { cgroupHierarchies } from '../../src/node/host/linux/cgroup-hierarchies.ts';
import { readMounts } from '../../src/node/host/linux/mount-table.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import { configMaps, pods, secrets } from '../../src/resources/schema/resource-types.generated.ts';
import { AgentFixture } from './agent-fixture.ts';

const namespace = 'default';

describe.skipIf(inject('missing').length > 0)('an agent on a real machine', () => {
  let fixture: AgentFixture;
  beforeAll(async () => {
    fixture = await AgentFixture.open();
  });
  afterAll(async () => {
    expect(await fixture.close()).toEqual([]);
  });

  test('a pod runs with what it asked for, is probed, and goes with all it had', async () => {
    await fixture.client.create(configMaps, {
      metadata: { name: 'settings', namespace },
      data: { colour: 'blue', 'file.txt': 'in a file' },
    });
    await fixture.client.create(secrets, { metadata: { name: 'keys', namespace }, stringData: { key: 's3cret' } });
    await fixture.create('web', {
      initContainers: [
        {
          ...fixture.shell('init', 'echo made by init > /shared/index.html'),
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        },
      ],
      containers: [
        {
          ...fixture.shell(
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
    const pod = await fixture.ready('web');
    const address = pod.status?.podIP ?? '';
    expect(await (await fetch(`http://${address}:8080/`)).text()).toBe('made by init\n');
    expect(fixture.logOf(pod, 'main')).toBe(`blue s3cret ${address} in a file\n`);
    const groups = async () => {
      const hierarchies = cgroupHierarchies(await readMounts());
      return hierarchies.flatMap((each) => {
        const folder = join(each.path, fixture.cgroupRoot);
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
    await fixture.client.delete(pods, { namespace, name: 'web' }, { gracePeriodSeconds: 1 });
    await fixture.until(async () => ((await fixture.read('web')) === undefined ? true : undefined));
    await fixture.until(async () => ((await mountsOfPod()).length === 0 ? true : undefined));
    await fixture.until(async () => ((await groups()).length === 0 ? true : undefined));
    expect((await fixture.runtime.listPodSandboxes()).filter((sandbox) => sandbox.ready)).toEqual([]);
  });

  test('an image is a volume, which goes with its pod', async () => {
    const reference = busyboxImage.image;
    const shell = fixture.shell('main', 'ls -d /tools/bin/busybox /bin-alone/busybox; touch /tools/new; sleep 600');
    await fixture.create('tools', {
      containers: [
        {
          ...shell,
          volumeMounts: [
            { name: 'tools', mountPath: '/tools' },
            { name: 'tools', mountPath: '/bin-alone', subPath: 'bin' },
          ],
        },
      ],
      volumes: [{ name: 'tools', image: { reference, pullPolicy: 'IfNotPresent' } }],
    });
    const pod = await fixture.ready('tools');
    await fixture.until(async () => (fixture.logOf(pod, 'main').includes('new') ? true : undefined));
    expect(fixture.logOf(pod, 'main')).toMatch(
      /^\/bin-alone\/busybox\n\/tools\/bin\/busybox\n.*\/tools\/new: Read-only file system\n$/,
    );
    await fixture.remove('tools');
    const mounts = async () => (await readMounts()).filter(({ mountPoint }) => mountPoint.includes('/image-mounts/'));
    await fixture.until(async () => ((await mounts()).length === 0 ? true : undefined));
  });

  test('a container that is killed comes again, and its restarts are counted', async () => {
    await fixture.create('phoenix', { containers: [fixture.shell('main', 'echo up; exec sleep 1000')] });
    const pod = await fixture.ready('phoenix');
    const id = pod.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
    await fixture.runtime.execSync(id, ['sh', '-c', 'kill -9 -1; true'], 5000).catch(() => {});
    await fixture.runtime.stopContainer(id, 0);
    const again = await fixture.until(async () => {
      const status = (await fixture.read('phoenix'))?.status?.containerStatuses?.[0];
      return status?.restartCount === 1 && status.state?.running !== undefined ? status : undefined;
    });
    expect(again.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' });
    expect(again.containerID).not.toContain(id);
  });

  test('the agent’s own restart touches no container, and tells what happened meanwhile', async () => {
    await fixture.create('stays', { containers: [fixture.shell('main', 'exec sleep 1000')] });
    await fixture.create('ends', { restartPolicy: 'Never', containers: [fixture.shell('main', 'sleep 2; exit 4')] });
    const before = await fixture.ready('stays');
    await fixture.inPhase('ends', 'Running');
    await fixture.stopAgent();
    await fixture.containerd.environment.sleep(2500);
    await fixture.startAgent();
    expect((await fixture.inPhase('ends', 'Failed')).status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(
      4,
    );
    const after = await fixture.ready('stays');
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID);
    expect(after.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  test('containerd that is killed and started again: pods run on', async () => {
    const before = await fixture.ready('stays');
    for (const entry of await fixture.containerd.host.ledger.entries()) {
      if (entry.type === 'process' && entry.name === 'containerd')
        await fixture.containerd.host.processes.signal(entry.handle, 'SIGKILL');
    }
    await fixture.containerd.environment.sleep(300);
    await fixture.containerd.containerd.start();
    await fixture.create('afterwards', { restartPolicy: 'Never', containers: [fixture.shell('main', 'exit 0')] });
    await fixture.inPhase('afterwards', 'Succeeded');
    const after = await fixture.ready('stays');
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID);
  });

  test('thirty pods at once', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `many-${index}`);
    const begun = fixture.containerd.environment.monotonic();
    await Promise.all(
      names.map((name) =>
        fixture.create(name, {
          terminationGracePeriodSeconds: 0,
          containers: [fixture.shell('main', 'exec sleep 1000')],
        }),
      ),
    );
    await Promise.all(names.map((name) => fixture.ready(name)));
    expect(fixture.containerd.environment.monotonic() - begun).toBeLessThan(30_000);
    await Promise.all(names.map((name) => fixture.client.delete(pods, { namespace, name })));
    await fixture.until(async () =>
      (await fixture.client.list(pods, { namespace })).items.some(({ metadata }) => metadata.name?.startsWith('many-'))
        ? undefined
        : true,
    );
  }, 90_000);
});
