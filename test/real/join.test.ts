import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parseTime } from '../../src/machinery/time.ts';
import { endpointSlices, leases, nodes, pods, services } from '../../src/resources/schema/resource-types.generated.ts';
import { LocalCluster } from './local-cluster.ts';
import { OtherMachine } from './other-machine.ts';

const gateway = '198.18.7.1';
const otherGateway = '198.18.7.9';

/** A server here, and a node on another machine that is no neighbour, so that packets between their pods are wrapped. */
describe.skipIf(inject('missing').length > 0)('a machine that joins', () => {
  let cluster: LocalCluster;
  let machine: OtherMachine;
  let invitation: readonly string[];
  let here: string;
  const addresses = new Map<string, string>();

  beforeAll(async () => {
    cluster = await LocalCluster.begin('join', 7641);
    machine = await OtherMachine.begin('stjoin', '198.18.7.2', gateway);
    const [archive] = await Promise.all([cluster.busyboxArchive(), cluster.up('--address', gateway)]);
    here = (await cluster.client.list(nodes)).items[0]?.metadata.name ?? '';
    const { stdout } = await cluster.stuurman(['token', 'create', '--print-join-command']);
    invitation = stdout.trim().split(' ').slice(1);
    await machine.stuurman([...invitation, '--node-name', 'other', '--detach']);
    await Promise.all([cluster.stuurman(['image', 'import', archive]), machine.stuurman(['image', 'import', archive])]);
    for (const [pod, node] of [
      ['near', here],
      ['far', 'other'],
    ] as const) {
      const script = `mkdir /www; echo ${pod} > /www/index.html; head -c 3000000 /dev/zero > /www/large; exec httpd -f -vv -p 8080 -h /www`;
      await cluster.run(pod, node, script);
    }
    await cluster.client.create(services, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'test' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    for (const pod of ['near', 'far']) addresses.set(pod, await cluster.podAddress(pod));
  });
  afterAll(async () => {
    await machine.stuurman(['down', '--purge']);
    expect([...(await machine.traces()), ...(await cluster.down())]).toEqual([]);
    await machine.end();
    cluster.remove();
  });

  test('is a node with an address and certificates of its own', async () => {
    expect(invitation.slice(0, 2)).toEqual(['join', `${gateway}:7641`]);
    const node = await cluster.client.get(nodes, { name: 'other' });
    expect(node.status?.addresses).toContainEqual({ type: 'InternalIP', address: machine.address });
    expect(await cluster.exec('far', 'hostname')).toBe('far\n');
  });

  test('its pods and those of other nodes reach each other through a tunnel, with packets that fit', async () => {
    for (const [from, to] of [
      ['near', 'far'],
      ['far', 'near'],
    ] as const) {
      const url = `http://${addresses.get(to)}:8080`;
      const script = `timeout 10 wget -q -O - ${url}/; timeout 20 wget -q -O - ${url}/large | wc -c`;
      expect(await cluster.exec(from, script)).toBe(`${to}\n3000000\n`);
      expect(await cluster.logs(to)).toContain(`${addresses.get(from)}]`);
      const names = 'for i in $(seq 20); do timeout 5 wget -q -O - http://web.default.svc.cluster.local/; done';
      expect(new Set((await cluster.exec(from, names)).trim().split('\n'))).toEqual(new Set(['near', 'far']));
    }
    // The link has 1500, and what wraps a packet takes 50 of them.
    expect(await cluster.exec('far', 'cat /sys/class/net/eth0/mtu')).toBe('1450\n');
  });

  test('another one of its name is refused, and it goes on', async () => {
    const second = machine.stuurman([...invitation, '--node-name', 'other'], `${machine.directory}-second`);
    await expect(second).rejects.toThrow(/give th(is|e) machine another name|this one another name/);
    await machine.stuurman(['down', '--purge'], `${machine.directory}-second`);
    expect(await cluster.exec('far', 'echo on')).toBe('on\n');
  });

  test('follows the server to another address, and its containers do not notice', async () => {
    const before = await containers();
    process.kill(cluster.serverPid, 'SIGKILL');
    await machine.moveGateway(otherGateway);
    await cluster.up('--address', otherGateway);
    const startedAt = cluster.environment.now();
    await cluster.until('the node has renewed its lease', async () => {
      const lease = await cluster.client.get(leases, { name: 'other', namespace: 'kube-node-lease' });
      return (parseTime(lease.spec?.renewTime) ?? 0) > startedAt - 5_000 || undefined;
    });
    const node = await cluster.client.get(nodes, { name: 'other' });
    expect(node.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    const slice = await cluster.client.get(endpointSlices, { name: 'kubernetes', namespace: 'default' });
    expect(slice.endpoints?.[0]?.addresses).toEqual([otherGateway]);
    await cluster.until('pods reach it', async () => {
      const answer = await cluster.exec('far', 'nc -w 2 kubernetes.default 443 < /dev/null && echo reached');
      return answer === 'reached\n' || undefined;
    });
    expect(await containers()).toEqual(before);
  });

  test('leaves when it is removed', async () => {
    const { stdout } = await cluster.stuurman(['node', 'remove', 'other', '--force', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual({ node: 'other', evicted: ['default/far'], stayed: [], takenDown: true });
    await cluster.until('nothing of the node is there', async () =>
      (await machine.traces()).length === 0 ? true : undefined,
    );
    expect((await cluster.client.list(nodes)).items.map(({ metadata }) => metadata.name)).toEqual([here]);
  });

  async function containers(): Promise<readonly string[]> {
    const { items } = await cluster.client.list(pods, { namespace: 'default' });
    return items.flatMap(({ status }) => status?.containerStatuses?.map(({ containerID = '' }) => containerID) ?? []);
  }
});
