import { expect, test } from 'vitest';
import { decidePressure, noPressure, type PressureState } from './decide-pressure.ts';
import { defaultEviction, type EvictionConfig } from './eviction-config.ts';
import type { Observations, Signal } from './signals.ts';
import { thresholdsOf } from './thresholds.ts';

const config: EvictionConfig = {
  ...defaultEviction,
  hard: { 'memory.available': '100', 'nodefs.available': '10%' },
  soft: { 'memory.available': '300' },
  softGracePeriodMs: { 'memory.available': 30_000 },
  minimumReclaim: { 'nodefs.available': '5%' },
};
const thresholds = thresholdsOf(config);

function observed(at: number, left: Partial<Record<Signal, number>>): Observations {
  return new Map(
    Object.entries(left).map(([signal, available]) => [signal as Signal, { available, capacity: 1000, at }]),
  );
}

function look(before: PressureState, seconds: number, left: Partial<Record<Signal, number>>) {
  const now = seconds * 1000;
  const decision = decidePressure({
    thresholds,
    observations: observed(now, left),
    before,
    pressureTransitionMs: config.pressureTransitionMs,
    now,
  });
  const starved = decision.starved.map(({ signal, hard }) => `${hard ? 'hard' : 'soft'} ${signal}`);
  return { ...decision, starved };
}

test('with enough of everything nothing happens', () => {
  const { starved, conditions } = look(noPressure, 0, { 'memory.available': 300, 'nodefs.available': 100 });
  expect([starved, conditions]).toEqual([[], []]);
});

test('memory goes before disk, and a hard threshold before a soft one', () => {
  const { starved, conditions } = look(noPressure, 0, { 'memory.available': 99, 'nodefs.available': 50 });
  expect(starved).toEqual(['hard memory.available', 'hard nodefs.available']);
  expect(conditions).toEqual(['MemoryPressure', 'DiskPressure']);
});

test('a soft threshold is told at once, and acted upon after its grace period', () => {
  let { state, starved, conditions } = look(noPressure, 0, { 'memory.available': 200 });
  expect([starved, conditions]).toEqual([[], ['MemoryPressure']]);
  ({ state, starved } = look(state, 20, { 'memory.available': 200 }));
  expect(starved).toEqual([]);
  ({ state, starved } = look(state, 30, { 'memory.available': 200 }));
  expect(starved).toEqual(['soft memory.available']);
  // Whoever has had enough in between has to be short for the whole time again.
  ({ state } = look(state, 40, { 'memory.available': 400 }));
  ({ starved } = look(state, 50, { 'memory.available': 200 }));
  expect(starved).toEqual([]);
});

test('a shortage is over when more is left than the threshold and its least reclaim', () => {
  let { state, starved } = look(noPressure, 0, { 'nodefs.available': 99 });
  ({ state, starved } = look(state, 10, { 'nodefs.available': 120 }));
  expect(starved).toEqual(['hard nodefs.available']);
  ({ state, starved } = look(state, 20, { 'nodefs.available': 150 }));
  expect(starved).toEqual([]);
  ({ starved } = look(state, 30, { 'nodefs.available': 120 }));
  expect(starved).toEqual([]);
});

test('a node is said to be under pressure for five minutes after it was last seen', () => {
  let { state, conditions } = look(noPressure, 0, { 'nodefs.available': 50 });
  ({ state, conditions } = look(state, 60, { 'nodefs.available': 500 }));
  expect(conditions).toEqual(['DiskPressure']);
  ({ state, conditions } = look(state, 299, { 'nodefs.available': 500 }));
  expect(conditions).toEqual(['DiskPressure']);
  ({ conditions } = look(state, 300, { 'nodefs.available': 500 }));
  expect(conditions).toEqual([]);
});

test('nothing is done twice about one observation, nor about what is not observed', () => {
  const { state } = look(noPressure, 0, { 'nodefs.available': 50 });
  expect(look(state, 0, { 'nodefs.available': 50 }).starved).toEqual([]);
  expect(look(state, 10, {}).starved).toEqual([]);
});
