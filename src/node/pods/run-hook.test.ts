import { afterEach, expect, test, vi } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';

let world: NodeWorld;
afterEach(() => world.close());

test('a postStart hook that fails ends its container', async () => {
  world = await NodeWorld.start({
    program: () => ({ stopAfterMs: 20_000, exec: () => ({ exitCode: 3, stderr: 'no luck' }) }),
  });
  await world.run({ lifecycle: { postStart: { exec: { command: ['prepare'] } } } });
  await world.advance(25);
  const uid = (await world.pod('web'))?.metadata.uid;
  expect((await world.waiting('web'))?.reason).toBe('PostStartHookError');
  expect((await world.waiting('web'))?.message).toBe(
    `Exec lifecycle hook ([prepare]) for Container "main" in Pod "web_default(${uid})" failed - error: command 'prepare' exited with 3: no luck, message: "no luck"`,
  );
  const events = await world.events('web');
  expect(events).toContain('FailedPostStartHook: PostStartHook failed (2)');
  expect(events).toContain('Killing: FailedPostStartHook (2)');
});

test('a preStop hook runs before the signal, within the grace period', async () => {
  const ran: string[] = [];
  world = await NodeWorld.start({
    program: () => ({
      exec: ([command = '']) => {
        ran.push(command);
        return { exitCode: 0, durationMs: 4000 };
      },
    }),
  });
  await world.run({ lifecycle: { preStop: { exec: { command: ['drain'] } } } });
  await world.deletePod('web', 10);
  await world.advance(3);
  expect(ran).toEqual(['drain']);
  expect(await world.containerState('web', 'main')).toBe('ready');
  await world.advance(2);
  expect(await world.pod('web')).toBeUndefined();
});

test('a preStop hook that takes too long is not waited for', async () => {
  world = await NodeWorld.start();
  await world.run({ lifecycle: { preStop: { sleep: { seconds: 100 } } } });
  await world.deletePod('web', 10);
  await world.advance(9);
  expect(await world.pod('web')).toBeDefined();
  await world.advance(4);
  expect(await world.pod('web')).toBeUndefined();
});

const https = { httpGet: { scheme: 'HTTPS', port: 8443, httpHeaders: [{ name: 'Authorization', value: 'secret' }] } };
const plain = 'Get "https://10.1.0.2:8443/": http: server gave HTTP response to HTTPS client';

test('a hook over HTTPS that is answered in plain HTTP is asked so, without what it would prove itself with', async () => {
  world = await NodeWorld.start();
  const probe = vi
    .spyOn(world.host, 'probeHttp')
    .mockImplementation(async ({ scheme }) =>
      scheme === 'https' ? { outcome: 'failure', message: plain } : { outcome: 'success', message: '' },
    );
  await world.run({ lifecycle: { postStart: https } });
  expect(await world.containerState('web', 'main')).toBe('ready');
  expect(probe.mock.calls.map(([{ scheme, headers }]) => [scheme, headers])).toEqual([
    ['https', { Authorization: 'secret' }],
    ['http', {}],
  ]);
  expect(await world.events('web')).toContain(
    'LifecycleHTTPFallback: request to HTTPS lifecycle hook 10.1.0.2:8443 got HTTP response, retry with HTTP succeeded',
  );
});

test('a hook over HTTPS that nobody answers fails', async () => {
  world = await NodeWorld.start();
  const refused = 'Get "https://10.1.0.2:8443/": dial tcp 10.1.0.2:8443: connect: connection refused';
  const probe = vi.spyOn(world.host, 'probeHttp').mockResolvedValue({ outcome: 'failure', message: refused });
  await world.run({ lifecycle: { postStart: https } });
  expect(probe.mock.calls.every(([{ scheme }]) => scheme === 'https')).toBe(true);
  expect((await world.events('web')).join()).toContain('FailedPostStartHook: PostStartHook failed');
});
