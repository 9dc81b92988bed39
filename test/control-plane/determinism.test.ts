import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('./eventful-times.ts', import.meta.url));

interface Report {
  readonly entries: number;
  readonly mishaps: readonly string[];
  readonly beginning: string;
  readonly digest: string;
}

async function run(...args: readonly string[]): Promise<Report> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]);
  return JSON.parse(stdout);
}

test('one seed gives one history, to the byte, in every process', { timeout: 120_000 }, async () => {
  const [first, again, other] = await Promise.all([run('7'), run('7'), run('8', '1s')]);
  expect(first.entries).toBeGreaterThan(1_000);
  // What was meant to go wrong did: otherwise two quiet clusters would be compared.
  expect(first.mishaps).toEqual(['NodeNotReady', 'ProvisioningSucceeded', 'Started again']);
  expect(again, 'run "node test/control-plane/eventful-times.ts 7 20m all" twice and compare').toEqual(first);
  // Another seed begins otherwise.
  expect(first.beginning).toMatch(/^[0-9a-f]{64}$/);
  expect(other.beginning).toMatch(/^[0-9a-f]{64}$/);
  expect(other.beginning).not.toBe(first.beginning);
});
