import { describe, expect, test } from 'vitest';
import { failure, fetchFrom, handlersOver, podsPath, refused, text } from '../../../test/support/streaming-world.ts';
import { readHttpText } from '../../wire/http-body.ts';

// What a control plane of release 1.37.1 answered and asked its nodes.
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
    const answer = await fetchFrom(handlers, 'GET', `${podsPath}/${url}`);
    expect([answer.status, answer.headers, await readHttpText(answer.body)]).toEqual([
      200,
      { 'content-type': 'text/plain' },
      'line\n',
    ]);
    expect(asked).toEqual([{ to: 'node n', method: 'GET', path, headers: {}, body: '' }]);
  });

  test('of a pod without a node are empty', async () => {
    const { handlers, asked } = handlersOver(() => text(200, ''));
    expect(await fetchFrom(handlers, 'GET', `${podsPath}/unscheduled/log`)).toEqual({ status: 204, headers: {} });
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
    expect(await failure(fetchFrom(handlers, 'GET', `${podsPath}/${url}`))).toEqual([code, reason, message]);
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
    expect(await failure(fetchFrom(handlers, 'GET', `${podsPath}/one/log`))).toEqual([status, reason, message]);
  });

  test('a node that cannot be reached is named', async () => {
    const { handlers } = handlersOver(refused);
    expect(await failure(fetchFrom(handlers, 'GET', `${podsPath}/one/log`))).toEqual([
      500,
      undefined,
      'Get "https://10.0.0.1:10250/containerLogs/a/one/a": dial tcp 10.0.0.1:10250: connect: connection refused',
    ]);
  });
});
