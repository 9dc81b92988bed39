import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ApiServer } from '../../src/apiserver/api-server.ts';
import type { Client } from '../../src/client/client.ts';
import type { Informer, InformerFactory } from '../../src/client/informer.ts';
import { createInformerFactory } from '../../src/client/informers/informer-factory.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import { silentMetrics } from '../../src/machinery/metrics.ts';
import type { KubeObject } from '../../src/machinery/object.ts';
import type { ResourceType } from '../../src/machinery/resource-type.ts';
import { ServiceProxy } from '../../src/network/proxy/service-proxy.ts';
import { builtInDefinitions } from '../../src/resources/built-in.ts';
import type { PodSpec, ServiceSpec } from '../../src/resources/schema/core-v1.generated.ts';
import type { Endpoint } from '../../src/resources/schema/discovery-v1.generated.ts';
import {
  endpointSlices,
  namespaces,
  nodes,
  pods,
  services,
} from '../../src/resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { admin, allowAll } from '../support/test-api-server.ts';
import { bridge, NetworkLab, nodeAddress, outsideAddress } from './network-lab.ts';

const namespace = 'shop';
const nodeName = 'lab';
const clusterIp = '10.96.0.5';
const nodePort = 30080;

const here = (address: string, more: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [address],
  nodeName,
  conditions: { ready: true, serving: true, terminating: false },
  ...more,
});
const pod1 = here('10.244.0.11');
const pod2 = here('10.244.0.12');
const far = here('10.244.1.11', { nodeName: 'other' });

