import { afterEach, expect, test } from 'vitest';
import { serverTls, testAuthority } from '../../../test/support/pki.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import { HttpServer } from '../../wire/http-server.ts';
import type { ClusterConnection } from '../kubeconfig/cluster-connection.ts';
import { connect } from './connect.ts';

const environment = new RealEnvironment();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(name: string, expectedToken: () => string): Promise<HttpServer> {
  const server = await HttpServer.start({
    environment,
    address: { host: '127.0.0.1', port: 0 },
    tls: serverTls,
    handler: {
      fetch: async (request) => {
        const status = request.headers['authorization'] === `Bearer ${expectedToken()}` ? 200 : 401;
        const body = Buffer.from(
          JSON.stringify({ metadata: { name }, data: { agent: request.headers['user-agent'] } }),
        );
        return { status, headers: {}, body };
      },
    },
  });
  cleanups.push(() => server.close());
  return server;
}

const tls = { authorityPem: testAuthority.certificate.pem };
const urlOf = (server: HttpServer) => `https://127.0.0.1:${server.port}`;

test('over real sockets, from one server to another when the first goes away', async () => {
  const first = await serve('first', () => 't');
  const second = await serve('second', () => 't');
  const connection: ClusterConnection = {
    server: urlOf(first),
    namespace: undefined,
    tls: () => tls,
    token: () => 't',
    refused: () => false,
  };
  const { client, close } = connect(environment, connection, {
    servers: () => [urlOf(first), urlOf(second)],
    userAgent: 'me/1',
  });
  cleanups.push(close);
  const key = { namespace: 'a', name: 'b' };
  expect(await client.get(configMaps, key)).toEqual({ metadata: { name: 'first' }, data: { agent: 'me/1' } });
  await first.close();
  expect(await client.get(configMaps, key)).toMatchObject({ metadata: { name: 'second' } });
});

test('credentials that are refused are asked for again, once', async () => {
  const server = await serve('only', () => 'new');
  let token = 'old';
  let refusals = 0;
  const connection: ClusterConnection = {
    server: urlOf(server),
    namespace: undefined,
    tls: () => tls,
    token: () => token,
    refused: () => {
      refusals++;
      token = 'new';
      return true;
    },
  };
  const { client, close } = connect(environment, connection);
  cleanups.push(close);
  expect(await client.get(configMaps, { namespace: 'a', name: 'b' })).toMatchObject({ metadata: { name: 'only' } });
  expect(refusals).toBe(1);
});
