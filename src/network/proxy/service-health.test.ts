import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { ServiceHealth } from './service-health.ts';

const environment = new RealEnvironment();
let healthy = true;
const failures: string[] = [];
const health = new ServiceHealth({
  environment,
  healthy: () => healthy,
  failed: (service, port) => failures.push(`${service} ${port}`),
});
afterEach(() => health.stop());

/** A port that was free a moment ago. */
async function freePort(keep = false): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as { port: number };
  if (!keep) await new Promise((resolve) => server.close(resolve));
  return { port, server };
}

async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask().catch(() => false))) await environment.sleep(5);
}

test('tells how many endpoints are here, in the words of kube-proxy', async () => {
  const { port } = await freePort();
  const url = `http://127.0.0.1:${port}/healthz`;
  health.set('shop/web', port, 2);
  await until(async () => (await fetch(url)).ok);
  const answer = await fetch(url);
  expect([answer.headers.get('content-type'), answer.headers.get('x-load-balancing-endpoint-weight')]).toEqual([
    'application/json',
    '2',
  ]);
  expect(await answer.text()).toBe(
    '{\n\t"service": {\n\t\t"namespace": "shop",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
  );
  healthy = false;
  expect((await fetch(url)).status).toBe(503);
  healthy = true;
  health.set('shop/web', port, 0);
  expect((await fetch(url)).status).toBe(503);
  health.set('shop/web', 0, 0);
  await until(async () => {
    await fetch(url).catch(() => undefined);
    return fetch(url).then(
      () => false,
      () => true,
    );
  });
});

test('a port that another has is told, and tried again with the next change', async () => {
  const { port, server } = await freePort(true);
  health.set('shop/web', port, 1);
  await until(async () => failures.length > 0);
  expect(failures).toEqual([`shop/web ${port}`]);
  await new Promise((resolve) => server.close(resolve));
  health.set('shop/web', port, 1);
  await until(async () => (await fetch(`http://127.0.0.1:${port}/`)).ok);
});
