import { get } from 'node:http';
import { expect, test } from 'vitest';
import { startTestApiServer } from '../../../test/support/test-api-server.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import type { MetricRegistry } from '../../machinery/metrics.ts';
import { silentMetrics } from '../../machinery/metrics.ts';
import { HttpServer } from '../../wire/http-server.ts';

/** Remembers the highest and the newest number of open watches. */
function watcherGauge() {
  const seen = { most: 0, now: 0 };
  const metrics: MetricRegistry = {
    ...silentMetrics,
    gauge: (options) => {
      if (options.name !== 'apiserver_registered_watchers') return silentMetrics.gauge(options);
      const set = (value: number): void => {
        seen.now = value;
        seen.most = Math.max(seen.most, value);
      };
      return {
        with: (_group, resource) => (resource === 'configmaps' ? { set, add: () => {} } : { set() {}, add() {} }),
      };
    },
  };
  return { seen, metrics };
}

test('a client that goes away leaves no watch behind', async () => {
  const environment = new RealEnvironment();
  const { seen, metrics } = watcherGauge();
  const { server, client } = await startTestApiServer(environment, { metrics });
  const http = await HttpServer.start({ environment, handler: server, address: { host: '127.0.0.1', port: 0 } });
  try {
    const { port } = http;
    const path = '/api/v1/configmaps?watch=1';
    const frame = await new Promise<string>((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, path }, (response) => {
        response.once('data', (data: Buffer) => {
          resolve(data.toString());
          request.destroy();
        });
      });
      request.once('error', reject);
      const pause = environment.sleep(20);
      void pause.then(() =>
        client.create(
          { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap', namespaced: true },
          {
            metadata: { name: 'a', namespace: 'default' },
          },
        ),
      );
    });
    expect(JSON.parse(frame)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    for (let waits = 0; seen.now > 0 && waits < 100; waits++) await environment.sleep(10);
    expect(seen).toEqual({ most: 1, now: 0 });
  } finally {
    await http.close();
    server.stop();
  }
});
