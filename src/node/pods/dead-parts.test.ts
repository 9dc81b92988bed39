import { expect, test } from 'vitest';
import type { ContainerStatus, SandboxStatus } from '../runtime/runtime.ts';
import { deadParts } from './dead-parts.ts';
import { newestFirst } from './pod-runtime-state.ts';

const container = (
  name: string,
  attempt: number,
  state: ContainerStatus['state'],
  sandboxId = 's0',
): ContainerStatus => ({
  id: `${name}-${attempt}`,
  sandboxId,
  metadata: { name, attempt },
  state,
  image: '',
  imageId: '',
  createdAt: attempt,
  labels: {},
  annotations: {},
  startedAt: attempt,
  finishedAt: undefined,
  exitCode: 0,
  reason: '',
  message: '',
  logPath: '',
});

const sandbox = (attempt: number, ready: boolean): SandboxStatus => ({
  id: `s${attempt}`,
  metadata: { name: 'pod', namespace: 'default', uid: 'uid', attempt },
  ready,
  createdAt: attempt,
  labels: {},
  annotations: {},
  ips: [],
});

function dead(containers: readonly ContainerStatus[], sandboxes: readonly SandboxStatus[] = [sandbox(0, true)]) {
  const parts = deadParts({
    containers: [...containers].sort(newestFirst),
    sandboxes: [...sandboxes].sort(newestFirst),
  });
  return [...parts.containers.map(({ id }) => id), ...parts.sandboxIds];
}

test('keeps what runs, and of what has ended the newest of each name', () => {
  expect(dead([container('a', 0, 'exited'), container('a', 1, 'exited'), container('a', 2, 'running')])).toEqual([
    'a-0',
  ]);
  expect(dead([container('a', 0, 'exited'), container('b', 0, 'exited')])).toEqual([]);
  expect(dead([container('a', 0, 'exited'), container('a', 1, 'exited'), container('a', 2, 'exited')])).toEqual([
    'a-1',
    'a-0',
  ]);
  expect(dead([container('a', 0, 'unknown'), container('a', 1, 'created')])).toEqual([]);
});

test('one that was never started goes when another stands in its place', () => {
  expect(dead([container('a', 0, 'created')])).toEqual([]);
  expect(dead([container('a', 0, 'created'), container('a', 1, 'running')])).toEqual(['a-0']);
  expect(dead([container('a', 0, 'exited'), container('a', 1, 'created'), container('a', 2, 'running')])).toEqual([
    'a-1',
  ]);
});

test('keeps the newest sandbox and those that hold a container which is kept', () => {
  const sandboxes = [sandbox(0, false), sandbox(1, false), sandbox(2, true)];
  expect(dead([container('a', 0, 'exited', 's0'), container('a', 1, 'exited', 's1')], sandboxes)).toEqual([
    'a-0',
    's0',
  ]);
  expect(dead([], [sandbox(0, true), sandbox(1, false)])).toEqual([]);
});
