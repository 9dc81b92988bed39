import { describe, expect, test } from 'vitest';
import { type DemoCluster, eventually, run } from './demo-cluster.ts';
import { agentOf, isAlive, processOfContainer, tracesOf } from './machine.ts';
import { ordersInDatabase, visit } from './page.ts';

/** What breaks, and what of the rest must not notice. */
export function killTests(cluster: DemoCluster): void {
  const everything = () => cluster.containers('app in (web, application, database)');
  const idOf = (pod: string) =>
    cluster.kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].containerID}');
  const nodeIsReady = () => cluster.kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s');
  const allReady = () => cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=90s');

  describe('the process of a container that is killed', () => {
    test('is started again, and the database has lost nothing', async () => {
      const url = await cluster.pageUrl();
      const { order } = await visit(url);
      const name = await cluster.kubectl(
        'get',
        'pods',
        '-l',
        'app=database',
        '-o',
        'jsonpath={.items[0].metadata.name}',
      );
      const before = await idOf(name);
      process.kill(processOfContainer(before), 'SIGKILL');
      await eventually('another container', async () => {
        const ready = '{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].ready}';
        const [now, isReady] = (await cluster.kubectl('get', 'pod', name, '-o', `jsonpath=${ready}`)).split(' ');
        return (now !== before && isReady === 'true') || undefined;
      });
      const last = '{.status.containerStatuses[0].lastState.terminated.exitCode}';
      expect(await cluster.kubectl('get', 'pod', name, '-o', `jsonpath=${last}`)).toBe('137');
      const after = await eventually('the page', async () => (await visit(url)).order);
      expect(after).toBeGreaterThan(order);
      expect(await ordersInDatabase(url)).toBeGreaterThanOrEqual(2);
    });
  });

  describe('the server that is killed', () => {
    test('leaves containers, traffic and names; the next one adopts them', async () => {
      const url = await cluster.pageUrl();
      await allReady();
      const before = await everything();
      const inside = processOfContainer(await idOf('application-0'));
      const database = await cluster.kubectl('get', 'service', 'database', '-o', 'jsonpath={.spec.clusterIP}');
      const agent = agentOf(cluster.directory);
      const { serverPid } = cluster;
      process.kill(serverPid, 'SIGKILL');
      await eventually('the server has ended', async () => !isAlive(serverPid) || undefined);
      expect((await cluster.tryKubectl(['get', 'pods'])).stderr).toContain('refused');
      const { order } = await visit(url);
      expect((await visit(url)).order).toBeGreaterThan(order);
      const asked = await run('nsenter', [
        ...['--target', String(inside), '--mount', '--net', '--'],
        ...['node', '-e', "require('node:dns').lookup('database', (error, address) => console.log(error ?? address))"],
      ]);
      expect(asked).toMatchObject({ code: 0, stdout: `${database}\n` });
      await cluster.up();
      await nodeIsReady();
      await allReady();
      expect(await everything()).toEqual(before);
      expect(agentOf(cluster.directory)).toBe(agent);
      expect((await visit(url)).order).toBeGreaterThan(order);
      expect(await cluster.kubectl('logs', 'application-0', '--tail=1')).not.toBe('');
    });
  });

  describe('the agent that is killed', () => {
    test('is started again, and containers do not notice', async () => {
      const before = await everything();
      const agent = agentOf(cluster.directory);
      process.kill(agent, 'SIGKILL');
      await eventually('another agent', async () => (agentOf(cluster.directory) !== agent ? true : undefined));
      await eventually('exec in a pod', async () =>
        (await cluster.kubectl('exec', 'application-0', '--', 'node', '-p', '6*7')) === '42\n' ? true : undefined,
      );
      expect((await visit(await cluster.pageUrl())).order).toBeGreaterThan(0);
      await nodeIsReady();
      await cluster.apply({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'later' },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'busybox', image: 'stuurman.local/busybox:1', command: ['sleep', '1000'] }],
        },
      });
      await cluster.kubectl('wait', '--for=condition=Ready', 'pod/later', '--timeout=60s');
      await cluster.kubectl('delete', 'pod', 'later');
      expect(await everything()).toEqual(before);
    });
  });

  describe('a cluster that is taken down', () => {
    test('leaves nothing behind, and comes back with its data', async () => {
      const url = await cluster.pageUrl();
      const { order } = await visit(url);
      const { id } = cluster;
      const traces = await tracesOf(id, cluster.directory);
      for (const kind of [/^process /, /^mount /, /^link /, /^table /, /^cgroup /])
        expect(traces.filter((each) => kind.test(each))).not.toEqual([]);
      await cluster.stuurman(['down']);
      const left = await tracesOf(id, cluster.directory);
      expect(left).toEqual([]);
      const leftLinks = (await run('ip', ['-o', 'link'])).stdout;
      for (const link of traces.filter((each) => each.startsWith('link ')))
        expect(leftLinks).not.toContain(` ${link.slice('link '.length)}@`);
      await expect(visit(url)).rejects.toThrow();

      await cluster.up();
      const after = await eventually('the page answers', async () => (await visit(url)).order, 90_000);
      expect(after).toBeGreaterThan(order);
      expect(await ordersInDatabase(url)).toBeGreaterThanOrEqual(2);
      await cluster.stuurman(['down']);
      expect(await tracesOf(id, cluster.directory)).toEqual([]);
    }, 200_000);
  });
}
