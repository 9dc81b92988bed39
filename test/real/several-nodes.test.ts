import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import { nodes, pods, services } from '../../src/resources/schema/resource-types.generated.ts';
import { readHttpText } from '../../src/wire/http-body.ts';
import { PortForwardClient } from '../../src/wire/port-forward/port-forward-client.ts';
import { webSocketExec } from '../../src/wire/remote-command/websocket-exec-client.ts';
import { tracesOf } from '../e2e/machine.ts';
import { LocalCluster, run } from './local-cluster.ts';

/** Of pods on the network of their nodes. */
const hostPort = 17_640;

/** Three nodes on this machine, and a server that answers with its pod's name on each. */
describe.skipIf(inject('missing').length > 0)('several nodes on one machine', () => {
  let cluster: LocalCluster;
  let names: readonly string[];
  const addresses = new Map<string, string>();
  const podsOf = () => names.map((_, index) => `web-${index}`);

  beforeAll(async () => {
    cluster = await LocalCluster.begin('several', 7640);
    await cluster.upWithImage('--nodes', '3');
    names = (await cluster.client.list(nodes)).items.map(({ metadata: { name = '' } }) => name).toSorted();
    for (const [index, node] of names.entries()) {
      const script = `mkdir /www; echo web-${index} > /www/index.html; exec httpd -f -vv -p 8080 -h /www`;
      await cluster.run(`web-${index}`, node, script);
    }
    await cluster.client.create(services, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { type: 'NodePort', selector: { app: 'test' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    for (const pod of podsOf()) addresses.set(pod, await cluster.podAddress(pod));
  });
  afterAll(async () => {
    expect(await cluster.down()).toEqual([]);
    cluster.remove();
  });

  test('each node has a range and an address of its own', async () => {
    const { items } = await cluster.client.list(nodes);
    expect(new Set(items.map(({ spec }) => spec?.podCIDR)).size).toBe(3);
    const internal = items.map(({ status }) => status?.addresses?.find(({ type }) => type === 'InternalIP')?.address);
    expect(new Set(internal).size).toBe(3);
  });

  test('every pod reaches every other one by address, and is seen by its own', async () => {
    for (const from of podsOf()) {
      const urls = podsOf().map((to) => `http://${addresses.get(to)}:8080/`);
      const script = urls.map((url) => `timeout 5 wget -q -O - ${url}`).join('; ');
      expect((await cluster.exec(from, script)).trim().split('\n')).toEqual(podsOf());
    }
    for (const pod of podsOf()) {
      const log = await cluster.logs(pod);
      for (const other of podsOf()) expect(log).toContain(`${addresses.get(other)}]`);
    }
  });

  test('every pod reaches all of them by the name of their service', async () => {
    for (const from of podsOf()) {
      const script = 'for i in $(seq 30); do timeout 5 wget -q -O - http://web.default.svc.cluster.local/; done';
      expect(new Set((await cluster.exec(from, script)).trim().split('\n'))).toEqual(new Set(podsOf()));
    }
  });

  test('the node port answers at the address of every node', async () => {
    const service = await cluster.client.get(services, { namespace: 'default', name: 'web' });
    const port = service.spec?.ports?.[0]?.nodePort;
    for (const { metadata, status } of (await cluster.client.list(nodes)).items) {
      const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
      const answer = await cluster.until(`node ${metadata.name} answers`, async () =>
        (await fetch(`http://${address}:${port}/`)).text(),
      );
      expect(podsOf()).toContain(answer.trim());
      // Wherever the node port leads: to a pod beside the one that asks, too.
      for (const from of podsOf()) {
        const script = `for i in $(seq 30); do timeout 2 wget -q -O - http://${address}:${port}/; done`;
        expect(new Set((await cluster.exec(from, script)).trim().split('\n'))).toEqual(new Set(podsOf()));
      }
    }
  });

  test('streams and proxies lead through the API server to the right node', async () => {
    const { client, environment } = cluster;
    const api = '/api/v1/namespaces/default';
    const get = async (path: string) =>
      readHttpText((await client.http.fetch({ method: 'GET', path, headers: {} })).body);
    const { image } = busyboxImage;
    const looksAt = async (node: string, index: number) => {
      const web = `web-${index}`;
      const name = `host-${index}`;
      const serve = `mkdir /www; echo ${name} > /www/index.html; exec httpd -f -p ${hostPort} -h /www`;
      const spec: PodSpec = {
        nodeName: node,
        hostNetwork: true,
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 0,
        containers: [
          { name: 'cat', image, command: ['cat'], stdin: true, stdinOnce: true },
          { name: 'web', image, command: ['sh', '-c', serve] },
        ],
      };
      await client.create(pods, { metadata: { name, namespace: 'default' }, spec });
      await cluster.podAddress(name);
      const streams = { stdin: true, stdout: true, stderr: false, tty: false };
      const path = `${api}/pods/${name}/attach?container=cat&stdin=true&stdout=true`;
      const attached = await webSocketExec(environment, client.http, path, streams);
      await attached.stdin?.write(Buffer.from(`to ${node}`));
      await attached.stdin?.close();
      const heard = attached.stdout === undefined ? '' : await text(attached.stdout);
      const forward = await PortForwardClient.overWebSocket(environment, client.http, `${api}/pods/${web}/portforward`);
      const { data } = await forward.connect(8080);
      data.write('GET / HTTP/1.0\r\n\r\n');
      const page = (await text(data)).split('\r\n').at(-1);
      forward.close();
      const proxied = [
        `${api}/pods/${web}:8080/proxy/`,
        `/api/v1/nodes/${node}/proxy/healthz`,
        `/api/v1/nodes/${node}:${hostPort}/proxy/`,
      ];
      expect([heard, page, ...(await Promise.all(proxied.map(get)))]).toEqual([
        `to ${node}`,
        `${web}\n`,
        `${web}\n`,
        'ok',
        `${name}\n`,
      ]);
      await client.delete(pods, { namespace: 'default', name });
    };
    await Promise.all(names.map(looksAt));
    const served = await Promise.all(Array.from({ length: 30 }, () => get(`${api}/services/web:80/proxy/`)));
    expect(new Set(served)).toEqual(new Set(podsOf().map((name) => `${name}\n`)));
  });

  test('packets are as large as those of the machine, and reach the API server', async () => {
    const [route] = JSON.parse(await run('ip', '-j', '-4', 'route', 'show', 'default')) as { readonly dev: string }[];
    const mtu = readFileSync(`/sys/class/net/${route?.dev}/mtu`, 'utf8').trim();
    for (const pod of podsOf()) {
      expect((await cluster.exec(pod, 'cat /sys/class/net/eth0/mtu')).trim()).toBe(mtu);
      expect(await cluster.exec(pod, 'nc -w 5 kubernetes.default 443 < /dev/null && echo reached')).toBe('reached\n');
    }
  });

  test('after a crash of the server and of a network the next start finds the nodes, and adds one', async () => {
    const before = await containers();
    process.kill(cluster.serverPid, 'SIGKILL');
    await run('ip', 'link', 'delete', `stv-${cluster.id}-3`);
    await run('nft', 'delete', 'table', 'ip', `stuurman-${cluster.id}-nodes`);
    const told = await cluster.up('--nodes', '4');
    expect(told).not.toContain('keeps');
    expect((await cluster.client.list(nodes)).items).toHaveLength(4);
    expect(await containers()).toEqual(before);
    const [from = ''] = podsOf();
    await cluster.until('the node whose network was taken is reached again', async () => {
      const answer = await cluster.exec(from, `timeout 2 wget -q -O - http://${addresses.get('web-2')}:8080/`);
      return answer.trim() === 'web-2' || undefined;
    });
  });

  test('a node that is removed leaves nothing, and the others go on', async () => {
    const [, second = ''] = names;
    const before = await containers();
    await expect(cluster.stuurman(['node', 'remove', second])).rejects.toThrow('nothing would make it again: --force');
    await expect(cluster.stuurman(['node', 'remove', names[0] ?? ''])).rejects.toThrow('"stuurman down" takes');
    const { stdout } = await cluster.stuurman(['node', 'remove', second, '--force', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual({ node: second, evicted: ['default/web-1'], stayed: [], takenDown: true });
    expect((await cluster.client.list(nodes)).items.map(({ metadata }) => metadata.name)).not.toContain(second);
    const traces = await tracesOf(cluster.id, cluster.directory);
    expect(traces.filter((trace) => trace.includes(`${cluster.id}-2`) || trace.includes('/nodes/2/'))).toEqual([]);
    expect(before).toEqual(expect.arrayContaining([...(await containers())]));
    expect(await cluster.exec('web-2', `timeout 5 wget -q -O - http://${addresses.get('web-0')}:8080/`)).toBe(
      'web-0\n',
    );
  });

  async function containers(): Promise<readonly string[]> {
    const { items } = await cluster.client.list(pods, { namespace: 'default' });
    return items.flatMap(({ status }) => status?.containerStatuses?.map(({ containerID = '' }) => containerID) ?? []);
  }
});
