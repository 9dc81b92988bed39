import { expect, test } from 'vitest';
import { slowStart } from './slow-start.ts';

test('doubles its batches while all goes well', async () => {
  const batches: number[] = [];
  let running = 0;
  const result = await slowStart(10, async () => {
    running += 1;
    await Promise.resolve();
    if (running > 0) {
      batches.push(running);
      running = 0;
    }
  });
  expect(result).toEqual({ succeeded: 10, failed: 0, skipped: 0, error: undefined });
  expect(batches).toEqual([1, 2, 4, 3]);
});

test('stops after the first batch with a failure and says what was not tried', async () => {
  const refused = new Error('exceeded quota');
  const result = await slowStart(20, async (index) => {
    if (index === 2) throw refused;
  });
  expect(result).toEqual({ succeeded: 2, failed: 1, skipped: 17, error: refused });
});
