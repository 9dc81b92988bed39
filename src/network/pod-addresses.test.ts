import { beforeEach, expect, test } from 'vitest';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { silentLogger } from '../machinery/log.ts';
import { MemoryFiles } from '../node/host/simulated/memory-files.ts';
import { PodAddresses } from './pod-addresses.ts';

const directory = '/ipam/net';
let environment: VirtualEnvironment;
let files: MemoryFiles;
let known: string[];

beforeEach(async () => {
  environment = new VirtualEnvironment(1);
  files = new MemoryFiles(environment);
  known = [];
});

async function start(range = '10.244.0.0/29'): Promise<PodAddresses> {
  const addresses = new PodAddresses({
    files,
    environment,
    logger: silentLogger,
    directory,
    range,
    known: () => known,
  });
  await addresses.start();
  return addresses;
}

/** What host-local does: the next address that has no file, from where it was last; undefined when all have one. */
async function giveOut(count = 5): Promise<string | undefined> {
  const pointer = await files.read(`${directory}/last_reserved_ip.0`).then(
    (bytes) => Number(new TextDecoder().decode(bytes).split('.')[3]),
    () => 1,
  );
  for (let step = 1; step <= count; step++) {
    const offset = ((pointer - 2 + step + count) % count) + 2;
    const address = `10.244.0.${offset}`;
    if ((await files.stat(`${directory}/${address}`)) !== undefined) continue;
    await files.write(`${directory}/${address}`, 'container\r\neth0');
    await files.write(`${directory}/last_reserved_ip.0`, address);
    return address;
  }
  return undefined;
}
const giveBack = (address: string | undefined) => files.remove(`${directory}/${address}`);

test('an address rests for a minute, however fast the others come and go', async () => {
  const addresses = await start('10.244.0.0/27');
  const when = new Map<string, number>();
  for (let second = 0; second < 600; second++) {
    const address = await giveOut(29);
    if (address !== undefined) {
      const since = when.get(address);
      if (since !== undefined) expect(environment.now() - since).toBeGreaterThanOrEqual(60_000);
      await giveBack(address);
      when.set(address, environment.now());
    }
    await environment.advance(1_000);
  }
  // It is given out all the same, again and again.
  expect(when.size).toBe(29);
  expect([...when.values()].every((at) => at > environment.now() - 200_000)).toBe(true);
  await addresses.stop();
});

test.each(['', '10.244.'])(
  'a pointer that the plugin is about to write (%j) is no reason to hold anything',
  async (torn) => {
    const addresses = await start('10.244.0.0/24');
    await giveOut(253);
    await addresses.look();
    await files.write(`${directory}/last_reserved_ip.0`, torn);
    await addresses.look();
    expect((await files.list(directory)).toSorted()).toEqual(['10.244.0.2', 'last_reserved_ip.0']);
    await addresses.stop();
  },
);

test('who has an address keeps it', async () => {
  const addresses = await start();
  const address = await giveOut();
  await environment.advance(300_000);
  expect((await files.stat(`${directory}/${address}`))?.type).toBe('file');
  await addresses.stop();
});

test('a directory that was lost: what the pods of the node have is not given out', async () => {
  known = ['10.244.0.3', '10.244.0.2', '10.9.9.9'];
  const addresses = await start();
  expect(await giveOut()).toBe('10.244.0.4');
  await environment.advance(120_000);
  // They are still there: their addresses stay taken.
  expect([await giveOut(), await giveOut(), await giveOut()]).toEqual(['10.244.0.5', '10.244.0.6', undefined]);
  known = [];
  await environment.advance(120_000);
  expect(await giveOut()).toBe('10.244.0.2');
  await addresses.stop();
});

test('what rests when the agent ends rests on under the next one', async () => {
  const first = await start();
  const address = await giveOut();
  await first.look();
  await giveBack(address);
  await first.look();
  await first.stop();
  const second = await start();
  expect([await giveOut(), await giveOut(), await giveOut(), await giveOut(), await giveOut()]).toEqual([
    '10.244.0.3',
    '10.244.0.4',
    '10.244.0.5',
    '10.244.0.6',
    undefined,
  ]);
  await environment.advance(70_000);
  expect(await giveOut()).toBe('10.244.0.2');
  await second.stop();
});
