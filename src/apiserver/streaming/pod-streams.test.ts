import { afterEach, describe, expect, test } from 'vitest';
import { serverTls, testAuthority } from '../../../test/support/pki.ts';
import {
  contextOf,
  failure,
  fetchFrom,
  handlerFor,
  handlersOver,
  podsPath,
  reader,
  refused,
  text,
} from '../../../test/support/streaming-world.ts';
import type { Reader } from '../../client/client.ts';
import { ClusterDialer } from '../../client/dialer/cluster-dialer.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { HttpClient } from '../../wire/http-client.ts';
import { HttpServer } from '../../wire/http-server.ts';
import { acceptExec } from '../../wire/remote-command/accept-exec.ts';
import { spdyExec } from '../../wire/remote-command/spdy-exec-client.ts';
import { webSocketExec } from '../../wire/remote-command/websocket-exec-client.ts';
import type { ConnectHandler } from '../registry/extension-points.ts';
import { streamingHandlers } from './streaming-handlers.ts';

const environment = new RealEnvironment();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

// What a control plane of release 1.37.1 answered and asked its nodes.
describe('exec', () => {
  const upgrade = (
    handlers: readonly ConnectHandler[],
    url: string,
    headers: Record<string, string> = { upgrade: 'SPDY/3.1' },
  ) => {
    const [context, rest] = contextOf('POST', `${podsPath}/${url}`, headers);
    const handler = handlerFor(handlers, context);
    if (handler.upgrade === undefined) throw new Error('no upgrade');
    return handler.upgrade(context, rest, context.http);
  };

  test.each([
    ['one/exec?command=date&stdout=true', '/exec/a/one/a?command=date&output=1'],
    [
      'one/exec?command=sh&command=-c&command=a%20b&stdin=1&stdout=false&stderr=true&tty=x&container=i1',
      '/exec/a/one/i1?command=sh&command=-c&command=a+b&error=1&input=1&tty=1',
    ],
  ])('%s', async (url, path) => {
    const { asked, handlers } = handlersOver(() =>
      text(400, 'you must specify at least 1 of stdin, stdout, stderr', { connection: 'close' }),
    );
    const headers = {
      upgrade: 'SPDY/3.1',
      connection: 'Upgrade',
      'x-stream-protocol-version': 'v4.channel.k8s.io',
      authorization: 'Bearer secret',
      'impersonate-user': 'root',
    };
    expect(await upgrade(handlers, url, headers)).toMatchObject({ status: 400, headers: {} });
    expect(asked).toEqual([
      {
        to: 'node n',
        method: 'POST',
        path,
        headers: { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' },
        body: '',
      },
    ]);
  });

  test.each([
    [
      'two/exec?command=date',
      400,
      'BadRequest',
      'a container name must be specified for pod two, choose one of: [i1 i2 a b]',
    ],
    ['two/exec?command=date&container=zz', 400, 'BadRequest', 'container zz is not valid for pod two'],
    ['unscheduled/exec?command=date', 400, 'BadRequest', 'pod unscheduled does not have a host assigned'],
    ['nope/exec', 404, 'NotFound', 'pods "nope" not found'],
  ])('%s is refused', async (url, code, reason, message) => {
    const { handlers } = handlersOver(() => text(200, ''));
    expect(await failure(upgrade(handlers, url))).toEqual([code, reason, message]);
    expect(await failure(fetchFrom(handlers, 'GET', `${podsPath}/${url}`))).toEqual([code, reason, message]);
  });

  test('an ordinary request is refused', async () => {
    const { handlers } = handlersOver(() => text(200, ''));
    expect(await failure(fetchFrom(handlers, 'POST', `${podsPath}/one/exec?command=date`))).toEqual([
      400,
      'BadRequest',
      'Upgrade request required',
    ]);
  });

  test('a node that cannot be reached', async () => {
    const { handlers } = handlersOver(refused);
    expect(await failure(upgrade(handlers, 'one/exec?command=date'))).toEqual([
      500,
      undefined,
      'error dialing backend: dial tcp 10.0.0.1:10250: connect: connection refused',
    ]);
  });

  test.each([
    ['SPDY', spdyExec],
    ['WebSocket', webSocketExec],
  ] as const)('from a client through the server to a node, over %s', async (_, run) => {
    const node = await HttpServer.start({
      environment,
      address: { host: '127.0.0.1', port: 0 },
      tls: serverTls,
      handler: {
        fetch: async () => text(404, ''),
        upgrade: async (request) => {
          expect(request.path).toBe('/exec/a/one/a?command=cat&error=1&input=1&output=1');
          const { response, streams } = acceptExec(environment, request, {
            stdin: true,
            stdout: true,
            stderr: true,
            tty: false,
          });
          void streams?.then((each) => {
            each.stderr?.end();
            each.stdin
              ?.pipe(each.stdout as NonNullable<typeof each.stdout>)
              .on('finish', () => each.finish({ exitCode: 4 }));
          });
          return response;
        },
      },
    });
    const status = {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: node.port } },
    };
    const nodeReader = {
      ...reader,
      get: async (type: ResourceType, key: { name: string }) =>
        type.resource === 'nodes' ? { metadata: key, status } : reader.get(type, key),
    } as Reader;
    const dialer = new ClusterDialer({
      environment,
      reader: nodeReader,
      nodeTls: { authorityPem: testAuthority.certificate.pem },
    });
    const handlers = streamingHandlers(reader, dialer);
    const front = await HttpServer.start({
      environment,
      address: { host: '127.0.0.1', port: 0 },
      tls: serverTls,
      handler: {
        fetch: async () => text(404, ''),
        upgrade: async (request) => {
          const [context, rest] = contextOf(request.method, request.path, request.headers as Record<string, string>);
          const answer = await handlerFor(handlers, context).upgrade?.(context, rest, request);
          return answer ?? text(404, '');
        },
      },
    });
    const client = new HttpClient({
      environment,
      url: `https://127.0.0.1:${front.port}`,
      tls: { insecureSkipVerify: true },
    });
    cleanups.push(
      () => node.close(),
      () => front.close(),
      () => dialer.close(),
      () => client.close(),
    );
    const path = `${podsPath}/one/exec?command=cat&stdin=true&stdout=true&stderr=true`;
    const session = await run(environment, client, path, { stdin: true, stdout: true, stderr: true, tty: false });
    void session.stdin?.write(Buffer.alloc(500_000, 'x')).then(() => session.stdin?.close());
    let length = 0;
    for await (const chunk of session.stdout ?? []) length += chunk.length;
    expect([length, await session.exit]).toEqual([500_000, 4]);
    session.close();
  });
});

