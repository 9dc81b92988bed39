import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { ClusterIdentity } from '../../src/cluster/files/cluster-identity.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import { busyboxArchive } from './image-cache.ts';
import { stuurmanCommand } from './stuurman-command.ts';
import { UserHost } from './user-host.ts';

const kubectl = process.env['STUURMAN_KUBECTL'] ?? 'kubectl';
const nodePort = 31_976;

const script = 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www';
const container = { name: 'main', image: busyboxImage.image, imagePullPolicy: 'Never', command: ['sh', '-c', script] };
const manifests = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: { terminationGracePeriodSeconds: 0, containers: [container] },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'tool' },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ ...container, command: ['sleep', '3600'] }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, nodePort }] },
  },
];

/** The first command of a user, on a machine as users have it. */
describe.skipIf(inject('missing').length > 0 || !inject('kubectl'))('a cluster on the machine of a user', () => {
  const directory = mkdtempSync(join(tmpdir(), 'user-host-'));
  const data = join(directory, 'data');
  let host: UserHost;
  let before: readonly string[];
  let told = '';
  let up = false;

  const identity = () =>
    JSON.parse(readFileSync(join(data, 'cluster.json'), 'utf8')) as Pick<
      ClusterIdentity,
      'id' | 'podRange' | 'serviceRange'
    >;
  const stuurman = (...command: readonly string[]) => host.run(...stuurmanCommand(command, data));
  const kube = (...command: readonly string[]) =>
    host.run(kubectl, '--kubeconfig', join(data, 'admin.kubeconfig'), ...command);
  const inTool = (command: string) => kube('exec', 'tool', '--', 'sh', '-c', command);

  beforeAll(async () => {
    host = await UserHost.open(directory);
    before = await host.state('none-yet');
    up = true;
    told = await stuurman('up', '--detach', '--port', '7676');
    await stuurman('image', 'import', await busyboxArchive(host.environment));
    const file = join(directory, 'manifests.json');
    writeFileSync(file, manifests.map((manifest) => JSON.stringify(manifest)).join('\n'));
    await kube('apply', '-f', file);
    await kube('wait', '--for=condition=Ready', 'pod/web', 'pod/tool', '--timeout=60s');
  });
  afterAll(async () => {
    if (up) await stuurman('down', '--purge');
    host.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('takes other ranges than the LAN has, and says so', () => {
    expect(told).toMatch(/10\.244\.0\.0\/16/);
    expect(identity().podRange).not.toMatch(/^10\.244\./);
  });

  test('pods reach a service by name and by address, though forwarding is dropped', async () => {
    const address = (await kube('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')).trim();
    for (const url of ['http://web/', 'http://web.default.svc.cluster.local/', `http://${address}/`])
      expect(await inTool(`timeout 10 wget -q -O - ${url}`)).toBe('hello\n');
  });

  test('names outside are asked of the resolver on loopback', async () => {
    expect(await inTool('nslookup example.test')).toContain('192.0.2.53');
  });

  test('the node port answers on every address of the machine', async () => {
    for (const address of ['127.0.0.1', '10.244.3.7'])
      expect(await host.run('curl', '-sS', '-m', '10', `http://${address}:${nodePort}/`)).toBe('hello\n');
  });

  test('after down the machine is as it was', async () => {
    const { id, podRange, serviceRange } = identity();
    // Else there would be nothing to forget.
    expect(await host.flows(podRange)).not.toEqual([]);
    await stuurman('down');
    up = false;
    expect(await host.state(id)).toEqual(before);
    for (const range of [podRange, serviceRange]) expect(await host.flows(range)).toEqual([]);
  });
});