/** The rules for services in a real kernel, with real clients and servers in namespaces of their own. */
describe.skipIf(inject('missing').length > 0)('traffic to services', () => {
  let lab: NetworkLab;
  let server: ApiServer;
  let client: Client;
  let proxy: ServiceProxy;
  const endings: (() => Promise<void> | void)[] = [];
  let informers: InformerFactory;

  beforeAll(async () => {
    lab = new NetworkLab();
    endings.push(() => lab.close());
    const { environment } = lab;
    server = new ApiServer({
      environment,
      logger: silentLogger,
      definitions: builtInDefinitions,
      authorizers: [allowAll],
      admission: [],
      store: new MemoryStore({ environment }),
    });
    await server.start();
    endings.push(() => server.stop());
    client = server.client(admin, 'test');
    await client.create(namespaces, { metadata: { name: namespace } });
    await client.create(nodes, { metadata: { name: nodeName } });
    informers = createInformerFactory({ client, environment, logger: silentLogger });
    endings.push(() => informers.stop());
    proxy = makeProxy();
    endings.push(() => proxy.stop());
    await proxy.start();
    lab.pod('pod1', '10.244.0.11');
    lab.pod('pod2', '10.244.0.12');
    lab.pod('far', '10.244.1.11');
    await lab.serve('pod1', 'tcp', 8080);
    await lab.serve('pod2', 'tcp', 8080);
    await lab.serve('outside', 'tcp', 8080, 'far');
    await lab.serve('pod1', 'udp', 5353);
    await lab.serve('pod2', 'udp', 5353);
  });
  afterAll(async () => {
    for (const end of endings.reverse()) await end();
  });

  const makeProxy = () =>
    new ServiceProxy({
      table: 'lab',
      bridge,
      podRange: '10.244.0.0/16',
      clusterRange: '10.96.0.0/16',
      informers,
      host: lab.host(),
      environment: lab.environment,
      logger: silentLogger,
      metrics: silentMetrics,
      recorder: { event: () => {} },
      nodeName,
    });

  /** Makes or replaces the one service of a test and its endpoints, and waits until the kernel has them. */
  async function put(spec: Partial<ServiceSpec>, endpoints: readonly Endpoint[], status: object = {}): Promise<void> {
    await gone();
    const ports = [
      { name: 'http', port: 80, targetPort: 8080, nodePort },
      { name: 'dns', port: 53, targetPort: 5353, nodePort: 30053, protocol: 'UDP' },
    ];
    await client.create(services, {
      metadata: { namespace, name: 'web' },
      spec: { type: 'NodePort', clusterIP: clusterIp, clusterIPs: [clusterIp], ports, ...spec },
      status,
    });
    if (Object.keys(status).length > 0) {
      const made = await client.get(services, { namespace, name: 'web' });
      await client.update(services, { ...made, status }, { subresource: 'status' });
    }
    await client.create(endpointSlices, {
      metadata: { namespace, name: 'web', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [
        { name: 'http', port: 8080 },
        { name: 'dns', port: 5353, protocol: 'UDP' },
        { name: 'signals', port: 9999, protocol: 'SCTP' },
      ],
      endpoints,
    });
    await settle();
  }

  async function setEndpoints(endpoints: readonly Endpoint[]): Promise<void> {
    const slice = await client.get(endpointSlices, { namespace, name: 'web' });
    await client.update(endpointSlices, { ...slice, endpoints });
    await settle();
  }

  async function gone(): Promise<void> {
    await client.delete(endpointSlices, { namespace, name: 'web' }).catch(() => {});
    await client.delete(services, { namespace, name: 'web' }).catch(() => {});
    await settle();
  }

  /** Resolves when the proxy has heard of all that was written, and the kernel of that. */
  async function settle(): Promise<void> {
    const heard = async <T extends KubeObject>(type: ResourceType<T>, informer: Informer<T>) => {
      const { items } = await client.list(type);
      const versions = (objects: Iterable<T>) =>
        [...objects].map(({ metadata }) => metadata.resourceVersion).toSorted();
      while (versions(informer.list()).join() !== versions(items).join()) await lab.environment.sleep(5);
    };
    await heard(services, informers.informer(services));
    await heard(endpointSlices, informers.informer(endpointSlices));
    await heard(pods, informers.informer(pods, { fieldSelector: `spec.nodeName=${nodeName}` }));
    await proxy.settled();
  }

  const many = async (ask: () => Promise<string>, times = 12) => {
    const answers: string[] = [];
    for (let turn = 0; turn < times; turn++) answers.push(await ask());
    return [...new Set(answers)].toSorted();
  };

  test('a cluster address leads to all endpoints, from pods, the node and outside', async () => {
    await put({}, [pod1, pod2]);
    expect(await many(() => lab.tcp('pod1', clusterIp, 80))).toEqual([
      // A pod that meets itself sees the node, for it would not answer to its own address.
      'pod1 10.244.0.1',
      'pod2 10.244.0.11',
    ]);
    expect(await many(() => lab.tcp('node', clusterIp, 80))).toEqual(['pod1 10.244.0.1', 'pod2 10.244.0.1']);
    expect(await many(() => lab.tcp('outside', clusterIp, 80))).toEqual(['pod1 10.244.0.1', 'pod2 10.244.0.1']);
  });

  test('a node port answers on every address of the node, loopback too', async () => {
    await put({}, [pod1]);
    expect(await lab.tcp('outside', nodeAddress, nodePort)).toBe('pod1 10.244.0.1');
    for (const address of [nodeAddress, '127.0.0.1', '10.244.0.1'])
      expect(await lab.tcp('node', address, nodePort)).toBe('pod1 10.244.0.1');
    expect(await lab.tcp('pod2', nodeAddress, nodePort)).toBe('pod1 10.244.0.1');
  });

  test('loopback is not open to neighbours', async () => {
    lab.run('outside', ['ip', 'route', 'add', '127.0.0.9/32', 'via', nodeAddress]);
    expect(await lab.tcp('outside', '127.0.0.9', nodePort)).not.toMatch(/^pod/);
  });

  test('without endpoints everybody is refused at once', async () => {
    await put({}, []);
    for (const where of ['pod1', 'node', 'outside']) expect(await lab.tcp(where, clusterIp, 80)).toBe('ECONNREFUSED');
    expect(await lab.tcp('outside', nodeAddress, nodePort)).toBe('ECONNREFUSED');
    expect(await lab.tcp('node', '127.0.0.1', nodePort)).toBe('ECONNREFUSED');
  });

  test('another port of a cluster address is refused; an address that nobody has is silent', async () => {
    await put({}, [pod1]);
    expect(await lab.tcp('pod1', clusterIp, 81)).toBe('ECONNREFUSED');
    expect(await lab.tcp('pod1', '10.96.9.9', 80)).toBe('silence');
  });

  test('externalTrafficPolicy Local keeps the source, and drops where no endpoint is here', async () => {
    await put({ externalTrafficPolicy: 'Local' }, [pod1, far]);
    expect(await many(() => lab.tcp('outside', nodeAddress, nodePort))).toEqual([`pod1 ${outsideAddress}`]);
    await setEndpoints([far]);
    expect(await lab.tcp('outside', nodeAddress, nodePort)).toBe('silence');
    // From inside the policy does not count.
    expect(await lab.tcp('pod2', nodeAddress, nodePort)).toMatch(/^far /);
    expect(await lab.tcp('node', '127.0.0.1', nodePort)).toMatch(/^far /);
  });

  test('internalTrafficPolicy Local stays here or is dropped', async () => {
    await put({ internalTrafficPolicy: 'Local' }, [pod1, far]);
    expect(await many(() => lab.tcp('pod2', clusterIp, 80))).toEqual(['pod1 10.244.0.12']);
    await setEndpoints([far]);
    expect(await lab.tcp('pod2', clusterIp, 80)).toBe('silence');
  });

  test('external addresses and those of load balancers need not leave the node', async () => {
    const ingress = [{ ip: '203.0.113.2', ipMode: 'VIP' }];
    await put(
      { type: 'LoadBalancer', externalIPs: ['203.0.113.1'], loadBalancerSourceRanges: ['10.244.0.11/32'] },
      [pod1],
      { loadBalancer: { ingress } },
    );
    expect(await lab.tcp('pod2', '203.0.113.1', 80)).toBe('pod1 10.244.0.1');
    expect(await lab.tcp('outside', '203.0.113.1', 80)).toBe('pod1 10.244.0.1');
    expect(await lab.tcp('pod1', '203.0.113.2', 80)).toBe('pod1 10.244.0.1');
    expect(await lab.tcp('pod2', '203.0.113.2', 80)).toBe('silence');
  });

  test('a client comes back to its endpoint until its time is up', async () => {
    const clientIP = { timeoutSeconds: 2 };
    await put({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP } }, [pod1, pod2]);
    expect(await many(() => lab.tcp('outside', clusterIp, 80), 20)).toHaveLength(1);
    const [answer = ''] = await many(() => lab.tcp('outside', nodeAddress, nodePort), 1);
    const stays = answer.startsWith('pod1') ? pod1 : pod2;
    // Others coming and going change nothing for who is here already.
    await setEndpoints([stays]);
    await setEndpoints([pod1, pod2]);
    expect(await many(() => lab.tcp('outside', nodeAddress, nodePort))).toEqual([answer]);
    const seen = new Set<string>();
    for (let turn = 0; turn < 12 && seen.size < 2; turn++) {
      await lab.environment.sleep(2_100);
      seen.add(await lab.tcp('outside', clusterIp, 80));
    }
    expect(seen.size).toBe(2);
  });

  test('a client keeps its endpoint when the agent is started anew', async () => {
    await put({ sessionAffinity: 'ClientIP' }, [pod1, pod2]);
    const before = await lab.tcp('outside', clusterIp, 80);
    await proxy.stop();
    proxy = makeProxy();
    await proxy.start();
    expect(await many(() => lab.tcp('outside', clusterIp, 80), 20)).toEqual([before]);
  });

  test('endpoints that end are used while no other is there', async () => {
    const conditions = { ready: false, serving: true, terminating: true };
    await put({}, [{ ...pod1, conditions }]);
    expect(await lab.tcp('pod2', clusterIp, 80)).toBe('pod1 10.244.0.12');
    await setEndpoints([{ ...pod1, conditions }, pod2]);
    expect(await many(() => lab.tcp('node', clusterIp, 80))).toEqual(['pod2 10.244.0.1']);
  });

  describe('a client of datagrams that keeps its port', () => {
    test.each([
      ['by the cluster address', 'pod2', clusterIp, 53, 40_001],
      ['by a node port', 'outside', nodeAddress, 30_053, 40_002],
    ] as const)('is led to the next pod when its own is gone, %s', async (_how, where, address, port, from) => {
      await put({}, [pod1]);
      expect(await lab.udp(where, address, port, from)).toMatch(/^pod1 /);
      await setEndpoints([pod2]);
      expect(await lab.udp(where, address, port, from)).toMatch(/^pod2 /);
      await setEndpoints([]);
      expect(await lab.udp(where, address, port, from)).not.toMatch(/^pod/);
      await setEndpoints([pod1]);
      expect(await lab.udp(where, address, port, from)).toMatch(/^pod1 /);
    });

    test('is left alone when another pod is gone', async () => {
      await put({}, [pod1, pod2]);
      const before = await lab.udp('outside', clusterIp, 53, 40_003);
      await setEndpoints([before.startsWith('pod1') ? pod1 : pod2]);
      await setEndpoints([pod1, pod2]);
      expect(await many(() => lab.udp('outside', clusterIp, 53, 40_003))).toEqual([before]);
    });

    test('finds a service that did not exist when it began', async () => {
      await gone();
      expect(await lab.udp('outside', nodeAddress, 30_053, 40_004)).not.toMatch(/^pod/);
      await put({}, [pod1]);
      expect(await lab.udp('outside', nodeAddress, 30_053, 40_004)).toMatch(/^pod1 /);
    });
  });

  // Nothing of Node.js speaks it: that the kernel takes the rules, and has them as they were meant, has to do.
  test('a service and a host port may be of SCTP', async () => {
    const ports = [{ name: 'signals', port: 3868, targetPort: 9999, nodePort: 30_068, protocol: 'SCTP' }];
    const rules = () => lab.run('node', ['nft', 'list', 'table', 'ip', 'lab']);
    await put({ ports }, [pod1, pod2]);
    expect(rules()).toMatch(/sctp \. 10\.96\.0\.5 \. 3868 : goto cluster-/);
    expect(rules()).toMatch(/sctp \. 30068 : goto external-/);
    expect(rules()).toMatch(/meta l4proto sctp dnat (ip )?to .*10\.244\.0\.12 \. 9999/);
    await put({ ports, sessionAffinity: 'ClientIP' }, [pod1, pod2]);
    expect(rules()).toMatch(/meta l4proto sctp dnat (ip )?to 10\.244\.0\.11:9999/);
    await setEndpoints([]);
    expect(rules()).toMatch(/sctp \. 10\.96\.0\.5 \. 3868 : goto refuse/);
    await gone();
    const container = { name: 'c', image: 'c', ports: [{ containerPort: 9999, hostPort: 9099, protocol: 'SCTP' }] };
    const pod = await client.create(pods, {
      metadata: { namespace, name: 'p' },
      spec: { nodeName, containers: [container] },
    });
    const status = { phase: 'Running', podIP: '10.244.0.11', podIPs: [{ ip: '10.244.0.11' }] };
    await client.update(pods, { ...pod, status }, { subresource: 'status' });
    await settle();
    expect(rules()).toContain('sctp . 9099 : 10.244.0.11 . 9999');
    await client.delete(pods, { namespace, name: 'p' }, { gracePeriodSeconds: 0 });
    await settle();
    expect(rules()).not.toContain('sctp . ');
  });

  test('a pod has the port of the node that it asks for, and only while it is there', async () => {
    await gone();
    const spec: PodSpec = {
      nodeName,
      containers: [
        {
          name: 'c',
          image: 'c',
          ports: [
            { containerPort: 8080, hostPort: 9090 },
            { containerPort: 8080, hostPort: 9091, hostIP: '127.0.0.1' },
            { containerPort: 5353, hostPort: 9053, protocol: 'UDP' },
          ],
        },
      ],
    };
    expect(await lab.udp('outside', nodeAddress, 9053, 40_005)).not.toMatch(/^pod/);
    const pod = await client.create(pods, { metadata: { namespace, name: 'p' }, spec });
    const status = { phase: 'Running', podIP: '10.244.0.11', podIPs: [{ ip: '10.244.0.11' }] };
    await client.update(pods, { ...pod, status }, { subresource: 'status' });
    await settle();
    expect(await lab.tcp('outside', nodeAddress, 9090)).toBe(`pod1 ${outsideAddress}`);
    expect(await lab.tcp('node', '127.0.0.1', 9090)).toBe('pod1 10.244.0.1');
    // Its own port, as everybody reaches it.
    expect(await lab.tcp('pod1', nodeAddress, 9090)).toBe('pod1 10.244.0.1');
    expect(await lab.tcp('node', '127.0.0.1', 9091)).toBe('pod1 10.244.0.1');
    expect(await lab.tcp('outside', nodeAddress, 9091)).toBe('ECONNREFUSED');
    expect(await lab.udp('outside', nodeAddress, 9053, 40_005)).toMatch(/^pod1 /);
    await client.delete(pods, { namespace, name: 'p' }, { gracePeriodSeconds: 0 });
    await settle();
    expect(await lab.tcp('outside', nodeAddress, 9090)).toBe('ECONNREFUSED');
    expect(await lab.udp('outside', nodeAddress, 9053, 40_005)).not.toMatch(/^pod/);
  });
});
