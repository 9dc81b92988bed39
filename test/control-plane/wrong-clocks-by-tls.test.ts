import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BackOffOptions, followingBackOff } from '../../src/client/back-off.ts';
import { connect } from '../../src/client/https/connect.ts';
import { createInformerFactory } from '../../src/client/informers/informer-factory.ts';
import { clusterConnection } from '../../src/client/kubeconfig/cluster-connection.ts';
import { knownServers } from '../../src/client/kubeconfig/known-servers.ts';
import { readKubeconfig } from '../../src/client/kubeconfig/kubeconfig-file.ts';
import { ControlPlane } from '../../src/cluster/control-plane/control-plane.ts';
import { adminUser } from '../../src/cluster/control-plane/users.ts';
import { createToken } from '../../src/cluster/tokens/join-tokens.ts';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { SkewedEnvironment } from '../../src/machinery/environment/skewed.ts';
import { type Logger, silentLogger } from '../../src/machinery/log.ts';
import { silentMetrics } from '../../src/machinery/metrics.ts';
import { type Agent, startAgent } from '../../src/node/agent.ts';
import { certificatePair } from '../../src/node/certificates/certificate-file.ts';
import { explainFailure } from '../../src/node/certificates/explain-failure.ts';
import { IdentityFiles } from '../../src/node/certificates/identity-files.ts';
import { joinCluster, requireIdentity } from '../../src/node/certificates/join-cluster.ts';
import { nodeSubject } from '../../src/node/certificates/node-subject.ts';
import { reachByHttps } from '../../src/node/certificates/reach-api.ts';
import { LinuxFiles } from '../../src/node/host/linux/linux-files.ts';
import { createSimulatedMachine } from '../../src/node/simulated-machine.ts';
import { ownSources } from '../../src/node/sources.ts';
import { nodes, pods } from '../../src/resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { HttpServer } from '../../src/wire/http-server.ts';
import { CertificateAuthority } from '../../src/wire/pki/certificate-authority.ts';
import { publicKeyHash } from '../../src/wire/pki/public-key-hash.ts';

const hourMs = 3600_000;
const dayMs = 24 * hourMs;
const nodeName = 'n1';
/** A node waits longer before it gives a request up and tries again, and says the same. */
const patienceMs = 500;
const backOff: BackOffOptions = { ...followingBackOff, initialMs: 100, maximumMs: 200 };

/**
 * A node that joined over real TLS, whose library reads the clock of the machine. So that the two sides differ, certificates are issued by
 * the clock of a server that is ahead or behind: whoever is shown one sees what a machine sees whose own clock is wrong the other way.
 */
const environment = new RealEnvironment();
const serverClock = new SkewedEnvironment(environment);
const authority = CertificateAuthority.create(environment, { commonName: 'ca', validityMs: 3650 * dayMs });
const issuing = CertificateAuthority.load(serverClock, authority.certificate.pem, authority.keyPem);
const directory = mkdtempSync(join(tmpdir(), 'stuurman-clocks-'));
const identity = new IdentityFiles(new LinuxFiles(environment), directory);
const store = new MemoryStore({ environment });
const warnings: string[] = [];
const logger: Logger = {
  ...silentLogger,
  warn: (message, fields) => void warnings.push(`${message}: ${fields?.['err']}`),
  child: () => logger,
};
const cleanUps: (() => unknown)[] = [];
let server: HttpServer | undefined;
let port = 0;
let controlPlane: ControlPlane;
let agent: Agent;

const url = () => `https://127.0.0.1:${port}`;
const client = () => controlPlane.client(adminUser);

/** The API answers with a certificate that was issued while the clock of the server was so much ahead. */
async function serve(aheadMs: number): Promise<void> {
  await server?.close(0);
  serverClock.skewMs = aheadMs;
  const { certificate, keyPem } = issuing.issue({
    commonName: 'kube-apiserver',
    usages: ['serverAuth'],
    dnsNames: ['kubernetes.default.svc'],
    ipAddresses: ['127.0.0.1'],
    validityMs: dayMs,
  });
  serverClock.skewMs = 0;
  server = await HttpServer.start({
    environment,
    handler: { fetch: (...args) => controlPlane.api.fetch(...args) },
    address: { host: '127.0.0.1', port },
    tls: { certificatePem: certificate.pem, keyPem, clientAuthorityPem: authority.certificate.pem },
  });
  ({ port } = server);
}

function connected() {
  const connection = clusterConnection(environment, readKubeconfig(identity.kubeconfig));
  const servers = knownServers(environment, identity.kubeconfig);
  const made = connect(environment, connection, { servers, patienceMs });
  cleanUps.push(() => made.close());
  return made.client;
}

async function joinAsNode(): Promise<unknown> {
  const { token } = await createToken(client(), environment, { ttlMs: hourMs, description: '' });
  const trust = { authorityHashes: [publicKeyHash(authority.certificate)] };
  const reach = reachByHttps(environment, 'test');
  return joinCluster({ environment, identity, nodeName, servers: [url()], token, trust, reach });
}

