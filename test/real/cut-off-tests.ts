import { expect, test } from 'vitest';
import { deployments, nodes, statefulSets } from '../../src/resources/schema/resource-types.generated.ts';
import { conditionOf, containerOf, isReady, restarts, type TroubledCluster } from './troubled-cluster.ts';

/** A node that nobody hears of for a while, and that hears of nobody. */
export function cutOffTests(trouble: TroubledCluster): void {
  test('one that is cut off is lost in time, its pods are replaced, and what may stay is still there when it is back', async () => {
    const { cluster, machine, sampler, gracePeriodMs } = trouble;
    await cluster.run('stays', 'other', 'sleep 3600', { tolerations: [{ operator: 'Exists' }] });
    await cluster.client.create(deployments, trouble.workload('web'));
    await cluster.client.create(statefulSets, trouble.workload('db'));
    const [stays, web, db] = await Promise.all([trouble.ready('stays'), trouble.readyOf('web'), trouble.ready('db-0')]);
    expect([web, db].map(({ spec }) => spec?.nodeName)).toEqual(['other', 'other']);

    const cutAt = cluster.environment.monotonic();
    await machine.cutOff();
    const lost = await trouble.nodeSays('other', 'Ready', 'Unknown', gracePeriodMs + 15_000);
    const lostMs = cluster.environment.monotonic() - cutAt;
    // An agent that was heard of up to ten seconds before the cut.
    expect(lostMs).toBeGreaterThan(gracePeriodMs - 11_000);
    expect(lostMs).toBeLessThan(gracePeriodMs + 10_000);
    expect(lost).toMatchObject({ reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' });
    const successor = await cluster.until('another pod of the Deployment is ready', async () => {
      const found = (await trouble.podsOf('web')).find((pod) => pod.metadata.uid !== web.metadata.uid);
      return found !== undefined && isReady(found) ? found : undefined;
    });
    expect(successor.spec?.nodeName).not.toBe('other');
    expect(await trouble.taints('other')).toEqual([
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
    // Nobody knows whether it still runs, and it does: so there is no other.
    const leaving = await trouble.pod('db-0');
    expect(leaving.metadata).toMatchObject({ uid: db.metadata.uid, deletionTimestamp: expect.anything() });
    for (const pod of [web, db, stays])
      expect(await sampler.running('other', pod.metadata.name ?? '')).toEqual([containerOf(pod)]);

    await machine.mend();
    await cluster.until('the node is ready again', async () => {
      const node = await cluster.client.get(nodes, { name: 'other' });
      const isBack = conditionOf(node, 'Ready')?.status === 'True' && (node.spec?.taints ?? []).length === 0;
      return isBack || undefined;
    });
    const newDb = await cluster.until('the pod of the StatefulSet has a successor', async () => {
      const found = await trouble.pod('db-0');
      return found.metadata.uid !== db.metadata.uid && isReady(found) ? found : undefined;
    });
    expect(containerOf(newDb)).not.toBe(containerOf(db));
    await cluster.until('the pod that was replaced has ended', async () =>
      (await sampler.running('other', web.metadata.name ?? '')).length === 0 ? true : undefined,
    );
    expect(await sampler.running('other', 'stays')).toEqual([containerOf(stays)]);
    const now = await trouble.ready('stays');
    expect([now.metadata.uid, restarts(now)]).toEqual([stays.metadata.uid, 0]);
    expect(await cluster.exec('stays', 'echo on')).toBe('on\n');
    expect(sampler.samples).toBeGreaterThan(100);
    expect(sampler.doubles).toEqual([]);
  });
}
