import { expect, test } from 'vitest';
import { deployments } from '../../src/resources/schema/resource-types.generated.ts';
import { agentOf } from '../e2e/machine.ts';
import { containerOf, restarts, type TroubledCluster } from './troubled-cluster.ts';

/** So much of the disk is left at first: less than a node needs, and enough for the runtime to end pods. */
const leftMebibytes = 6;

/** A disk that something fills that is no pod. */
export function fullDiskTests(trouble: TroubledCluster): void {
  test('one whose disk is full says so, loses its pods to the others and takes none, until there is room again', {
    concurrent: false,
  }, async () => {
    const { cluster, machine, here } = trouble;
    await cluster.client.create(deployments, trouble.workload('moves'));
    await cluster.run('elsewhere', here, 'sleep 3600');
    const [moves, elsewhere] = await Promise.all([trouble.readyOf('moves'), trouble.ready('elsewhere')]);
    expect(moves.spec?.nodeName).toBe('other');
    const agent = agentOf(machine.directory);

    const filler = `${machine.directory}/filler`;
    const free = `$(df -m ${machine.directory} | awk 'END { print $4 }')`;
    await machine.run('sh', '-c', `head -c $((${free} - ${leftMebibytes}))M /dev/zero > ${filler}`);
    const condition = await trouble.nodeSays('other', 'DiskPressure', 'True');
    expect(condition).toMatchObject({ reason: 'KubeletHasDiskPressure', message: 'kubelet has disk pressure' });
    const evicted = await cluster.until('the pod is evicted', async () => {
      const { status } = await trouble.pod(moves.metadata.name ?? '');
      return status?.phase === 'Failed' ? status : undefined;
    });
    expect(evicted.reason).toBe('Evicted');
    expect(evicted.message).toMatch(
      /^The node was low on resource: ephemeral-storage\. Threshold quantity: 15Mi, available: \d+(Ki|Mi)\. $/,
    );
    expect((await trouble.readyOf('moves')).spec?.nodeName).toBe(here);
    expect(await trouble.taints('other')).toEqual(['node.kubernetes.io/disk-pressure:NoSchedule']);
    expect(await trouble.told('other')).toContain('EvictionThresholdMet: Attempting to reclaim ephemeral-storage');
    // To its last byte.
    await machine.run('sh', '-c', `head -c 1G /dev/zero >> ${filler} || true`);
    await cluster.run('refused', 'other', 'sleep 3600');
    const refused = await cluster.until('a pod is refused', async () => {
      const { status } = await trouble.pod('refused');
      return status?.phase === 'Failed' ? status : undefined;
    });
    expect(refused).toMatchObject({
      reason: 'Evicted',
      message: 'Pod was rejected: The node had condition: [DiskPressure]. ',
    });
    await trouble.nodeSays('other', 'Ready', 'True');

    await machine.run('rm', filler);
    await trouble.nodeSays('other', 'DiskPressure', 'False');
    await cluster.until('it takes pods', async () => ((await trouble.taints('other')).length === 0 ? true : undefined));
    await cluster.run('welcome', 'other', 'sleep 3600');
    await trouble.ready('welcome');
    expect(await cluster.exec('welcome', 'echo on')).toBe('on\n');
    expect(agentOf(machine.directory)).toBe(agent);
    const now = await trouble.ready('elsewhere');
    expect([containerOf(now), restarts(now)]).toEqual([containerOf(elsewhere), 0]);
  });
}
