import { afterEach, expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import { NodeWorld } from '../../../test/support/node-world.ts';
import { clientCredential, serverTls, testAuthority } from '../../../test/support/pki.ts';
import { silentLogger } from '../../machinery/log.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import type { TokenReviewSpec } from '../../resources/schema/authentication-v1.generated.ts';
import type { SubjectAccessReviewSpec } from '../../resources/schema/authorization-v1.generated.ts';
import { readHttpText } from '../../wire/http-body.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import { HttpClient } from '../../wire/http-client.ts';
import { webSocketExec } from '../../wire/remote-command/websocket-exec-client.ts';
import { NodeAccess } from './node-access.ts';
import { serveNodeApi } from './serve-node-api.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const authorityPem = testAuthority.certificate.pem;
const asAnn = { authorityPem, certificatePem: clientCredential.certificate.pem, keyPem: clientCredential.keyPem };

/** An API server that knows one token, and gives one user the right to some subresources. */
function reviewer(allowed: string, subresources: readonly string[]) {
  const asked: string[] = [];
  const create = async (type: ResourceType, { spec }: { spec: SubjectAccessReviewSpec & TokenReviewSpec }) => {
    if (type.kind === 'TokenReview') {
      const user = { username: 'system:serviceaccount:monitoring:prometheus', groups: [] };
      return { status: { authenticated: spec.token === 'good', user } };
    }
    const { verb, name, subresource = '' } = spec.resourceAttributes ?? {};
    asked.push(`${verb} ${name} ${subresource}`);
    return { status: { allowed: spec.user === allowed && subresources.includes(subresource) } };
  };
  return { asked, client: { create: create as never } };
}

async function serve(
  allowed: string,
  subresources: readonly string[] = ['proxy'],
  { client, asked } = reviewer(allowed, subresources),
) {
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
    access: new NodeAccess({ client, environment: realEnvironment, logger: silentLogger, nodeName: 'node-1' }),
  });
  cleanups.push(() => server.close());
  const connect = (tls: ClientTls) => {
    const target = new HttpClient({ environment: realEnvironment, url: `https://127.0.0.1:${server.port}`, tls });
    cleanups.push(() => target.close());
    return target;
  };
  return Object.assign(connect, { asked });
}

const get = async (client: HttpClient, path: string, headers = {}) => {
  const { status, body } = await client.fetch({ method: 'GET', path, headers });
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
    'Forbidden (user=ann, verb=get, resource=nodes, subresource(s)=[healthz proxy])\n',
  ]);
  const upgrade = webSocketExec(realEnvironment, connect({ authorityPem }), '/exec/default/web/main?output=1', {
    stdin: false,
    stdout: true,
    stderr: false,
    tty: false,
  });
  await expect(upgrade).rejects.toThrow('Unauthorized');
});

test('whoever may see metrics, by a token, sees those alone, and is asked about once', async () => {
  const connect = await serve('system:serviceaccount:monitoring:prometheus', ['metrics']);
  const client = connect({ authorityPem });
  const headers = { authorization: 'Bearer good' };
  expect((await get(client, '/metrics/resource', headers))[0]).toBe(200);
  expect((await get(client, '/metrics/cadvisor', headers))[0]).toBe(200);
  expect(await get(client, '/stats/summary', headers)).toEqual([
    403,
    'Forbidden (user=system:serviceaccount:monitoring:prometheus, verb=get, resource=nodes, subresource(s)=[stats])\n',
  ]);
  expect(await get(client, '/metrics', { authorization: 'Bearer bad' })).toEqual([401, 'Unauthorized']);
  expect(connect.asked).toEqual(['get node-1 metrics', 'get node-1 stats']);
});
