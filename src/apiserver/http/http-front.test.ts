import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { admin, testApiServer } from '../../../test/support/test-api-server.ts';
import { connection, send } from '../../../test/support/test-http.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import { readHttpBody, readHttpText } from '../../wire/http-body.ts';
import type { ConnectHandler } from '../registry/extension-points.ts';

const collection = '/api/v1/namespaces/default/configmaps';

test('large answers are compressed for those who take it, and made in pieces', async () => {
  const api = await testApiServer();
  const data = { k: 'x'.repeat(100_000) };
  for (let index = 0; index < 8; index++)
    await send(api, 'POST', collection, { metadata: { name: `n${index}` }, data });
  const plain = await send(api, 'GET', collection);
  expect(plain.response.body).not.toBeInstanceOf(Uint8Array);
  expect(plain.value.items).toHaveLength(8);
  const request = { method: 'GET', path: collection, headers: { 'accept-encoding': 'gzip' } };
  const response = await api.server.fetch(request, connection);
  expect(response.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(await readHttpBody(response.body)).toString()).toBe(plain.text);
  const small = await api.server.fetch({ ...request, path: `${collection}/n0` }, connection);
  expect(small.headers['content-encoding']).toBeUndefined();
});

test('a request keeps the id that its client gave it, and gets one otherwise', async () => {
  const api = await testApiServer();
  const idOf = async (headers: Record<string, string>) =>
    (await send(api, 'GET', collection, undefined, headers)).response.headers['audit-id'];
  expect(await idOf({ 'audit-id': 'mine' })).toBe('mine');
  expect(await idOf({})).toMatch(/^[0-9a-f-]{36}$/);
});

test('what goes wrong inside is a 500 for that request alone, with its cause in the log', async () => {
  const logged: unknown[] = [];
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error: (...line: unknown[]) => logged.push(line),
    child: () => logger,
  };
  const api = await testApiServer({
    logger,
    admission: [
      {
        name: 'broken',
        validate: ({ name }) => {
          if (name === 'boom') throw new Error('a bug');
        },
      },
    ],
  });
  const broken = await send(api, 'POST', collection, { metadata: { name: 'boom' } });
  expect(broken.value).toMatchObject({ code: 500, reason: 'InternalError', message: 'Internal error occurred: a bug' });
  expect(logged).toHaveLength(1);
  expect((await send(api, 'POST', collection, { metadata: { name: 'fine' } })).response.status).toBe(201);
});

test('credentials, certificates and impersonation decide who asks', async () => {
  const seen: string[] = [];
  const api = await testApiServer({
    authenticators: [
      {
        name: 'certificate',
        authenticate: async ({ certificate }) =>
          certificate && { username: certificate.commonName, groups: certificate.organizations, extra: {} },
      },
    ],
    authorizers: [
      {
        name: 'recorder',
        authorize: (user, info) => {
          seen.push(`${user.username} ${info.verb}`);
          const decision = user.username === 'admin' || user.username === 'bob' ? 'allow' : 'noOpinion';
          return { decision, reason: '' };
        },
      },
    ],
  });
  await send(api, 'GET', collection, undefined, { 'impersonate-user': 'bob' });
  expect(seen.at(-1)).toBe('bob list');
  const stranger = { ...connection, certificate: undefined };
  const anonymous = await api.server.fetch({ method: 'GET', path: '/api', headers: {} }, stranger);
  expect(JSON.parse(await readHttpText(anonymous.body))).toMatchObject({
    code: 403,
    message: 'forbidden: User "system:anonymous" cannot get path "/api"',
  });
  const expiredCertificate = { ...stranger, certificateError: 'expired' };
  const refused = await api.server.fetch({ method: 'GET', path: '/api', headers: {} }, expiredCertificate);
  expect(refused.status).toBe(401);
});

test('too many requests are refused with a time to come back', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const api = await testApiServer({
    flowLimits: { maxReadsInFlight: 1, maxMutationsInFlight: 1, maxWaiting: 1, maxWaitMs: 1_000 },
    admission: [{ name: 'slow', validate: () => held }],
  });
  const create = (name: string) => send(api, 'POST', collection, { metadata: { name } });
  const first = create('a');
  const second = create('b');
  await api.environment.settle();
  const third = await create('c');
  expect(third.response.headers['retry-after']).toBe('1');
  expect(third.value).toMatchObject({ code: 429, message: 'Too many requests, please try again later.' });
  expect((await send(api, 'GET', collection)).response.status).toBe(200);
  await api.environment.advance(1_001);
  expect((await second).value).toMatchObject({ code: 429 });
  release();
  expect((await first).response.status).toBe(201);
});

test('streams go to their handler, by request and by upgrade, after authorisation and admission', async () => {
  const admitted: string[] = [];
  const exec: ConnectHandler = {
    resource: pods,
    subresource: 'exec',
    methods: ['GET', 'POST'],
    fetch: async ({ info }, path) => ({
      status: 400,
      headers: {},
      body: new TextEncoder().encode(`${info.name} ${path}`),
    }),
    upgrade: async () => ({ status: 403, headers: {} }),
  };
  const api = await testApiServer({
    connectHandlers: [exec],
    admission: [{ name: 'connect', validate: ({ operation, name }) => void admitted.push(`${operation} ${name}`) }],
  });
  const path = '/api/v1/namespaces/default/pods/p/exec';
  expect((await send(api, 'GET', `${path}/a/b?command=ls`)).text).toBe('p /a/b');
  const upgraded = await api.server.upgrade({ method: 'GET', path, headers: { upgrade: 'websocket' } }, connection);
  expect(upgraded.status).toBe(403);
  expect(admitted).toEqual(['CONNECT p', 'CONNECT p']);
  expect((await send(api, 'PUT', path, {})).value).toMatchObject({ code: 405 });
});

test('a direct client reaches paths too, as its user', async () => {
  const { server } = await testApiServer();
  const response = await server.client(admin).http.fetch({ method: 'GET', path: '/version', headers: {} });
  expect(await readHttpText(response.body)).toContain('v1.37.1+stuurman');
});