beforeAll(async () => {
  // What the control plane publishes names the port.
  await serve(0);
  controlPlane = new ControlPlane({
    environment,
    store,
    logger: silentLogger,
    metrics: silentMetrics,
    podRange: '10.244.0.0/16',
    serviceRange: '10.96.0.0/16',
    serviceAccountKey: authority.keyPair.privateKey,
    authorityPem: authority.certificate.pem,
    authority: () => authority,
    joinServers: [url()],
    volumeDirectory: '/var/lib/volumes',
  });
  await controlPlane.serve();
  await controlPlane.work();
});
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  await server?.close(0);
  await controlPlane.stop();
  await store.close();
  rmSync(directory, { recursive: true });
});

const readyAt = async () => {
  const node = await client().get(nodes, { name: nodeName });
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' ? Date.parse(ready.lastHeartbeatTime ?? '') : undefined;
};

test.each([
  [
    'behind',
    2 * dayMs,
    /the certificate of https:\S+ is not valid yet by the clock of this machine \(.*\): set the clock/,
  ],
  ['ahead', -2 * dayMs, /the certificate of https:\S+ has expired by the clock of this machine \(.*\): set the clock/],
])('a machine whose clock is days %s does not join, and is told why', async (_, serverAheadMs, message) => {
  await serve(serverAheadMs);
  await expect(joinAsNode()).rejects.toThrow(message);
});

test('a machine whose clock is right joins, and is a node', async () => {
  await serve(0);
  await joinAsNode();
  const node = connected();
  const informers = createInformerFactory({ client: node, environment, logger, backOff });
  const machine = createSimulatedMachine({
    environment,
    hostname: nodeName,
    address: '172.30.0.10',
    podCidr: '100.64.0.0/24',
  });
  agent = await startAgent({
    client: node,
    sources: ownSources({ client: node, informers, environment, logger, nodeName }),
    runtime: machine.runtime,
    host: machine.host,
    environment,
    logger,
    metrics: silentMetrics,
    nodeName,
    config: { nodeStatusUpdateMs: 200, nodeStatusReportMs: 200 },
  });
  cleanUps.push(
    () => machine.runtime.close(),
    () => informers.stop(),
    () => agent.stop(),
  );
  await expect.poll(readyAt).toBeGreaterThan(0);
});

test('a node whose clock is set back says why the API is lost, runs on, and goes on when it is mended', async () => {
  const run = (name: string) =>
    client().create(pods, {
      metadata: { name, namespace: 'default' },
      spec: { nodeName, containers: [{ name: 'main', image: 'app:1' }] },
    });
  const statusOf = async (name: string) => (await client().get(pods, { namespace: 'default', name })).status;
  await run('before');
  await expect.poll(async () => (await statusOf('before'))?.phase).toBe('Running');
  const before = (await statusOf('before'))?.containerStatuses;
  await serve(2 * dayMs);
  const reason = 'the certificate is not valid yet by the clock of this machine';
  await expect.poll(() => warnings).toContainEqual(expect.stringContaining(reason));
  await run('during');
  await serve(0);
  await expect.poll(async () => (await statusOf('during'))?.phase).toBe('Running');
  expect((await statusOf('before'))?.containerStatuses).toEqual(before);
});

/** Starts the agent of a node as a process of its own, which is to end by itself; answers what it said. */
async function agentEnds(): Promise<string> {
  const settings = join(directory, 'agent.json');
  writeFileSync(settings, JSON.stringify({ nodeName, directory, identityDirectory: directory }));
  const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const child = spawn(process.execPath, [program, 'agent', settings], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(code).toBe(1);
  return said;
}

test.each([
  [
    'behind',
    -2 * dayMs,
    /the client certificate of the node n1 expired at .*, and it is .*: run "stuurman token create .* If the clock of this machine is wrong, set it/,
  ],
  [
    'ahead',
    2 * dayMs,
    /the client certificate of the node n1 is valid from .*, and the clock of this machine says .*: set the clock/,
  ],
])(
  'a node whose certificate was issued by a clock that was days %s does not start, and the server does not know it',
  async (_, aheadMs, problem) => {
    const good = await identity.client.read();
    serverClock.skewMs = aheadMs;
    const leaf = issuing.issue({ ...nodeSubject(nodeName), usages: ['clientAuth'], validityMs: dayMs });
    serverClock.skewMs = 0;
    await identity.client.write(certificatePair(leaf.certificate, leaf.keyPair));
    await expect(requireIdentity(identity, nodeName, environment.now())).rejects.toThrow(problem);
    expect(await agentEnds()).toMatch(problem);
    const refused = await connected()
      .get(nodes, { name: nodeName })
      .then(undefined, (error: unknown) => error);
    expect(refused).toMatchObject({ reason: 'Unauthorized' });
    const attempt = { servers: [url()], now: environment.now(), shown: 'certificate' } as const;
    expect(String(explainFailure(refused, attempt))).toContain('does not accept the client certificate of this node');
    if (good !== undefined) await identity.client.write(good);
    expect((await connected().get(nodes, { name: nodeName })).metadata.name).toBe(nodeName);
  },
);
