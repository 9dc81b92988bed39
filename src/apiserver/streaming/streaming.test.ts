import { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { serverTls, testAuthority } from '../../../test/support/pki.ts';
import type { Reader } from '../../client/client.ts';
import { ClusterDialer } from '../../client/dialer/cluster-dialer.ts';
import type { Dialer } from '../../client/dialer.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { notFound, serviceUnavailable } from '../../machinery/status-errors.ts';
import { connectionPair } from '../../wire/connection-pair.ts';
import type { HttpBody, HttpRequest, HttpResponse, HttpTarget } from '../../wire/http.ts';
import { readHttpBody, readHttpText } from '../../wire/http-body.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';
import { HttpClient } from '../../wire/http-client.ts';
import { HttpServer } from '../../wire/http-server.ts';
import { acceptExec } from '../../wire/remote-command/accept-exec.ts';
import { spdyExec } from '../../wire/remote-command/spdy-exec-client.ts';
import { webSocketExec } from '../../wire/remote-command/websocket-exec-client.ts';
import type { ConnectHandler, ResourceContext } from '../registry/extension-points.ts';
import { streamingHandlers } from './streaming-handlers.ts';

const environment = new RealEnvironment();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const containers = (...names: string[]) => names.map((name) => ({ name, image: 'x' }));
const pod = (name: string, spec: object, status: object = {}) => ({ metadata: { name, namespace: 'a' }, spec, status });
const objects: Record<string, readonly KubeObject[]> = {
  pods: [
    pod(
      'one',
      {
        nodeName: 'n',
        initContainers: containers('i1', 'i2'),
        containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 8080 }] }],
      },
      { podIP: '10.0.0.5' },
    ),
    pod('two', { nodeName: 'n', initContainers: containers('i1', 'i2'), containers: containers('a', 'b') }),
    pod('unscheduled', { containers: containers('a') }),
  ],
  nodes: [{ metadata: { name: 'n' }, status: { daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } } } as KubeObject],
};

const reader = {
  get: async (type: ResourceType, { name }: { name: string }) => {
    const found = objects[type.resource]?.find((each) => each.metadata.name === name);
    if (found === undefined) throw notFound(type, name);
    return found;
  },
  list: async () => ({ metadata: {}, items: [] }),
} as Reader;

interface Asked {
  readonly to: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The handlers before nodes, pods and services that answer like this. */
function handlersOver(answer: (request: HttpRequest) => HttpResponse | Error) {
  const asked: Asked[] = [];
  const target = (to: string): HttpTarget => {
    const send = async (request: HttpRequest) => {
      const { method, path, headers } = request;
      asked.push({ to, method, path, headers, body: await readHttpText(request.body) });
      const result = answer(request);
      if (result instanceof Error) throw result;
      return result;
    };
    return { fetch: send, upgrade: send };
  };
  const dialer: Dialer = {
    node: async (name, port, scheme) => target(port === undefined ? `node ${name}` : `node ${scheme} ${name}:${port}`),
    pod: async (namespace, name, port, scheme) => target(`pod ${scheme} ${namespace}/${name}:${port}`),
    service: async (namespace, name, port, scheme) => {
      if (port === 99) throw serviceUnavailable(`no service port 99 found for service "${name}"`);
      return target(`service ${scheme} ${namespace}/${name}:${JSON.stringify(port)}`);
    },
  };
  return { asked, handlers: streamingHandlers(reader, dialer) };
}

/** A request as the server's front hands it to a handler. */
function contextOf(
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body?: HttpBody,
): [ResourceContext, string] {
  const parsed = new URL(url, 'http://x');
  const parts = parsed.pathname.split('/');
  const at = parts.indexOf('proxy') >= 0 ? parts.indexOf('proxy') : parts.length - 1;
  const namespaced = parts[3] === 'namespaces';
  const info = {
    isResource: true as const,
    path: parsed.pathname,
    verb: 'get',
    group: '',
    version: 'v1',
    resource: parts[at - 2] ?? '',
    subresource: parts[at] ?? '',
    namespace: namespaced ? (parts[4] ?? '') : '',
    name: decodeURIComponent(parts[at - 1] ?? ''),
    fieldSelector: '',
    labelSelector: '',
  };
  const http = { method, path: url, headers, body };
  const user = { username: 'u', groups: [], extra: {} };
  const { signal } = new AbortController();
  const rest = parts.slice(at + 1);
  return [
    { info, user, query: parsed.searchParams, http, remoteAddress: '10.9.8.7', signal, warn() {} },
    rest.length === 0 ? '' : `/${rest.join('/')}`,
  ];
}

function handlerFor(handlers: readonly ConnectHandler[], { info }: ResourceContext): ConnectHandler {
  const found = handlers.find(
    (each) => each.resource.resource === info.resource && each.subresource === info.subresource,
  );
  if (found === undefined) throw new Error(`no handler for ${info.resource}/${info.subresource}`);
  return found;
}

async function fetchFrom(
  handlers: readonly ConnectHandler[],
  method: string,
  url: string,
  headers = {},
  body?: HttpBody,
) {
  const [context, rest] = contextOf(method, url, headers, body);
  return handlerFor(handlers, context).fetch(context, rest);
}

async function failure(promise: Promise<unknown>): Promise<readonly unknown[]> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  return error instanceof StatusError ? [error.code, error.reason, error.message] : [error];
}

