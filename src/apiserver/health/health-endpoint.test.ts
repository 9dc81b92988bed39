import { beforeEach, expect, test } from 'vitest';
import { resourceContext } from '../../../test/support/resource-context.ts';
import { PrometheusMetrics } from '../../cluster/observability/prometheus-metrics.ts';
import { silentLogger } from '../../machinery/log.ts';
import { StartupCheck } from './health-check.ts';
import { HealthEndpoint } from './health-endpoint.ts';
import { HealthOutcomes } from './health-outcomes.ts';
import { metricsEndpoint } from './metrics-endpoint.ts';

let hook: StartupCheck;
let endpoint: HealthEndpoint;
let metrics: PrometheusMetrics;

beforeEach(() => {
  metrics = new PrometheusMetrics();
  hook = new StartupCheck('poststarthook/rbac/bootstrap-roles');
  const ping = { name: 'ping', check: () => {} };
  const store = { name: 'etcd', check: () => Promise.resolve() };
  endpoint = new HealthEndpoint('readyz', [ping, store, hook], silentLogger, new HealthOutcomes(metrics));
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

test('how checks turn out is counted, but not of those left out or asked for alone', async () => {
  await get('/readyz?exclude=ping');
  await get('/readyz/ping');
  hook.done();
  await get('/readyz?exclude=ping');
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('kubernetes_'));
  expect(lines).toEqual([
    'kubernetes_healthcheck{name="etcd",type="readyz"} 1',
    'kubernetes_healthcheck{name="poststarthook/rbac/bootstrap-roles",type="readyz"} 1',
    'kubernetes_healthchecks_total{name="etcd",status="success",type="readyz"} 2',
    'kubernetes_healthchecks_total{name="poststarthook/rbac/bootstrap-roles",status="error",type="readyz"} 1',
    'kubernetes_healthchecks_total{name="poststarthook/rbac/bootstrap-roles",status="success",type="readyz"} 1',
  ]);
});

test('metrics come as their library writes them', async () => {
  const handler = metricsEndpoint('/metrics', async () => 'up 1\n');
  const { headers, body } = await handler.fetch(resourceContext({}));
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(Buffer.from(body as Uint8Array).toString()).toBe('up 1\n');
});
