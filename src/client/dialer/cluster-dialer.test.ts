import { afterEach, describe, expect, test } from 'vitest';
import { clientCredential, serverTls, testAuthority } from '../../../test/support/pki.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { notFound } from '../../machinery/status-errors.ts';
import type { HttpTarget } from '../../wire/http.ts';
import { readHttpText } from '../../wire/http-body.ts';
import { HttpClient } from '../../wire/http-client.ts';
import { HttpServer } from '../../wire/http-server.ts';
import type { Reader } from '../client.ts';
import { ClusterDialer } from './cluster-dialer.ts';
import { isProxyableAddress } from './proxyable-address.ts';

const environment = new RealEnvironment();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function dialerOver(objects: Record<string, readonly object[]>) {
  const reader = {
    get: async (type: ResourceType, { name }: { name: string }) => {
      const found = (objects[type.resource] as KubeObject[] | undefined)?.find((each) => each.metadata.name === name);
      if (found === undefined) throw notFound(type, name);
      return found;
    },
    list: async (type: ResourceType, { labelSelector }: { labelSelector: string }) => {
      const [key = '', value] = labelSelector.split('=');
      const items = (objects[type.resource] as KubeObject[]).filter((each) => each.metadata.labels?.[key] === value);
      return { metadata: {}, items };
    },
  } as Reader;
  const nodeTls = {
    authorityPem: testAuthority.certificate.pem,
    certificatePem: clientCredential.certificate.pem,
    keyPem: clientCredential.keyPem,
  };
  const dialer = new ClusterDialer({ environment, reader, nodeTls });
  cleanups.push(() => dialer.close());
  return dialer;
}

const urlOf = (target: HttpTarget) => (target instanceof HttpClient ? target.url : undefined);

describe('nodes', () => {
  const node = (addresses: object[], Port?: number) => ({
    metadata: { name: 'n' },
    status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port } } },
  });

  test.each([
    [
      [
        { type: 'Hostname', address: 'h' },
        { type: 'InternalIP', address: '10.0.0.1' },
      ],
      10250,
      'https://10.0.0.1:10250',
    ],
    [
      [
        { type: 'Hostname', address: 'h' },
        { type: 'ExternalIP', address: 'fd00::1' },
      ],
      1234,
      'https://[fd00::1]:1234',
    ],
    [[{ type: 'Hostname', address: 'h' }], undefined, 'https://h:10250'],
  ])('%j', async (addresses, port, url) => {
    expect(urlOf(await dialerOver({ nodes: [node(addresses, port)] }).node('n'))).toBe(url);
  });

  test('one that is not there, or has no address', async () => {
    await expect(dialerOver({ nodes: [] }).node('n')).rejects.toThrow('nodes "n" not found');
    const unknown = dialerOver({ nodes: [node([{ type: 'Odd', address: 'x' }])] });
    await expect(unknown.node('n')).rejects.toThrow('no preferred addresses found; known addresses: [{Odd x}]');
  });

  test('another port of one, but for addresses that nobody may be led to', async () => {
    const at = (address: string) => dialerOver({ nodes: [node([{ type: 'InternalIP', address }])] });
    expect(urlOf(await at('10.0.0.1').node('n', 9100))).toBe('http://10.0.0.1:9100');
    expect(urlOf(await at('10.0.0.1').node('n', 9100, 'https'))).toBe('https://10.0.0.1:9100');
    await expect(at('127.0.0.1').node('n', 9100)).rejects.toThrow('address not allowed');
  });

  test("is asked with the API server's own certificate, at the address it has at that moment", async () => {
    const serve = async (name: string) => {
      const server = await HttpServer.start({
        environment,
        address: { host: '127.0.0.1', port: 0 },
        tls: serverTls,
        handler: {
          fetch: async (_, { certificate }) => ({
            status: 200,
            headers: {},
            body: Buffer.from(`${name} ${certificate?.commonName}`),
          }),
        },
      });
      cleanups.push(() => server.close());
      return server.port;
    };
    const address = [{ type: 'InternalIP', address: '127.0.0.1' }];
    const objects = { nodes: [node(address, await serve('first'))] };
    const dialer = dialerOver(objects);
    const ask = async () =>
      readHttpText((await (await dialer.node('n')).fetch({ method: 'GET', path: '/', headers: {} })).body);
    expect(await ask()).toBe('first ann');
    objects.nodes = [node(address, await serve('second'))];
    expect(await ask()).toBe('second ann');
  });
});

