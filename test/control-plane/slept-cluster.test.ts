import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/client/https/connect.ts';
import { clusterConnection } from '../../src/client/kubeconfig/cluster-connection.ts';
import { parseKubeconfig } from '../../src/client/kubeconfig/kubeconfig.ts';
import { DataDirectory } from '../../src/cluster/files/data-directory.ts';
import { PkiFiles } from '../../src/cluster/files/pki-files.ts';
import { Server } from '../../src/cluster/server/server.ts';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import { configMaps, namespaces } from '../../src/testing.ts';
import { HttpClient } from '../../src/wire/http-client.ts';
import { HttpServer } from '../../src/wire/http-server.ts';
import { parseCertificate } from '../../src/wire/pki/certificate.ts';

const dayMs = 24 * 3600_000;
const now = new RealEnvironment();

/** TLS looks at the machine's clock, so the cluster is born in the past and wakes today. */
class Past extends RealEnvironment {
  readonly #agoMs: number;

  constructor(days: number) {
    super();
    this.#agoMs = days * dayMs;
  }

  override now(): number {
    return super.now() - this.#agoMs;
  }
}

let folder: string;
let port: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slept-'));
  const probe = createServer();
  port = await new Promise<number>((resolve) => {
    probe.listen(0, '127.0.0.1', () => resolve((probe.address() as { port: number }).port));
  });
  await new Promise((resolve) => probe.close(resolve));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function up(directory: DataDirectory, environment: RealEnvironment): Promise<Server> {
  const server = await Server.open({
    environment,
    directory,
    logger: silentLogger,
    port,
    realNode: false,
    simulatedNodes: 0,
    limits: {},
    agentCommand: [],
    notice: () => {},
  });
  await server.serve();
  return server;
}

/** What a kubeconfig comes to: the names of a list, or the error. */
async function listed(text: string): Promise<readonly string[] | string> {
  const { client, close } = connect(now, clusterConnection(now, parseKubeconfig(text, 'test')));
  try {
    return (await client.list(namespaces)).items.map(({ metadata }) => metadata.name ?? '');
  } catch (error) {
    return (error as Error).message;
  } finally {
    close();
  }
}

test('a cluster that slept for 400 days wakes with certificates that are good, and with all that it held', async () => {
  const directory = new DataDirectory(join(folder, 'cluster'));
  const then = await up(directory, new Past(400));
  const authority = readFileSync(join(directory.pki, 'ca.crt'), 'utf8');
  const old = readFileSync(directory.kubeconfig, 'utf8');
  await then.client.create(configMaps, { metadata: { namespace: 'default', name: 'kept' } });
  expect(await listed(old)).toMatch('certificate has expired');
  await then.stop();

  const today = await up(directory, now);
  const renewed = readFileSync(directory.kubeconfig, 'utf8');
  expect(await listed(renewed)).toContain('kube-system');
  // The authority is the same, so the old kubeconfig finds the server; it is its own certificate that has ended.
  expect(await listed(old)).toBe('Unauthorized');
  expect(readFileSync(join(directory.pki, 'ca.crt'), 'utf8')).toBe(authority);
  for (const name of ['server', 'admin']) {
    const pki = new PkiFiles(directory, now);
    const { notAfterMs } = parseCertificate(readFileSync(pki.leafFile(name), 'utf8'));
    expect([name, notAfterMs > now.now() + 364 * dayMs]).toEqual([name, true]);
  }
  expect((await today.client.get(configMaps, { namespace: 'default', name: 'kept' })).metadata.name).toBe('kept');
  await today.stop();
});

test('clients that know the authority from before its renewal, and those that know the new one, meet the same server', async () => {
  const directory = new DataDirectory(join(folder, 'authority'));
  directory.create();
  const before = new PkiFiles(directory, new Past(3000)).authorityPem;
  const pki = new PkiFiles(directory, now);
  expect(pki.authorityPem).not.toBe(before);
  const tls = pki.leaf('server', { commonName: 'server', usages: ['serverAuth'], ipAddresses: ['127.0.0.1'] });
  const server = await HttpServer.start({
    environment: now,
    address: { host: '127.0.0.1', port: 0 },
    tls,
    handler: { fetch: async () => ({ status: 200, headers: {} }) },
  });
  for (const authorityPem of [before, pki.authorityPem]) {
    const client = new HttpClient({ environment: now, url: `https://127.0.0.1:${server.port}`, tls: { authorityPem } });
    expect((await client.fetch({ method: 'GET', path: '/', headers: {} })).status).toBe(200);
    client.close();
  }
  await server.close();
});
