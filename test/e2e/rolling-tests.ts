import { afterAll, describe, expect, test } from 'vitest';
import { type DemoCluster, eventually } from './demo-cluster.ts';
import { visit } from './page.ts';
import { SteadyLoad } from './steady-load.ts';

/** Changes of an application that is in use. */
export function rollingTests(cluster: DemoCluster): void {
  const rolledOut = (what: string) => cluster.kubectl('rollout', 'status', what, '--timeout=90s');

  describe('an application in use', () => {
    test('is rolled over without one failed request', async () => {
      const load = new SteadyLoad(await cluster.pageUrl());
      const before = await cluster.containers('app in (web, application)');
      for (const what of ['deployment/web', 'statefulset/application', 'deployment/web']) {
        await cluster.kubectl('rollout', 'restart', what);
        await rolledOut(what);
      }
      const { failures, sent, reused } = await load.end(1500);
      expect(failures).toEqual([]);
      expect(reused).toBeGreaterThan(sent / 4);
      const after = await cluster.containers('app in (web, application)');
      expect(after.filter((each) => before.includes(each))).toEqual([]);
    }, 200_000);

    test('is not harmed by an image that does not exist, and is rolled back', async () => {
      const url = await cluster.pageUrl();
      const load = new SteadyLoad(url);
      await cluster.kubectl('set', 'image', 'deployment/web', 'nginx=stuurman.local/nginx:missing');
      const reason = '{.items[*].status.containerStatuses[0].state.waiting.reason}';
      await eventually('the image cannot be pulled', async () => {
        const reasons = await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', `jsonpath=${reason}`);
        return /ErrImagePull|ImagePullBackOff/.test(reasons) || undefined;
      });
      const status = await cluster.tryKubectl(['rollout', 'status', 'deployment/web', '--timeout=1s']);
      expect(status.code).toBe(1);
      expect(await cluster.kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.status.availableReplicas}')).toBe('3');
      expect(await cluster.kubectl('rollout', 'undo', 'deployment/web')).toBe('deployment.apps/web rolled back\n');
      await rolledOut('deployment/web');
      expect((await load.end()).failures).toEqual([]);
      const image = '{.spec.template.spec.containers[0].image}';
      expect(await cluster.kubectl('get', 'deployment', 'web', '-o', `jsonpath=${image}`)).toBe(
        'stuurman.local/nginx:1',
      );
      expect(await cluster.kubectl('rollout', 'history', 'deployment/web')).toMatch(
        /^deployment\.apps\/web *\nREVISION +CHANGE-CAUSE\n(\d+ +<none>\n){4}/,
      );
    }, 120_000);

    test('is scaled, and back', async () => {
      await cluster.kubectl('scale', 'deployment/web', '--replicas=5');
      await cluster.kubectl('wait', '--for=jsonpath={.status.availableReplicas}=5', 'deployment/web', '--timeout=60s');
      await cluster.kubectl('scale', 'deployment/web', '--current-replicas=5', '--replicas=3');
      await eventually('three pods', async () => {
        const names = await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'name');
        return names.trimEnd().split('\n').length === 3 || undefined;
      });
    });
  });

  describe('a node under repair', () => {
    const node = async () => (await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
    afterAll(async () => void (await cluster.tryKubectl(['uncordon', await node()])));

    test('is drained; its pods wait for it and come back', async () => {
      const name = await node();
      expect(
        await cluster.kubectl('drain', name, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=90s'),
      ).toMatch(/node\/\S+ drained\n/);
      expect(await cluster.kubectl('get', 'nodes')).toMatch(/Ready,SchedulingDisabled/);
      const waiting = await eventually('pods wait', async () => {
        const phases = await cluster.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.phase}');
        return /^Pending( Pending){5}$/.test(phases) ? phases : undefined;
      });
      expect(waiting.split(' ')).toHaveLength(6);
      expect(await cluster.kubectl('describe', 'pod', 'application-0')).toMatch(
        /FailedScheduling .*0\/1 nodes are available: 1 node\(s\) were unschedulable/,
      );
      await cluster.kubectl('uncordon', name);
      await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=90s');
      const url = await cluster.pageUrl();
      await eventually('the page answers', async () => (await visit(url)).order);
    }, 200_000);
  });
}
