import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { cgroupHierarchies, cgroupVersion } from '../../src/node/host/linux/cgroup-hierarchies.ts';
import { readMounts } from '../../src/node/host/linux/mount-table.ts';
import type { Pod, ResourceRequirements } from '../../src/resources/schema/core-v1.generated.ts';
import { pods } from '../../src/resources/schema/resource-types.generated.ts';
import { AgentFixture } from './agent-fixture.ts';

/** Pods that get more and less while they run, in the kernel's own figures. */
describe.skipIf(inject('missing').length > 0)('pods that are resized', () => {
  let fixture: AgentFixture;
  beforeAll(async () => {
    fixture = await AgentFixture.open();
  });
  afterAll(async () => {
    expect(await fixture.close()).toEqual([]);
  });

  const idOf = (pod: Pod, container: string) =>
    pod.status?.containerStatuses?.find(({ name }) => name === container)?.containerID?.replace('containerd://', '') ??
    '';

  /** The memory limit in mebibytes and the cpu quota in thousandths of a core, of a container's cgroup or of its pod's. */
  const limitsOf = async (pod: Pod, id = '') => {
    const hierarchies = cgroupHierarchies(await readMounts());
    const version = cgroupVersion(hierarchies);
    const read = (controller: string, file: string) => {
      const { path = '' } =
        hierarchies.find(
          (each) => each.version === version && (version === 2 || each.controllers.includes(controller)),
        ) ?? {};
      const folder = join(path, fixture.cgroupRoot, 'kubepods/burstable', `pod${pod.metadata.uid}`, id);
      return readFileSync(join(folder, file), 'utf8').trim();
    };
    const memory = read('memory', version === 1 ? 'memory.limit_in_bytes' : 'memory.max');
    const quota = version === 1 ? read('cpu', 'cpu.cfs_quota_us') : (read('cpu', 'cpu.max').split(' ')[0] ?? '');
    return { memoryMebi: Number(memory) / 2 ** 20, milliCpu: Number(quota) / 100 };
  };

  const resize = (name: string, container: string, resources: ResourceRequirements) =>
    fixture.client.patch(
      pods,
      { namespace: 'default', name },
      { type: 'strategic', body: { spec: { containers: [{ name: container, resources }] } } },
      { subresource: 'resize' },
    );

  const settled = (name: string, generation: number) =>
    fixture.until(async () => {
      const pod = await fixture.read(name);
      const resizing = pod?.status?.conditions?.some(({ type }) => type.startsWith('PodResize'));
      return pod?.status?.observedGeneration === generation && resizing === false ? pod : undefined;
    });

  test('up and down without a restart; what must not go down does not; a restart where the policy says so', async () => {
    const resources = { requests: { cpu: '50m', memory: '16Mi' }, limits: { cpu: '200m', memory: '64Mi' } };
    const greedy = 'dd if=/dev/zero of=/dev/shm/x bs=1M count=24 2>/dev/null; exec sleep 1000';
    await fixture.create('sized', {
      terminationGracePeriodSeconds: 0,
      containers: [
        { ...fixture.shell('main', greedy), resources },
        {
          ...fixture.shell('other', 'exec sleep 1000'),
          resources,
          resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }],
        },
      ],
    });
    const pod = await fixture.ready('sized');
    const main = idOf(pod, 'main');
    expect(await limitsOf(pod, main)).toEqual({ memoryMebi: 64, milliCpu: 200 });
    expect(await limitsOf(pod)).toEqual({ memoryMebi: 128, milliCpu: 400 });

    await resize('sized', 'main', { limits: { cpu: '400m', memory: '128Mi' } });
    const grown = await settled('sized', 2);
    expect(idOf(grown, 'main')).toBe(main);
    expect(await limitsOf(pod, main)).toEqual({ memoryMebi: 128, milliCpu: 400 });
    expect(await limitsOf(pod)).toEqual({ memoryMebi: 192, milliCpu: 600 });

    await resize('sized', 'main', { limits: { cpu: '100m', memory: '40Mi' } });
    await settled('sized', 3);
    expect(await limitsOf(pod, main)).toEqual({ memoryMebi: 40, milliCpu: 100 });
    expect(await limitsOf(pod)).toEqual({ memoryMebi: 104, milliCpu: 300 });

    await fixture.until(async () => {
      const { stdout } = await fixture.runtime.execSync(main, ['stat', '-c', '%s', '/dev/shm/x'], 5000);
      return Buffer.from(stdout).toString().trim() === String(24 * 2 ** 20) || undefined;
    });
    await resize('sized', 'main', { limits: { memory: '16Mi' } });
    const refused = await fixture.until(async () =>
      (await fixture.read('sized'))?.status?.conditions?.find(({ reason }) => reason === 'Error'),
    );
    expect(refused.message).toMatch(/^cannot decrease memory limits: attempting to set container "main" memory limit/);
    expect((await limitsOf(pod, main)).memoryMebi).toBe(40);
    await resize('sized', 'main', { limits: { memory: '64Mi' } });
    await settled('sized', 5);

    await resize('sized', 'other', { limits: { memory: '80Mi' } });
    const restarted = await settled('sized', 6);
    const other = restarted.status?.containerStatuses?.find(({ name }) => name === 'other');
    expect(other).toMatchObject({ restartCount: 1, resources: { limits: { cpu: '200m', memory: '80Mi' } } });
    expect(idOf(restarted, 'main')).toBe(main);
    expect((await limitsOf(pod, idOf(restarted, 'other'))).memoryMebi).toBe(80);
    await fixture.remove('sized');
  });
});
