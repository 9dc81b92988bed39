import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/client/https/connect.ts';
import { clusterConnection } from '../../src/client/kubeconfig/cluster-connection.ts';
import { readKubeconfig } from '../../src/client/kubeconfig/kubeconfig-file.ts';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { type Cluster, createCluster, nodes, pods, services } from '../../src/testing.ts';
import type { HttpTarget } from '../../src/wire/http.ts';
import { readHttpText } from '../../src/wire/http-body.ts';
import { webSocketExec } from '../../src/wire/remote-command/websocket-exec-client.ts';

const environment = new RealEnvironment();
const key = { namespace: 'default', name: 'web' };
const podPath = '/api/v1/namespaces/default/pods/web';

async function get(target: HttpTarget, path: string): Promise<readonly [number, string]> {
  const { status, body } = await target.fetch({ method: 'GET', path, headers: {} });
  return [status, await readHttpText(body, 100_000)];
}

async function runPod({ client }: Cluster): Promise<void> {
  const command = ['sh', '-c', 'echo hello; sleep 3600'];
  await client.create(pods, {
    metadata: { ...key, labels: { app: 'web' } },
    spec: { containers: [{ name: 'main', image: 'app:1', command }] },
  });
  await expect.poll(async () => (await client.get(pods, key)).status?.phase).toBe('Running');
}

describe('a cluster that serves its API', () => {
  test('gives a kubeconfig with which programs outside reach it, until it is closed', async () => {
    const cluster = await createCluster({ kubeconfig: true });
    const { kubeconfig } = cluster;
    const outside = connect(environment, clusterConnection(environment, readKubeconfig(kubeconfig)));
    try {
      expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
      await expect
        .poll(async () => (await outside.client.list(nodes)).items.map(({ metadata }) => metadata.name))
        .toEqual(['node-0']);
      await runPod(cluster);
      expect(await get(outside.client.http, `${podPath}/log`)).toEqual([200, 'hello\n']);
      const session = await webSocketExec(
        environment,
        outside.client.http,
        `${podPath}/exec?command=hostname&stdout=true`,
        { stdin: false, stdout: true, stderr: false, tty: false },
      );
      let text = '';
      for await (const chunk of session.stdout ?? []) text += Buffer.from(chunk).toString('utf8');
      expect([text, await session.exit]).toEqual(['web\n', 0]);
    } finally {
      outside.close();
      await cluster.close();
    }
    expect(existsSync(kubeconfig)).toBe(false);
  });

  test('leads to what is simulated, and says when it is cut off', async () => {
    const cluster = await createCluster();
    try {
      await runPod(cluster);
      const { http } = cluster.client;
      const message = async (path: string) => {
        const [status, text] = await get(http, path);
        return [status, JSON.parse(text).message];
      };
      expect(await get(http, `${podPath}/log`)).toEqual([200, 'hello\n']);
      expect(await get(http, `${podPath}/proxy/`)).toEqual([200, 'web\n']);
      await cluster.client.create(services, {
        metadata: key,
        spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
      });
      const service = '/api/v1/namespaces/default/services/web:80/proxy/';
      await expect.poll(() => get(http, service)).toEqual([200, 'web\n']);
      expect(await message('/api/v1/nodes/node-0:9100/proxy/')).toEqual([
        503,
        'error trying to reach service: dial tcp 172.30.0.10:9100: connect: connection refused',
      ]);
      cluster.nodes.get('node-0').cutOff();
      expect(await message(`${podPath}/log`)).toEqual([
        503,
        'node "node-0" does not answer: its agent is down or cut off',
      ]);
      const { status } = await cluster.client.get(pods, key);
      expect(await message(`${podPath}/proxy/`)).toEqual([
        503,
        `error trying to reach service: dial tcp ${status?.podIP}:80: connect: no route to host`,
      ]);
    } finally {
      await cluster.close();
    }
  });

  test('is for real time, and for those who asked', async () => {
    await expect(createCluster({ time: 'virtual', kubeconfig: true })).rejects.toThrow(
      'a kubeconfig is for programs outside, whose time is real',
    );
    await using cluster = await createCluster();
    expect(() => cluster.kubeconfig).toThrow('create the cluster with { kubeconfig: true } to have a kubeconfig');
  });

  test.each([1, 10])(
    '%i in one process leave nothing behind that keeps it alive',
    { timeout: 60_000 },
    async (count) => {
      const program = fileURLToPath(new URL('./open-and-close.ts', import.meta.url));
      const child = spawn(process.execPath, [program, `${count}`], { stdio: ['ignore', 'pipe', 'inherit'] });
      const exit = once(child, 'exit');
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const closedMs = environment.monotonic();
      expect(line.toString()).toBe('closed\n');
      expect((await exit)[0]).toBe(0);
      expect(environment.monotonic() - closedMs).toBeLessThan(1_000);
    },
  );
});
