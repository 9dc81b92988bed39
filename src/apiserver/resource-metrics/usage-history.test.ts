import { beforeEach, expect, test } from 'vitest';
import { UsageHistory } from './usage-history.ts';
import type { ContainerPoint } from './usage-point.ts';

let history: UsageHistory;
beforeEach(() => {
  history = new UsageHistory(15_000);
});

const point = (seconds: number, cpuSeconds: number, startedAtSeconds = 0): ContainerPoint => ({
  timestamp: seconds * 1000,
  cpuSeconds,
  memoryBytes: 1536 * 2 ** 20,
  swapBytes: 0,
  startedAt: startedAtSeconds * 1000,
});
const sample = (pods: Readonly<Record<string, Readonly<Record<string, ContainerPoint>>>>, node?: ContainerPoint) => ({
  node,
  pods: new Map(Object.entries(pods).map(([key, containers]) => [key, new Map(Object.entries(containers))])),
});
const cpuOf = () => history.pod('default', 'web')?.containers.map(({ usage }) => usage['cpu']);

test('two samples make a rate, over the time between them', () => {
  history.add(sample({}, point(100, 50)));
  expect(history.node()).toBeUndefined();
  history.add(sample({}, point(115, 53)));
  expect(history.node()).toEqual({
    usage: { cpu: '200m', memory: '1536Mi', swap: '0' },
    timestamp: 115_000,
    windowMs: 15_000,
  });
});

test('a sample that is no newer changes nothing', () => {
  history.add(sample({}, point(100, 50)));
  history.add(sample({}, point(115, 53)));
  history.add(sample({}, point(115, 53)));
  expect(history.node()?.usage['cpu']).toBe('200m');
  history.add(sample({}, point(90, 49)));
  expect(history.node()).toBeUndefined();
});

test('a container that has begun anew has no rate until it is seen again', () => {
  history.add(sample({ 'default/web': { main: point(100, 50) } }));
  history.add(sample({ 'default/web': { main: point(115, 1, 110) } }));
  expect(cpuOf()).toBeUndefined();
  history.add(sample({ 'default/web': { main: point(130, 4, 110) } }));
  expect(cpuOf()).toEqual(['200m']);
});

test('one that is new, though ten seconds old, has used nothing before', () => {
  history.add(sample({ 'default/web': { main: point(112, 6, 100) } }));
  expect(history.pod('default', 'web')).toMatchObject({ windowMs: 12_000, containers: [{ usage: { cpu: '500m' } }] });
});

test('a pod is known when all its containers are, and forgotten with its node', () => {
  history.add(sample({ 'default/web': { main: point(100, 1) } }));
  history.add(sample({ 'default/web': { main: point(115, 2), late: point(114, 0, 113) } }));
  expect(cpuOf()).toBeUndefined();
  history.add(sample({ 'default/web': { main: point(130, 2), late: point(129, 0, 113) } }));
  expect(history.pod('default', 'web')).toMatchObject({
    timestamp: 129_000,
    containers: [
      { name: 'main', usage: { cpu: '0' } },
      { name: 'late', usage: { cpu: '0' } },
    ],
  });
  history.add(sample({}));
  expect(cpuOf()).toBeUndefined();
});