const text = (status: number, body: string, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: Buffer.from(body),
});
const refused = () =>
  new ConnectionError('https://10.0.0.1:10250', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), false);

// What a control plane of release 1.37.1 answered and asked its nodes.
const logs = '/api/v1/namespaces/a/pods';

describe('logs', () => {
  test.each([
    ['one/log', '/containerLogs/a/one/a'],
    ['two/log?container=b', '/containerLogs/a/two/b'],
    ['two/log?container=i1', '/containerLogs/a/two/i1'],
    [
      'one/log?follow=true&previous=true&timestamps=1&sinceSeconds=5&tailLines=3&limitBytes=10&pretty=true',
      '/containerLogs/a/one/a?follow=true&limitBytes=10&previous=true&sinceSeconds=5&tailLines=3&timestamps=true',
    ],
    ['one/log?follow', '/containerLogs/a/one/a?follow=true'],
    ['one/log?follow=x', '/containerLogs/a/one/a?follow=true'],
    ['one/log?follow=0&timestamps=False', '/containerLogs/a/one/a'],
    ['one/log?sinceTime=2026-01-01T01:00:00%2B01:00', '/containerLogs/a/one/a?sinceTime=2026-01-01T00%3A00%3A00Z'],
    ['one/log?tailLines=0', '/containerLogs/a/one/a?tailLines=0'],
  ])('%s', async (url, path) => {
    const { asked, handlers } = handlersOver(() => text(200, 'line\n', { 'content-type': 'text/weird', 'x-own': '1' }));
    const answer = await fetchFrom(handlers, 'GET', `${logs}/${url}`);
    expect([answer.status, answer.headers, await readHttpText(answer.body)]).toEqual([
      200,
      { 'content-type': 'text/plain' },
      'line\n',
    ]);
    expect(asked).toEqual([{ to: 'node n', method: 'GET', path, headers: {}, body: '' }]);
  });

  test('of a pod without a node are empty', async () => {
    const { handlers, asked } = handlersOver(() => text(200, ''));
    expect(await fetchFrom(handlers, 'GET', `${logs}/unscheduled/log`)).toEqual({ status: 204, headers: {} });
    expect(asked).toEqual([]);
  });

  test.each([
    ['two/log', 400, 'BadRequest', 'a container name must be specified for pod two, choose one of: [i1 i2 a b]'],
    ['two/log?container=zz', 400, 'BadRequest', 'container zz is not valid for pod two'],
    ['nope/log', 404, 'NotFound', 'pods "nope" not found'],
    ['one/log?tailLines=abc', 400, 'BadRequest', 'strconv.ParseInt: parsing "abc": invalid syntax'],
    ['one/log?tailLines=', 400, 'BadRequest', 'strconv.ParseInt: parsing "": invalid syntax'],
    [
      'one/log?tailLines=99999999999999999999',
      400,
      'BadRequest',
      'strconv.ParseInt: parsing "99999999999999999999": value out of range',
    ],
    [
      'one/log?sinceTime=xx',
      400,
      'BadRequest',
      'parsing time "xx" as "2006-01-02T15:04:05Z07:00": cannot parse "xx" as "2006"',
    ],
    [
      'one/log?tailLines=-1&limitBytes=0&sinceSeconds=0',
      422,
      'Invalid',
      'PodLogOptions "one" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid value: 0: must be greater than 0, sinceSeconds: Invalid value: 0: must be greater than 0]',
    ],
    [
      'one/log?sinceTime=2026-01-01T00:00:00Z&sinceSeconds=4',
      422,
      'Invalid',
      'PodLogOptions "one" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
    [
      'one/log?stream=Stdout',
      422,
      'Invalid',
      'PodLogOptions "one" is invalid: stream: Forbidden: may not be specified',
    ],
  ])('%s is refused', async (url, code, reason, message) => {
    const { handlers } = handlersOver(() => text(200, ''));
    expect(await failure(fetchFrom(handlers, 'GET', `${logs}/${url}`))).toEqual([code, reason, message]);
  });

  test.each([
    [400, 'BadRequest', 'waiting to start'],
    [404, 'NotFound', 'the server could not find the requested resource ( pods/log one)'],
    [
      429,
      'TooManyRequests',
      'the server has received too many requests and has asked us to try again later ( pods/log one)',
    ],
    [500, 'InternalError', 'Internal error occurred: waiting to start'],
  ])('what the node says with %i is passed on', async (status, reason, message) => {
    const { handlers } = handlersOver(() => text(status, 'waiting to start'));
    expect(await failure(fetchFrom(handlers, 'GET', `${logs}/one/log`))).toEqual([status, reason, message]);
  });

  test('a node that cannot be reached is named', async () => {
    const { handlers } = handlersOver(refused);
    expect(await failure(fetchFrom(handlers, 'GET', `${logs}/one/log`))).toEqual([
      500,
      undefined,
      'Get "https://10.0.0.1:10250/containerLogs/a/one/a": dial tcp 10.0.0.1:10250: connect: connection refused',
    ]);
  });
});

describe('exec', () => {
  const upgrade = (
    handlers: readonly ConnectHandler[],
    url: string,
    headers: Record<string, string> = { upgrade: 'SPDY/3.1' },
  ) => {
    const [context, rest] = contextOf('POST', `${logs}/${url}`, headers);
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
    expect(await failure(fetchFrom(handlers, 'GET', `${logs}/${url}`))).toEqual([code, reason, message]);
  });

  test('an ordinary request is refused', async () => {
    const { handlers } = handlersOver(() => text(200, ''));
    expect(await failure(fetchFrom(handlers, 'POST', `${logs}/one/exec?command=date`))).toEqual([
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
    const path = `${logs}/one/exec?command=cat&stdin=true&stdout=true&stderr=true`;
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
  const [context, rest] = contextOf('POST', `${logs}/${url}`, { upgrade: 'SPDY/3.1' });
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
  expect(await failure(fetchFrom(handlers, 'GET', `${logs}/${url}`))).toEqual([400, 'BadRequest', message]);
});

describe('proxies', () => {
  test.each([
    ['/api/v1/namespaces/a/pods/one/proxy/', 'pod http a/one:8080', '/'],
    ['/api/v1/namespaces/a/pods/https:one:443/proxy/p/q?x=1&y=%20', 'pod https a/one:443', '/p/q?x=1&y=%20'],
    ['/api/v1/namespaces/a/services/s1/proxy/x', 'service http a/s1:""', '/x'],
    ['/api/v1/namespaces/a/services/s1:web/proxy/x', 'service http a/s1:"web"', '/x'],
    ['/api/v1/namespaces/a/services/https:s1:80/proxy/x', 'service https a/s1:80', '/x'],
    ['/api/v1/nodes/n/proxy/healthz', 'node n', '/healthz'],
    ['/api/v1/nodes/n/proxy//a/', 'node n', '/a/'],
    ['/api/v1/nodes/https:n:10250/proxy/healthz', 'node n', '/healthz'],
    ['/api/v1/nodes/n:9100/proxy/metrics', 'node http n:9100', '/metrics'],
    ['/api/v1/nodes/https:n:9100/proxy/metrics', 'node https n:9100', '/metrics'],
  ])('%s', async (url, to, path) => {
    const { asked, handlers } = handlersOver(() =>
      text(207, 'there', { 'x-own': '1', connection: 'x-hop', 'x-hop': '1', 'access-control-allow-origin': '*' }),
    );
    const headers = {
      'x-foo': 'bar',
      cookie: 'a=b',
      authorization: 'Bearer secret',
      te: 'trailers',
      'x-forwarded-for': '1.2.3.4',
    };
    const answer = await fetchFrom(handlers, 'POST', url, headers, Buffer.from('hello'));
    expect(answer).toMatchObject({ status: 207, headers: { 'x-own': '1' } });
    expect(Object.keys(answer.headers)).toEqual(['x-own']);
    const forwarded = {
      'x-foo': 'bar',
      cookie: 'a=b',
      te: 'trailers',
      'x-forwarded-for': '1.2.3.4, 10.9.8.7',
      'x-forwarded-uri': url.split('?')[0]?.replaceAll('//', '/'),
    };
    expect(asked).toEqual([{ to, method: 'POST', path, headers: forwarded, body: 'hello' }]);
  });

  test('a path without a slash is sent to the one with', async () => {
    const { handlers, asked } = handlersOver(() => text(200, ''));
    const url = '/api/v1/namespaces/a/pods/https:one:443/proxy';
    expect(await fetchFrom(handlers, 'GET', `${url}?x=1`)).toEqual({
      status: 301,
      headers: { location: `${url}/?x=1` },
    });
    await fetchFrom(handlers, 'POST', url);
    expect(asked.map((each) => each.path)).toEqual(['/']);
  });

  test.each([
    ['/other', '/api/v1/namespaces/a/pods/one/proxy/other'],
    ['https://example.com/', 'https://example.com/'],
    ['//example.com/', '//example.com/'],
    ['relative', 'relative'],
  ])('a redirect to %s leads to %s', async (location, expected) => {
    const { handlers } = handlersOver(() => text(302, '', { location }));
    expect(await fetchFrom(handlers, 'GET', '/api/v1/namespaces/a/pods/one/proxy/x')).toMatchObject({
      status: 302,
      headers: { location: expected },
    });
  });

  test('links in a page lead through the proxy, however it is packed', async () => {
    const page = '<a href="/x">x</a><a href="http://api.test:6443/y">y</a>';
    const proxied = '/api/v1/namespaces/a/pods/one/proxy';
    const expected = `<a href="${proxied}/x">x</a><a href="http://api.test:6443${proxied}/y">y</a>`;
    for (const [encoding, pack, unpack] of [
      ['', (text: string) => Buffer.from(text), (body: Buffer) => body],
      ['gzip', gzipSync, gunzipSync],
      ['deflate', deflateRawSync, inflateRawSync],
    ] as const) {
      const { handlers } = handlersOver(() => ({
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8', 'content-length': '999', 'content-encoding': encoding },
        body: pack(page),
      }));
      const answer = await fetchFrom(handlers, 'GET', `${proxied}/`, { host: 'api.test:6443' });
      expect(answer.headers).not.toHaveProperty('content-length');
      expect(unpack(Buffer.from(await readHttpBody(answer.body))).toString()).toBe(expected);
    }
    const unknown = { 'content-type': 'text/html', 'content-encoding': 'br', 'content-length': '3' };
    const { handlers } = handlersOver(() => ({ status: 200, headers: unknown, body: Buffer.from('abc') }));
    expect(await fetchFrom(handlers, 'GET', `${proxied}/`)).toMatchObject({ headers: unknown });
  });

  test('an upgraded connection is handed through as it is', async () => {
    const [near, far] = connectionPair();
    const asked: HttpRequest[] = [];
    const target: HttpTarget = {
      fetch: async () => text(404, ''),
      upgrade: async (request) => {
        asked.push(request);
        return { status: 101, headers: { upgrade: 'websocket', 'x-own': '1' }, connection: near };
      },
    };
    const dialer = { node: async () => target, pod: async () => target, service: async () => target };
    const headers = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': 'k', host: 'api:6443' };
    const [context, rest] = contextOf('GET', '/api/v1/namespaces/a/services/s1/proxy/ws?x=1', headers);
    const answer = await handlerFor(streamingHandlers(reader, dialer), context).upgrade?.(context, rest, context.http);
    expect(answer).toEqual({ status: 101, headers: { upgrade: 'websocket', 'x-own': '1' }, connection: near });
    expect(asked).toMatchObject([
      { path: '/ws?x=1', host: 'api:6443', headers: { upgrade: 'websocket', 'sec-websocket-key': 'k' } },
    ]);
    far.destroy();
  });

  test('an upgrade that what is behind does not want is an error, or its own', async () => {
    const upgrade = (status: number) => {
      const { handlers } = handlersOver(() => text(status, 'no', { 'x-own': '1' }));
      const [context, rest] = contextOf('GET', '/api/v1/namespaces/a/pods/one/proxy/ws', { upgrade: 'websocket' });
      return handlerFor(handlers, context).upgrade?.(context, rest, context.http) ?? Promise.reject();
    };
    expect(await upgrade(404)).toMatchObject({ status: 404, headers: { 'x-own': '1' } });
    expect(await failure(upgrade(200))).toEqual([500, undefined, 'invalid upgrade response: status code 200']);
  });

  test.each([
    ['/api/v1/namespaces/a/pods/ftp:one:1/proxy/', 400, 'BadRequest', 'invalid pod request "ftp:one:1"'],
    ['/api/v1/namespaces/a/pods/nope/proxy/', 404, 'NotFound', 'pods "nope" not found'],
    ['/api/v1/namespaces/a/pods/two/proxy/', 400, 'BadRequest', 'address not allowed'],
    ['/api/v1/namespaces/a/services/ftp:s1:80/proxy/', 400, 'BadRequest', 'invalid service request "ftp:s1:80"'],
    [
      '/api/v1/namespaces/a/services/s1:99/proxy/',
      503,
      'ServiceUnavailable',
      'no service port 99 found for service "s1"',
    ],
    ['/api/v1/nodes/nope/proxy/', 404, 'NotFound', 'nodes "nope" not found'],
    ['/api/v1/nodes/n:0/proxy/', 400, 'BadRequest', 'invalid node request "n:0"'],
    ['/api/v1/nodes/n:ssh/proxy/', 400, 'BadRequest', 'invalid node request "n:ssh"'],
  ])('%s is refused', async (url, code, reason, message) => {
    const { handlers } = handlersOver(() => text(200, ''));
    expect(await failure(fetchFrom(handlers, 'GET', url))).toEqual([code, reason, message]);
  });

  test('what cannot be reached is unavailable', async () => {
    const { handlers } = handlersOver(refused);
    expect(await failure(fetchFrom(handlers, 'GET', '/api/v1/namespaces/a/pods/one/proxy/x'))).toEqual([
      503,
      'ServiceUnavailable',
      'error trying to reach service: dial tcp 10.0.0.1:10250: connect: connection refused',
    ]);
  });
});
