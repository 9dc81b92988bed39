import { Server, ServerCredentials, type sendUnaryData, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { realEnvironment } from '../../../../test/support/environment.ts';
import { probeGrpc } from './probe-grpc.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown();
});

/** A server that answers health checks; `Health` is left out where there is no answer. */
async function serve(answer?: (service: string, reply: sendUnaryData<Buffer>) => void): Promise<number> {
  const server = new Server();
  servers.push(server);
  const bytes = (value: Buffer) => value;
  if (answer !== undefined)
    server.addService(
      {
        Check: {
          path: '/grpc.health.v1.Health/Check',
          requestStream: false,
          responseStream: false,
          requestSerialize: bytes,
          requestDeserialize: bytes,
          responseSerialize: bytes,
          responseDeserialize: bytes,
        },
      },
      {
        Check: (call: { request: Buffer }, reply: sendUnaryData<Buffer>) =>
          answer(call.request.subarray(2).toString(), reply),
      },
    );
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
}

const ask = (port: number, service = '', timeoutMs = 2000) =>
  probeGrpc(realEnvironment, { address: '127.0.0.1', port, service, timeoutMs });
const responding = (number: number) => (_: string, reply: sendUnaryData<Buffer>) =>
  reply(null, Buffer.from(number === 0 ? [] : [0x08, number]));

test('a server that serves is healthy, any other answer is not', async () => {
  expect(await ask(await serve(responding(1)))).toEqual({ outcome: 'success', message: 'service healthy' });
  expect(await ask(await serve(responding(2)))).toEqual({
    outcome: 'failure',
    message: 'service unhealthy (responded with "NOT_SERVING")',
  });
  expect((await ask(await serve(responding(0)))).message).toBe('service unhealthy (responded with "UNKNOWN")');
});

test('asks for the service it is told', async () => {
  const asked: string[] = [];
  const port = await serve((service, reply) => {
    asked.push(service);
    reply(null, Buffer.from([0x08, 1]));
  });
  await ask(port, 'liveness');
  expect(asked).toEqual(['liveness']);
});

test('says what is wrong as a kubelet does', async () => {
  const { message } = await ask(await serve());
  expect(message).toMatch(
    /^error: this server does not implement the grpc health protocol \(grpc\.health\.v1\.Health\): /,
  );
  const refuses = await serve((_, reply) => reply({ code: status.NOT_FOUND, details: 'unknown service' }));
  expect((await ask(refuses, 'x')).message).toBe(
    'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
  );
  const silent = await serve(() => {});
  expect((await ask(silent, '', 1500)).message).toBe('timeout: health rpc did not complete within 1.5s');
  const port = await serve();
  servers.pop()?.forceShutdown();
  expect((await ask(port, '', 300)).message).toBe(
    `timeout: failed to connect service "127.0.0.1:${port}" within 0.3s: context deadline exceeded`,
  );
});
