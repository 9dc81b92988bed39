import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { RuntimeError } from '../runtime/runtime.ts';
import { endPods, type PodRuntime } from './end-pods.ts';

/** Sandboxes that are there, each with how often it still refuses to be stopped. */
function runtimeWith(sandboxes: Map<string, number>): PodRuntime {
  return {
    listPodSandboxes: async () => [...sandboxes.keys()].map((id) => ({ id })),
    stopPodSandbox: async (id: string) => {
      const refusals = sandboxes.get(id) ?? 0;
      sandboxes.set(id, refusals - 1);
      if (refusals > 0) throw new RuntimeError('Unknown', `${id}: ttrpc: closed`);
    },
    removePodSandbox: async (id: string) => void sandboxes.delete(id),
  };
}

async function end(sandboxes: Map<string, number>): Promise<unknown> {
  const environment = new VirtualEnvironment(1);
  const ended = endPods(environment, runtimeWith(sandboxes), new AbortController().signal).catch((error) => error);
  await environment.advance(5_000);
  return ended;
}

test('a pod that could not be ended is asked to again, and all others end', async () => {
  const sandboxes = new Map(Array.from({ length: 20 }, (_, index) => [`pod-${index}`, index === 3 ? 2 : 0]));
  expect(await end(sandboxes)).toBeUndefined();
  expect([...sandboxes.keys()]).toEqual([]);
});

test('what the last attempt says is said, and only that pod is left', async () => {
  const sandboxes = new Map([
    ['a', 0],
    ['b', 100],
  ]);
  expect(String(await end(sandboxes))).toContain('b: ttrpc: closed');
  expect([...sandboxes.keys()]).toEqual(['b']);
});