describe('pods', () => {
  const pod = (podIP?: string) => ({ pods: [{ metadata: { name: 'p' }, status: { podIP } }] });
  test('by their address', async () => {
    expect(urlOf(await dialerOver(pod('10.0.0.5')).pod('a', 'p', 8080))).toBe('http://10.0.0.5:8080');
    expect(urlOf(await dialerOver(pod('fd00::5')).pod('a', 'p', 443, 'https'))).toBe('https://[fd00::5]:443');
  });

  test('without one, or with one that nobody may be led to', async () => {
    await expect(dialerOver(pod()).pod('a', 'p', 80)).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
    await expect(dialerOver(pod('169.254.169.254')).pod('a', 'p', 80)).rejects.toThrow('address not allowed');
  });
});

describe('services', () => {
  const slice = (endpoints: object[], addressType = 'IPv4') => ({
    metadata: { name: 'x', namespace: 'a', labels: { 'kubernetes.io/service-name': 's' } },
    addressType,
    ports: [{ name: 'web', port: 8080 }, { port: 9090 }],
    endpoints,
  });
  const services = [{ metadata: { name: 's' }, spec: { ports: [{ name: 'web', port: 80 }] } }];
  const addresses = ['10.0.0.1', '10.0.0.2', 'example.com', '127.0.0.1'];
  const pods = addresses.map((podIP) => ({ metadata: { name: `p-${podIP}` }, status: { podIPs: [{ ip: podIP }] } }));
  const at = (address: string, more: object = {}) => ({
    addresses: [address],
    targetRef: { kind: 'Pod', namespace: 'a', name: `p-${address}` },
    ...more,
  });
  const over = (...endpointslices: object[]) => dialerOver({ services, endpointslices, pods });

  test('by the number or the name of a port, at an endpoint that is ready', async () => {
    const dialer = over(slice([at('10.0.0.1', { conditions: { ready: false } }), at('10.0.0.2')]));
    expect(urlOf(await dialer.service('a', 's', 80))).toBe('http://10.0.0.2:8080');
    expect(urlOf(await dialer.service('a', 's', 'web', 'https'))).toBe('https://10.0.0.2:8080');
    expect(urlOf(await dialer.service('a', 's', ''))).toBe('http://10.0.0.2:9090');
  });

  test('at any of them', async () => {
    const dialer = over(slice([at('10.0.0.1')]), slice([at('10.0.0.2')]));
    const seen = new Set<string | undefined>();
    for (let each = 0; each < 100; each++) seen.add(urlOf(await dialer.service('a', 's', 'web')));
    expect(seen.size).toBe(2);
  });

  test.each([
    ['an unknown number', 99, 'no service port 99 found for service "s"'],
    ['an unknown name', 'nope', 'no endpoints available for service "s"'],
  ])('%s', async (_, port, message) => {
    await expect(over(slice([at('10.0.0.1')])).service('a', 's', port)).rejects.toThrow(message);
  });

  test('without a ready endpoint, or with names in place of addresses', async () => {
    await expect(over().service('a', 's', 'web')).rejects.toThrow('no endpoints available for service "s"');
    await expect(over(slice([at('example.com')], 'FQDN')).service('a', 's', 'web')).rejects.toThrow('no endpoints');
    await expect(over(slice([at('127.0.0.1')])).service('a', 's', 'web')).rejects.toThrow('address not allowed');
  });

  test.each([
    ['is no pod', { targetRef: undefined }],
    ['is a pod that is gone', { targetRef: { namespace: 'a', name: 'gone' } }],
    ['is a pod of another namespace', { targetRef: { namespace: 'b', name: 'p-10.0.0.1' } }],
    ['has another address than its pod', { addresses: ['10.0.0.9'] }],
  ])('not at an endpoint that %s', async (_, more) => {
    await expect(over(slice([at('10.0.0.1', more)])).service('a', 's', 'web')).rejects.toThrow(
      'no endpoints available',
    );
    expect(urlOf(await over(slice([at('10.0.0.1', more), at('10.0.0.2')])).service('a', 's', 'web'))).toBe(
      'http://10.0.0.2:8080',
    );
  });
});

test.each([
  ['10.0.0.1', true],
  ['192.168.1.1', true],
  ['fd00::1', true],
  ['127.0.0.1', false],
  ['127.8.8.8', false],
  ['169.254.169.254', false],
  ['224.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::1', false],
  ['::ffff:127.0.0.1', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['example.com', false],
  ['', false],
])('%s may be proxied to: %s', (address, expected) => {
  expect(isProxyableAddress(address)).toBe(expected);
});
