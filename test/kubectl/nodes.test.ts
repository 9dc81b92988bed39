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

test('a drain keeps to a budget, waits for it, and leaves daemon pods alone', async () => {
  const kubectl = await Kubectl.inNamespace('budgeted');
  await kubectl.get(['apply', '-f', 'agent.yaml']);
  await kubectl.get(['create', 'deployment', 'guarded', '--image=app:1', '--replicas=2']);
  await kubectl.get(['create', 'pdb', 'guard', '--selector=app=guarded', '--min-available=2']);
  await kubectl.get(['rollout', 'status', 'deployment/guarded', '--timeout=30s']);
  await kubectl.get(['rollout', 'status', 'daemonset/agent', '--timeout=30s']);
  await expect
    .poll(() => kubectl.get(['get', 'pdb', 'guard']))
    .toMatch(/^NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE\nguard +2 +N\/A +0 +\d+s\n$/);
  const node = await kubectl.get(['get', 'pods', '-l', 'app=guarded', '-o', 'jsonpath={.items[0].spec.nodeName}']);
  const selected = '--pod-selector=app in (guarded, agent)';
  const asked = await kubectl.run(['drain', node, selected, '--dry-run=server']);
  expect(asked.stderr).toContain(
    'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): budgeted/agent-',
  );
  const drained = ['drain', node, selected, '--ignore-daemonsets'];
  const refused = await kubectl.run([...drained, '--timeout=3s']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /error when evicting pods\/"guarded-\S+" -n "budgeted" \(will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget\./,
  );
  const draining = kubectl.run([...drained, '--timeout=60s']);
  await kubectl.get(['patch', 'pdb', 'guard', '-p', '{"spec":{"minAvailable":1}}']);
  const { code, stdout, stderr } = await draining;
  expect(stderr).toContain('Warning: ignoring DaemonSet-managed Pods: budgeted/agent-');
  expect(stdout).toContain(`node/${node} drained`);
  expect(code).toBe(0);
  const daemons = await kubectl.get(['get', 'pods', '-l', 'app=agent', '-o', 'jsonpath={.items[*].spec.nodeName}']);
  expect(daemons.split(' ').sort()).toEqual(['simulated-0', 'simulated-1']);
  await kubectl.get(['uncordon', node]);
  expect(await kubectl.get(['describe', 'pdb', 'guard'])).toMatch(/^Min available: +1\nSelector: +app=guarded\n/m);
});
