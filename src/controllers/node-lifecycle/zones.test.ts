import { expect, test } from 'vitest';
import { disruptionChange, type ZoneState, zoneOf, zoneState } from './zones.ts';

test('a zone is known by region and zone, older labels first', () => {
  const of = (labels: Record<string, string>) => zoneOf({ metadata: { labels } });
  expect(of({})).toBe('');
  expect(of({ 'topology.kubernetes.io/zone': 'a' })).toBe(':\0:a');
  expect(of({ 'topology.kubernetes.io/region': 'r', 'topology.kubernetes.io/zone': 'a' })).toBe('r:\0:a');
  expect(of({ 'topology.kubernetes.io/zone': 'a', 'failure-domain.beta.kubernetes.io/zone': 'b' })).toBe(':\0:b');
});

test('the state of a zone follows from how many of its nodes are ill', () => {
  const of = (ready: number, notReady: number) => zoneState({ ready, notReady }, 0.55);
  expect(of(3, 0)).toBe('Normal');
  expect(of(1, 2)).toBe('Normal');
  expect(of(2, 3)).toBe('PartialDisruption');
  expect(of(5, 6)).toBe('Normal');
  expect(of(4, 5)).toBe('PartialDisruption');
  expect(of(0, 1)).toBe('FullDisruption');
});

test('all zones together say more than each', () => {
  const states = (each: Record<string, ZoneState>) => new Map(Object.entries(each));
  const change = (before: Record<string, ZoneState>, after: Record<string, ZoneState>) =>
    disruptionChange(states(before), states(after));
  expect(change({ a: 'Initial', b: 'Normal' }, { a: 'Normal', b: 'PartialDisruption' })).toEqual({
    type: 'zones',
    changed: ['a', 'b'],
  });
  expect(change({ a: 'Normal', b: 'FullDisruption' }, { a: 'FullDisruption', b: 'FullDisruption' })).toEqual({
    type: 'enter',
  });
  const full = { a: 'FullDisruption', b: 'FullDisruption' } as const;
  expect(change(full, full)).toEqual({ type: 'zones', changed: [] });
  expect(change(full, { a: 'Normal', b: 'FullDisruption' })).toEqual({ type: 'leave' });
  expect(change({ ...full, gone: 'Normal' }, { a: 'Normal', b: 'FullDisruption' })).toEqual({ type: 'leave' });
});