test.each([
  ['one/attach?stdin=true&stdout=true&tty=true', '/attach/a/one/a?input=1&output=1&tty=1'],
  ['two/attach?stdout=true&container=b', '/attach/a/two/b?output=1'],
  ['one/portforward', '/portForward/a/one'],
  ['two/portforward?ports=80&ports=81', '/portForward/a/two?port=80%2C81'],
])('%s', async (url, path) => {
  const { asked, handlers } = handlersOver(() => text(400, 'no'));
  const [context, rest] = contextOf('POST', `${podsPath}/${url}`, { upgrade: 'SPDY/3.1' });
  await handlerFor(handlers, context).upgrade?.(context, rest, context.http);
  expect(asked).toMatchObject([{ to: 'node n', method: 'POST', path }]);
});

test.each([
  ['two/attach', 'a container name must be specified for pod two, choose one of: [i1 i2 a b]'],
  ['unscheduled/attach', 'pod unscheduled does not have a host assigned'],
  ['unscheduled/portforward', 'pod unscheduled does not have a host assigned'],
  ['one/portforward?ports=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['one/portforward?ports=9999999999', 'strconv.ParseInt: parsing "9999999999": value out of range'],
  ['one/portforward', 'Upgrade request required'],
])('%s is refused', async (url, message) => {
  const { handlers } = handlersOver(() => text(200, ''));
  expect(await failure(fetchFrom(handlers, 'GET', `${podsPath}/${url}`))).toEqual([400, 'BadRequest', message]);
});
