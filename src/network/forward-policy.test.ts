import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { silentLogger } from '../machinery/log.ts';
import { ForwardPolicy } from './forward-policy.ts';

test('traffic of pods is let through when Docker comes, and when it comes again', async () => {
  const environment = new VirtualEnvironment(1);
  let chain: string | undefined;
  const given: string[] = [];
  const unused = () => Promise.reject(new Error('not used'));
  const policy = new ForwardPolicy({
    host: {
      processes: {
        run: async () => ({ code: chain === undefined ? 1 : 0, stdout: chain ?? '', stderr: '' }),
        startDetached: unused,
        isAlive: unused,
        signal: unused,
      },
      nft: async (rules) => {
        given.push(rules);
        chain += rules;
      },
    },
    environment,
    logger: silentLogger,
    bridge: 'st-a',
    clusterId: 'a',
  });
  await policy.start();
  await environment.advance(60_000);
  expect(given).toEqual([]);
  for (const times of [1, 2]) {
    chain = 'type filter hook forward priority filter; policy drop;';
    await environment.advance(60_000);
    expect(given).toHaveLength(times);
  }
  expect(given[0]).toContain('insert rule ip filter FORWARD iifname "st-a" accept comment "stuurman a"');
  chain = 'type filter hook forward priority filter; policy accept;';
  await environment.advance(60_000);
  expect(given).toHaveLength(2);
  await policy.stop();
});
