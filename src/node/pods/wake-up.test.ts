import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { WakeUp } from './wake-up.ts';

test('calls once at the earliest of the times, at once when it is over, and no more after it was stopped', async () => {
  const environment = new VirtualEnvironment(1);
  const calls: number[] = [];
  const start = environment.monotonic();
  const wakeUp = new WakeUp(environment, () => calls.push(environment.monotonic() - start));
  wakeUp.at(start + 500);
  wakeUp.at(start + 200);
  wakeUp.at(start + 300);
  await environment.advance(1000);
  expect(calls).toEqual([200]);
  wakeUp.at(start);
  await environment.advance(1);
  expect(calls).toEqual([200, 1000]);
  wakeUp.at(start + 1500);
  wakeUp.stop();
  wakeUp.at(start + 1200);
  await environment.advance(1000);
  expect(calls).toEqual([200, 1000]);
});
