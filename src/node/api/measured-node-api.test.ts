import { PassThrough } from 'node:stream';
import { beforeEach, expect, test } from 'vitest';
import { PrometheusMetrics } from '../../cluster/observability/prometheus-metrics.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { HttpBody, HttpTarget } from '../../wire/http.ts';
import { RequestMetrics } from '../metrics/request-metrics.ts';
import { MeasuredNodeApi } from './measured-node-api.ts';

const connection = new PassThrough();
let body: HttpBody | undefined;
let environment: VirtualEnvironment;
let metrics: PrometheusMetrics;
let api: MeasuredNodeApi;
beforeEach(() => {
  body = undefined;
  environment = new VirtualEnvironment(1);
  metrics = new PrometheusMetrics();
  const target: HttpTarget = {
    fetch: async ({ path }) => {
      if (path === '/pods') throw new Error('out of order');
      return { status: 200, headers: {}, body };
    },
    upgrade: async () => ({ status: 101, headers: {}, connection }),
  };
  api = new MeasuredNodeApi(target, new RequestMetrics(metrics), environment);
});

const get = (path: string, method = 'GET') => api.fetch({ method, path, headers: {} });
async function lines(name: string): Promise<readonly string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith(`kubelet_${name}`));
}
const labels = (path: string, method = 'GET', longRunning = false) =>
  `{method="${method}",path="${path}",server_type="readwrite",long_running="${longRunning}"}`;

test.each([
  ['/metrics', 'GET', 'metrics'],
  ['/metrics/cadvisor?x=1', 'GET', 'metrics/cadvisor'],
  ['/containerLogs/default/web/main', 'GET', 'containerLogs'],
  ['/anything/else', 'GET', 'other'],
  ['/stats/summary', 'BREW', 'stats'],
])('%s is counted as a part of the API, whatever else stands there', async (path, method, root) => {
  await get(path, method);
  const known = method === 'GET' ? method : 'other';
  expect(await lines('http_requests_total')).toEqual([`kubelet_http_requests_total${labels(root, known)} 1`]);
  expect(await lines('http_inflight')).toEqual([`kubelet_http_inflight_requests${labels(root, known)} 0`]);
});

test('one that fails has ended', async () => {
  await expect(get('/pods')).rejects.toThrow('out of order');
  expect(await lines('http_inflight')).toEqual([`kubelet_http_inflight_requests${labels('pods')} 0`]);
});

test('logs that are followed last until the last of them was read', async () => {
  body = (async function* () {
    yield Buffer.from('one');
    await environment.sleep(3000);
  })();
  const response = await get('/containerLogs/default/web/main');
  expect(await lines('http_inflight')).toEqual([`kubelet_http_inflight_requests${labels('containerLogs')} 1`]);
  const read = (async () => {
    for await (const _ of response.body as AsyncIterable<Uint8Array>);
  })();
  await environment.advance(3000);
  await read;
  expect(await lines('http_inflight')).toEqual([`kubelet_http_inflight_requests${labels('containerLogs')} 0`]);
  expect(await lines('http_requests_duration_seconds_sum')).toEqual([
    `kubelet_http_requests_duration_seconds_sum${labels('containerLogs')} 3`,
  ]);
});

test('logs that nobody reads have ended when that is said, and what is behind them hears of it', async () => {
  let given = false;
  body = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: Buffer.from('one') }),
      return: async () => {
        given = true;
        return { done: true, value: undefined };
      },
    }),
  };
  const response = await get('/containerLogs/default/web/main');
  await (response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]().return?.();
  expect(given).toBe(true);
  expect(await lines('http_inflight')).toEqual([`kubelet_http_inflight_requests${labels('containerLogs')} 0`]);
});

test('a stream lasts until its connection is closed', async () => {
  await api.upgrade({ method: 'GET', path: '/exec/default/web/main', headers: { upgrade: 'websocket' } });
  const exec = labels('exec', 'GET', true);
  expect(await lines('http_inflight')).toEqual([`kubelet_http_inflight_requests${exec} 1`]);
  expect(await lines('websocket')).toEqual(['kubelet_websocket_streaming_requests_total{subresource="exec"} 1']);
  const closed = new Promise((resolve) => connection.once('close', resolve));
  connection.destroy();
  await closed;
  expect(await lines('http_inflight')).toEqual([`kubelet_http_inflight_requests${exec} 0`]);
});
