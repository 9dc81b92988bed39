import { expect, test } from 'vitest';
import { parseRequest } from './request-info.ts';

const line = (method: string, path: string): string => {
  const { info, rest } = parseRequest(method, path);
  if (!info.isResource) return `${info.verb} ${info.path}`;
  const { verb, group, version, namespace, resource, name, subresource } = info;
  return `${verb} ${group}/${version} ${namespace}|${resource}|${name}|${subresource}|${rest}`;
};

test.each([
  ['GET', '/', 'get /'],
  ['GET', '/api/v1', 'get /api/v1'],
  ['GET', '/apis/apps/v1', 'get /apis/apps/v1'],
  ['POST', '/healthz/ping', 'post /healthz/ping'],
  ['GET', '/api/v1/pods', 'list /v1 |pods|||'],
  ['GET', '/api/v1/pods?watch=true', 'watch /v1 |pods|||'],
  ['GET', '/api/v1/pods?watch=false', 'list /v1 |pods|||'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da', 'list /v1 |pods|a||'],
  ['GET', '/api/v1/watch/namespaces/n/pods', 'watch /v1 n|pods|||'],
  ['GET', '/api/v1/nodes/n1', 'get /v1 |nodes|n1||'],
  ['POST', '/api/v1/namespaces/n/pods', 'create /v1 n|pods|||'],
  ['DELETE', '/api/v1/namespaces/n/pods', 'deletecollection /v1 n|pods|||'],
  ['DELETE', '/api/v1/namespaces/n/pods/p', 'delete /v1 n|pods|p||'],
  ['PUT', '/apis/apps/v1/namespaces/n/deployments/d/scale', 'update apps/v1 n|deployments|d|scale|'],
  ['PATCH', '/api/v1/namespaces/n', 'patch /v1 n|namespaces|n||'],
  ['PUT', '/api/v1/namespaces/n/finalize', 'update /v1 n|namespaces|n|finalize|'],
  ['GET', '/api/v1/namespaces', 'list /v1 |namespaces|||'],
  ['GET', '/api/v1/namespaces/n/pods/p/proxy/a/b?x=y', 'get /v1 n|pods|p|proxy|/a/b'],
  ['GET', '/api/v1/namespaces/n/pods/p/proxy/', 'get /v1 n|pods|p|proxy|/'],
  ['GET', '/api/v1/nodes/n1/proxy', 'get /v1 |nodes|n1|proxy|'],
  [
    'GET',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode',
    'get rbac.authorization.k8s.io/v1 |clusterroles|system:node||',
  ],
])('%s %s is %s', (method, path, expected) => {
  expect(line(method, path)).toBe(expected);
});

test('a path that cannot be decoded is refused', () => {
  expect(() => parseRequest('GET', '/api/v1/nodes/%zz')).toThrow('invalid URL escape');
});
