import { expect, test } from 'vitest';
import { VirtualEnvironment } from './virtual.ts';

test('timers fire in order of due time, then of setting, at their own time', async () => {
  const environment = new VirtualEnvironment(1);
  const fired: string[] = [];
  const record = (name: string) => () => fired.push(`${name}@${environment.monotonic()}`);
  environment.setTimer(20, record('c'));
  environment.setTimer(10, record('a'));
  environment.setTimer(10, record('b'));
  environment.setTimer(15, record('cancelled')).cancel();
  environment.setTimer(31, record('late'));
  await environment.advance(30);
  expect(fired).toEqual(['a@10', 'b@10', 'c@20']);
  expect(environment.monotonic()).toBe(30);
});

test('what a timer sets in motion is done before the next one fires', async () => {
  const environment = new VirtualEnvironment(1);
  const steps: string[] = [];
  const work = async () => {
    for (let step = 0; step < 3; step++) {
      await Promise.resolve();
      steps.push(`work ${step}`);
    }
    await environment.sleep(5);
    steps.push(`slept until ${environment.monotonic()}`);
  };
  environment.setTimer(1, () => void work());
  environment.setTimer(2, () => steps.push('second'));
  await environment.advance(10);
  expect(steps).toEqual(['work 0', 'work 1', 'work 2', 'second', 'slept until 6']);
});

test('one seed gives one world', () => {
  const draw = (seed: number) => {
    const environment = new VirtualEnvironment(seed);
    return [environment.id(), environment.random(), environment.randomBytes(4).toHex()];
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7)[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

test('a deadline aborts on time, and with its parent', async () => {
  const environment = new VirtualEnvironment(1);
  const alone = environment.deadline(10);
  const parent = new AbortController();
  const child = environment.deadline(10, parent.signal);
  parent.abort(new Error('stop'));
  expect(child.signal.aborted).toBe(true);
  expect(alone.signal.aborted).toBe(false);
  await environment.advance(10);
  expect(alone.signal.reason).toHaveProperty('name', 'TimeoutError');
});

test('the wall clock can jump, and timers keep to the time that passed', async () => {
  const environment = new VirtualEnvironment(1);
  const startMs = environment.now();
  let fired = false;
  environment.setTimer(1_000, () => {
    fired = true;
  });
  environment.shiftClock(86_400_000);
  await environment.advance(999);
  expect([environment.now() - startMs, environment.monotonic(), fired]).toEqual([86_400_999, 999, false]);
  await environment.advance(1);
  expect(fired).toBe(true);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('time does not pass by %s', async (durationMs) => {
  await expect(new VirtualEnvironment(1).advance(durationMs)).rejects.toThrow(
    `time passes by milliseconds from 0, not by ${durationMs}`,
  );
});
