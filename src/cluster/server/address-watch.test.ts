import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { silentLogger } from '../../machinery/log.ts';
import { AddressWatch } from './address-watch.ts';

test('tells of other addresses, again when that failed, and never of none', async () => {
  const environment = new VirtualEnvironment(1);
  let addresses: readonly string[] = ['10.0.0.1'];
  let fails = true;
  const told: string[] = [];
  const watch = new AddressWatch({
    environment,
    logger: silentLogger,
    look: () => addresses,
    onChange: async (changed) => {
      told.push(changed.join());
      if (fails) throw new Error('no');
    },
  });
  await environment.advance(10_000);
  addresses = [];
  await environment.advance(10_000);
  expect(told).toEqual([]);
  addresses = ['10.0.0.2', '10.0.0.1'];
  await environment.advance(4_000);
  expect(told).toEqual(['10.0.0.2,10.0.0.1', '10.0.0.2,10.0.0.1']);
  fails = false;
  await environment.advance(20_000);
  expect(told).toHaveLength(3);
  await watch.stop();
  addresses = ['10.0.0.3'];
  await environment.advance(20_000);
  expect(told).toHaveLength(3);
});
