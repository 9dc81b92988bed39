import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('./eventful-hour.ts', import.meta.url));

async function run(seed: number): Promise<{ entries: number; mishaps: readonly string[]; digest: string }> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, `${seed}`]);
  return JSON.parse(stdout);
}

test('one seed gives one history, to the byte, in every process', { timeout: 120_000 }, async () => {
  const [first, again, other] = await Promise.all([run(7), run(7), run(8)]);
  expect(first.entries).toBeGreaterThan(1_000);
  // What was meant to go wrong did: otherwise two quiet hours would be compared.
  expect(first.mishaps).toEqual(['NodeNotReady', 'ProvisioningSucceeded', 'Started again']);
  expect(again, 'run "node test/control-plane/eventful-hour.ts 7 all" twice and compare').toEqual(first);
  expect(other.digest).not.toBe(first.digest);
});
