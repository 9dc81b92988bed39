import { expect, test } from 'vitest';
import { Kubectl } from './kubectl.ts';

test('a node is drained, takes no pods meanwhile, and comes back', async () => {
  const kubectl = await Kubectl.inNamespace('drained');
  expect(await kubectl.get(['cordon', 'simulated-1'])).toBe('node/simulated-1 cordoned\n');
  expect(await kubectl.get(['cordon', 'simulated-1'])).toBe('node/simulated-1 already cordoned\n');
  await kubectl.get(['create', 'deployment', 'movable', '--image=app:1']);
  await kubectl.get(['run', 'bare', '--image=app:1']);
  await kubectl.get(['rollout', 'status', 'deployment/movable', '--timeout=30s']);
  await kubectl.get(['wait', '--for=condition=Ready', 'pod/bare', '--timeout=20s']);
  const where = () => kubectl.get(['get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}']);
  expect(await where()).toBe('simulated-0 simulated-0');
  expect(await kubectl.get(['uncordon', 'simulated-1'])).toBe('node/simulated-1 uncordoned\n');

  const only = ['simulated-0', '--ignore-daemonsets', '--pod-selector=app=movable', '--timeout=30s'];
  const refused = await kubectl.run(['drain', 'simulated-0', '--ignore-daemonsets', '--pod-selector=run=bare']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    'cannot delete Pods that declare no controller (use --force to override): drained/bare',
  );
  const drained = await kubectl.get(['drain', ...only]);
  expect(drained).toMatch(
    /^node\/simulated-0 (already )?cordoned\n(evicting pod \S+\n)*(pod\/movable-\S+ evicted\n)node\/simulated-0 drained\n$/,
  );
  expect(await kubectl.get(['get', 'node', 'simulated-0'])).toMatch(/simulated-0 +Ready,SchedulingDisabled +<none>/);
  await kubectl.get(['rollout', 'status', 'deployment/movable', '--timeout=30s']);
  expect((await where()).split(' ').sort()).toEqual(['simulated-0', 'simulated-1']);
  await kubectl.get(['uncordon', 'simulated-0']);
  expect(await kubectl.get(['get', 'node', 'simulated-0', '-o', 'jsonpath={.spec.unschedulable}'])).toBe('');
});
