import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { DaemonSet } from '../../resources/schema/apps-v1.generated.ts';
import { FailedPods } from './failed-pods.ts';

test('each failure of a node doubles the wait, up to a quarter of an hour, until it is forgotten', async () => {
  const environment = new VirtualEnvironment(1);
  const failed = new FailedPods(environment);
  const set = { metadata: { uid: 'u' }, status: { observedGeneration: 1 } } as unknown as DaemonSet;
  expect(failed.waitMs(set, 'a')).toBe(0);
  const waits: number[] = [];
  for (let count = 0; count < 12; count++) {
    failed.failed(set, 'a');
    const waitMs = failed.waitMs(set, 'a');
    waits.push(waitMs / 1000);
    await environment.advance(waitMs);
    expect(failed.waitMs(set, 'a')).toBe(0);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  expect(failed.waitMs(set, 'b')).toBe(0);
  await environment.advance(2 * 900_000 + 1);
  failed.failed(set, 'a');
  expect(failed.waitMs(set, 'a')).toBe(1_000);
});
