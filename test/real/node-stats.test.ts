import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readHttpText } from '../../src/wire/http-body.ts';
import { AgentFixture } from './agent-fixture.ts';

/** What a real node tells of what its pods use, by the kernel's own figures. */
describe.skipIf(inject('missing').length > 0)('stats of a node', () => {
  let fixture: AgentFixture;
  beforeAll(async () => {
    fixture = await AgentFixture.open();
  });
  afterAll(async () => {
    expect(await fixture.close()).toEqual([]);
  });

  const get = async (path: string) =>
    readHttpText((await fixture.agent.api.fetch({ method: 'GET', path, headers: {} })).body);

  test('a pod that works is seen to work, by its cgroups', async () => {
    const limits = { cpu: '200m', memory: '64Mi' };
    await fixture.create('busy', {
      containers: [{ ...fixture.shell('main', 'while :; do :; done'), resources: { limits } }],
    });
    await fixture.ready('busy');
    await get('/stats/summary');
    await fixture.containerd.environment.sleep(3000);
    const { node, pods } = JSON.parse(await get('/stats/summary'));
    const [pod] = pods;
    expect(pod.containers[0].cpu.usageNanoCores).toBeGreaterThan(20_000_000);
    expect(pod.containers[0].cpu.usageNanoCores).toBeLessThan(300_000_000);
    expect(pod.containers[0].memory.workingSetBytes).toBeGreaterThan(0);
    expect(pod.containers[0].memory.availableBytes).toBeLessThan(64 * 2 ** 20);
    expect(pod.memory.usageBytes).toBeGreaterThanOrEqual(pod.containers[0].memory.usageBytes);
    expect(pod.process_stats.process_count).toBe(1);
    expect(pod.network).toMatchObject({ name: 'eth0', interfaces: [{ name: 'eth0' }] });
    expect(pod.containers[0].rootfs.capacityBytes).toBeGreaterThan(0);
    expect(node.systemContainers).toMatchObject([{ name: 'pods' }]);
    expect(node.memory.workingSetBytes).toBeGreaterThan(pod.memory.workingSetBytes);
    const cadvisor = await get('/metrics/cadvisor');
    expect(cadvisor).toMatch(
      /^container_network_receive_bytes_total\{container="",.*interface="eth0",.*pod="busy"\} \d+/m,
    );
    const ofMain = (family: string) =>
      Number(new RegExp(`^container_${family}\\{container="main",.*pod="busy".*\\} (\\S+)`, 'm').exec(cadvisor)?.[1]);
    expect(ofMain('processes')).toBe(1);
    expect(ofMain('threads')).toBe(1);
    expect(ofMain('spec_cpu_quota')).toBe(20_000);
    expect(ofMain('spec_cpu_shares')).toBeGreaterThan(100);
    expect(ofMain('cpu_cfs_throttled_periods_total')).toBeGreaterThan(0);
    expect(ofMain('memory_max_usage_bytes')).toBeGreaterThan(0);
    expect(ofMain('oom_events_total')).toBe(0);
    expect(ofMain('file_descriptors')).toBeGreaterThan(2);
    expect(ofMain('ulimits_soft')).toBeGreaterThan(2);
    expect(cadvisor).toMatch(/^container_fs_usage_bytes\{container="",device="[^"]+",id="\/",.*\} \d+/m);
  });
});
