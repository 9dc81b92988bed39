import { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  contextOf,
  failure,
  fetchFrom,
  handlerFor,
  handlersOver,
  reader,
  refused,
  text,
} from '../../../test/support/streaming-world.ts';
import { connectionPair } from '../../wire/connection-pair.ts';
import type { HttpRequest, HttpTarget } from '../../wire/http.ts';
import { readHttpBody } from '../../wire/http-body.ts';
import { streamingHandlers } from './streaming-handlers.ts';

// What a control plane of release 1.37.1 answered and asked its nodes.
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
