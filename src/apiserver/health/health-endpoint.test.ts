import { beforeEach, expect, test } from 'vitest';
import { resourceContext } from '../../../test/support/resource-context.ts';
import { silentLogger } from '../../machinery/log.ts';
import { StartupCheck } from './health-check.ts';
import { HealthEndpoint } from './health-endpoint.ts';
import { metricsEndpoint } from './metrics-endpoint.ts';

let hook: StartupCheck;
let endpoint: HealthEndpoint;

beforeEach(() => {
  hook = new StartupCheck('poststarthook/rbac/bootstrap-roles');
  const ping = { name: 'ping', check: () => {} };
  const store = { name: 'etcd', check: () => Promise.resolve() };
  endpoint = new HealthEndpoint('readyz', [ping, store, hook], silentLogger);
});

async function get(path: string): Promise<string> {
  const url = new URL(path, 'https://server');
  const context = resourceContext({});
  const info = { isResource: false, path: url.pathname, verb: 'get' } as const;
  const { status, body } = await endpoint.fetch({ ...context, info, query: url.searchParams });
  return `${status} ${Buffer.from(body as Uint8Array).toString()}`;
}

test('a start that is not finished is told, without the reason', async () => {
  const failed =
    '500 [+]ping ok\n[+]etcd ok\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nreadyz check failed\n';
  expect(await get('/readyz')).toBe(failed);
  expect(await get('/readyz?verbose')).toBe(failed);
  hook.done();
  expect(await get('/readyz')).toBe('200 ok');
});

test('verbose lists every check; excluded ones are not asked', async () => {
  expect(await get('/readyz?verbose&exclude=poststarthook/rbac/bootstrap-roles&exclude=nope')).toBe(
    '200 [+]ping ok\n[+]etcd ok\n[+]poststarthook/rbac/bootstrap-roles excluded: ok\nwarn: some health checks cannot be excluded: no matches for "nope"\nreadyz check passed\n',
  );
});

test('each check has a path', async () => {
  expect(await get('/readyz/ping')).toBe('200 ok');
  expect(await get('/readyz/poststarthook/rbac/bootstrap-roles')).toBe('500 internal server error: reason withheld\n');
  expect(await get('/readyz/nope')).toBe('404 404 page not found\n');
  expect(endpoint.paths).toEqual(['/readyz', '/readyz/*']);
});

test('metrics come as their source writes them', async () => {
  const handler = metricsEndpoint({
    render: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
  });
  const { headers, body } = await handler.fetch(resourceContext({}));
  expect(headers['content-type']).toBe('text/plain; version=0.0.4');
  expect(Buffer.from(body as Uint8Array).toString()).toBe('up 1\n');
});
