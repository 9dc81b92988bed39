import { afterEach, expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import { NodeWorld } from '../../../test/support/node-world.ts';
import { clientCredential, serverTls, testAuthority } from '../../../test/support/pki.ts';
import { silentLogger } from '../../machinery/log.ts';
import { readHttpText } from '../../wire/http-body.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import { HttpClient } from '../../wire/http-client.ts';
import { webSocketExec } from '../../wire/remote-command/websocket-exec-client.ts';
import { serveNodeApi } from './serve-node-api.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const authorityPem = testAuthority.certificate.pem;
const asAnn = { authorityPem, certificatePem: clientCredential.certificate.pem, keyPem: clientCredential.keyPem };

async function serve(allowed: string) {
  const world = await NodeWorld.start();
  cleanups.push(() => world.close());
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const server = await serveNodeApi({
    api: world.nodeApi,
    environment: realEnvironment,
    logger: silentLogger,
    address: { host: '127.0.0.1', port: 0 },
    tls: serverTls,
    allow: ({ commonName }) => commonName === allowed,
  });
  cleanups.push(() => server.close());
  return (tls: ClientTls) => {
    const client = new HttpClient({ environment: realEnvironment, url: `https://127.0.0.1:${server.port}`, tls });
    cleanups.push(() => client.close());
    return client;
  };
}

const get = async (client: HttpClient, path: string) => {
  const { status, body } = await client.fetch({ method: 'GET', path, headers: {} });
  return [status, await readHttpText(body, 100_000)];
};

test('answers those who prove that they may ask', async () => {
  const connect = await serve('ann');
  const client = connect(asAnn);
  expect(await get(client, '/healthz')).toEqual([200, 'ok']);
  const options = { stdin: false, stdout: true, stderr: false, tty: false };
  const path = '/exec/default/web/main?command=hostname&output=1';
  const session = await webSocketExec(realEnvironment, client, path, options);
  let text = '';
  for await (const chunk of session.stdout ?? []) text += Buffer.from(chunk).toString('utf8');
  expect(text).toBe('web\n');
  expect(await session.exit).toBe(0);
});

test('answers nobody else', async () => {
  const connect = await serve('kube-apiserver');
  expect(await get(connect({ authorityPem }), '/healthz')).toEqual([401, 'Unauthorized']);
  expect(await get(connect(asAnn), '/healthz')).toEqual([
    403,
    'Forbidden (user=ann, verb=get, resource=nodes, subresource(s)=[proxy])\n',
  ]);
  const upgrade = webSocketExec(realEnvironment, connect({ authorityPem }), '/exec/default/web/main?output=1', {
    stdin: false,
    stdout: true,
    stderr: false,
    tty: false,
  });
  await expect(upgrade).rejects.toThrow('Unauthorized');
});
