import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ClusterRegister } from '../../src/cluster/files/cluster-register.ts';
import { DataDirectory } from '../../src/cluster/files/data-directory.ts';
import { endpointSlices, nodes, pods, services } from '../../src/resources/schema/resource-types.generated.ts';
import { HttpClient } from '../../src/wire/http-client.ts';
import { busyboxArchive } from './image-cache.ts';
import { LocalCluster } from './local-cluster.ts';
import { OtherMachine } from './other-machine.ts';

const gateway = '198.18.7.1';
const otherGateway = '198.18.7.9';

/** Agents follow within ten seconds; a machine that is busy with other things may take half as long again. */
const boundMs = 15_000;

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
    await cluster.upWithImage('--address', gateway);
    here = (await cluster.client.list(nodes)).items[0]?.metadata.name ?? '';
    invitation = await cluster.invitation();
    await machine.stuurman([...invitation, '--node-name', 'other', '--detach']);
    await machine.stuurman(['image', 'import', await busyboxArchive(cluster.environment)]);
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

  test.concurrent.each([
    ['another one of its name', 'other', {}, /give th(is|e) machine another name|this one another name/],
    [
      'one with a token that nobody knows',
      'third',
      { token: 'abcdef.0123456789abcdef' },
      /does not know the token abcdef/,
    ],
    ['one with what is no token', 'third', { token: 'abcdef' }, /this is no bootstrap token/],
    [
      'one that expects another authority',
      'third',
      { hash: `sha256:${'0'.repeat(64)}` },
      /it is another cluster, or somebody/,
    ],
    ['one with what is no hash', 'third', { hash: 'sha256:0' }, /"sha256:0" is no hash of an authority/],
    [
      'one that asks where nobody is',
      'third',
      { server: `${gateway}:1` },
      /the API cannot be reached: .* connection refused/,
    ],
  ])('%s is refused, and nothing is left of it', async (what, name, changed, reason) => {
    const [, known = '', , knownToken = '', , knownHash = ''] = invitation;
    const { server = known, token = knownToken, hash = knownHash }: Partial<Record<string, string>> = changed;
    const directory = `${machine.directory}-${what.replaceAll(' ', '-')}`;
    const command = ['join', server, '--token', token, '--ca-hash', hash, '--node-name', name];
    await expect(machine.stuurman(command, directory)).rejects.toThrow(reason);
    await expect(machine.stuurman([...command, '--detach'], directory)).rejects.toThrow(reason);
    expect(existsSync(directory)).toBe(false);
    expect(await cluster.exec('far', 'echo on')).toBe('on\n');
  });

  test('enters the register of clusters, so that others keep away from its addresses', () => {
    const others = new ClusterRegister().others(new DataDirectory('/var/tmp/stuurman-none'));
    const own = others.find(({ directory }) => directory === machine.directory);
    expect(own?.id).toBe(cluster.id);
    expect(own?.ranges).toHaveLength(2);
  });

  test('follows the server to another address within ten seconds, and its containers do not notice', async () => {
    const before = await containers();
    process.kill(cluster.serverPid, 'SIGKILL');
    await machine.moveGateway(otherGateway);
    expect(await followedWithin('address', 7641)).toBeLessThan(boundMs);
    const slice = await cluster.client.get(endpointSlices, { name: 'kubernetes', namespace: 'default' });
    expect(slice.endpoints?.[0]?.addresses).toEqual([otherGateway]);
    await reachedByPods();
    expect(await containers()).toEqual(before);
  });

  test('hears from the node of the server on which other port it is now', async () => {
    const before = await containers();
    process.kill(cluster.serverPid, 'SIGKILL');
    expect(await followedWithin('port', 7642)).toBeLessThan(boundMs);
    await reachedByPods();
    expect(await containers()).toEqual(before);
  });

  test('follows when an address goes without a word while the server runs', async () => {
    const before = await containers();
    await machine.moveGateway(gateway);
    expect(await ranWithin('silence')).toBeLessThan(boundMs);
    await machine.moveGateway(otherGateway);
    expect(await ranWithin('silence-again')).toBeLessThan(boundMs);
    expect(await containers()).toEqual(before);
  });

  test('is told by another join where the cluster is, while it runs', async () => {
    const before = await containers();
    await expect(machine.stuurman(['join'])).rejects.toThrow(/the node in \S+ runs already \(process \d+\)/);
    const again = await cluster.invitation();
    expect(again[1]).toBe(`${otherGateway}:7642`);
    const withLimits = machine.stuurman([...again, '--node-name', 'other', '--system-reserved', 'cpu=100m']);
    await expect(withLimits).rejects.toThrow(/the node in \S+ runs \(process \d+\) with other limits/);
    const { stderr } = await machine.stuurman([...again, '--node-name', 'other', '--detach']);
    expect(stderr).toContain('This machine is the node other of the cluster, and runs on.');
    expect(readFileSync(`${machine.directory}/joined.json`, 'utf8')).toContain(`https://${otherGateway}:7642`);
    expect(await containers()).toEqual(before);
  });

  test('leaves when it is removed', async () => {
    const { stdout } = await cluster.stuurman(['node', 'remove', 'other', '--force', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual({ node: 'other', evicted: ['default/far'], stayed: [], takenDown: true });
    await cluster.until('nothing of the node is there', async () =>
      (await machine.traces()).length === 0 && !existsSync(machine.directory) ? true : undefined,
    );
    expect((await cluster.client.list(nodes)).items.map(({ metadata }) => metadata.name)).toEqual([here]);
  });

  test('leaves also while the server is away', async () => {
    await machine.stuurman([...(await cluster.invitation()), '--node-name', 'lonely', '--detach']);
    process.kill(cluster.serverPid, 'SIGKILL');
    const { stderr } = await machine.stuurman(['leave']);
    expect(stderr).toContain('"stuurman node remove lonely --force" on the server makes the cluster forget it');
    expect(await machine.traces()).toEqual([]);
    expect(existsSync(machine.directory)).toBe(false);
    const others = new ClusterRegister().others(new DataDirectory('/var/tmp/stuurman-none'));
    expect(others.map(({ directory }) => directory)).not.toContain(machine.directory);
  });

  /** Starts the server again, and answers how many milliseconds after its port was open the other machine ran a pod that was made then. */
  async function followedWithin(name: string, port: number): Promise<number> {
    const { environment } = cluster;
    const starting = cluster.up('--address', otherGateway, '--port', `${port}`);
    const tls = { insecureSkipVerify: true };
    const server = new HttpClient({ environment, url: `https://127.0.0.1:${port}`, tls });
    await cluster.until('the API answers', () => server.fetch({ method: 'GET', path: '/livez', headers: {} }));
    server.close();
    const openAt = environment.monotonic();
    await cluster.until('the server takes a pod', async () => cluster.run(name, 'other', 'echo ran'));
    const elapsed = await ranWithin(name, openAt);
    await starting;
    return elapsed;
  }

  /** How long it takes until the other machine has run a pod, and its name server knows a service of the same name. */
  async function ranWithin(name: string, startedAt = cluster.environment.monotonic()): Promise<number> {
    if (!(await exists(name))) await cluster.run(name, 'other', 'echo ran');
    const metadata = { name, namespace: 'default' };
    await cluster.client.create(services, { metadata, spec: { ports: [{ port: 80 }] } });
    await cluster.until(`the pod ${name} has run`, async () => {
      const { status } = await cluster.client.get(pods, metadata);
      return status?.containerStatuses?.[0]?.state?.terminated === undefined ? undefined : true;
    });
    await cluster.until('the name server follows', async () => {
      const answer = await cluster.exec('far', `nslookup ${name}.default.svc.cluster.local || true`);
      return answer.includes(`Name:\t${name}.default.svc.cluster.local`) ? true : undefined;
    });
    const elapsed = Math.round(cluster.environment.monotonic() - startedAt);
    await cluster.client.delete(pods, metadata);
    return elapsed;
  }

  async function exists(name: string): Promise<boolean> {
    const { items } = await cluster.client.list(pods, { namespace: 'default' });
    return items.some(({ metadata }) => metadata.name === name);
  }

  async function reachedByPods(): Promise<void> {
    await cluster.until('pods reach the server', async () => {
      const answer = await cluster.exec('far', 'nc -w 2 kubernetes.default 443 < /dev/null && echo reached');
      return answer === 'reached\n' || undefined;
    });
  }

  async function containers(): Promise<readonly string[]> {
    const { items } = await cluster.client.list(pods, { namespace: 'default', labelSelector: 'app=test' });
    return items.flatMap(({ status }) => status?.containerStatuses?.map(({ containerID = '' }) => containerID) ?? []);
  }
});
