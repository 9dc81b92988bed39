import { expect, test } from 'vitest';
import { Kubectl } from './kubectl.ts';

test('a daemon set runs on every node, rolls, and goes back', async () => {
  const kubectl = await Kubectl.inNamespace('daemons');
  const rolledOut = 'daemon set "agent" successfully rolled out';
  await kubectl.get(['apply', '-f', 'agent.yaml']);
  expect(await kubectl.get(['rollout', 'status', 'daemonset/agent', '--timeout=30s'])).toContain(rolledOut);
  const table = await kubectl.get(['get', 'ds', '-o', 'wide']);
  expect(table).toMatch(
    /^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE +CONTAINERS +IMAGES +SELECTOR\nagent +2 +2 +2 +2 +2 +<none> +\d+s +main +app:1 +app=agent\n$/,
  );
  expect((await kubectl.get(['get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}'])).split(' ').sort()).toEqual([
    'simulated-0',
    'simulated-1',
  ]);
  const text = await kubectl.get(['describe', 'ds', 'agent']);
  expect(text).toMatch(/^Desired Number of Nodes Scheduled: 2$/m);
  expect(text).toMatch(/^Pods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m);
  expect(text).toMatch(/ Normal +SuccessfulCreate +.* daemonset-controller +Created pod: agent-/);

  await kubectl.get(['set', 'image', 'daemonset/agent', 'main=app:2']);
  await kubectl.get(['annotate', 'daemonset/agent', 'kubernetes.io/change-cause=second']);
  expect(await kubectl.get(['rollout', 'status', 'daemonset/agent', '--timeout=60s'])).toContain(rolledOut);
  expect(await kubectl.get(['get', 'pods', '-o', 'jsonpath={.items[*].spec.containers[0].image}'])).toBe('app:2 app:2');
  expect(await kubectl.get(['rollout', 'history', 'daemonset/agent'])).toMatch(/^1 +<none>\n2 +/m);
  expect(await kubectl.get(['rollout', 'history', 'daemonset/agent', '--revision=1'])).toContain('app:1');
  expect(await kubectl.get(['rollout', 'undo', 'daemonset/agent'])).toBe('daemonset.apps/agent rolled back\n');
  expect(await kubectl.get(['rollout', 'status', 'daemonset/agent', '--timeout=60s'])).toContain(rolledOut);
  expect(await kubectl.get(['get', 'pods', '-o', 'jsonpath={.items[*].spec.containers[0].image}'])).toBe('app:1 app:1');
  expect(await kubectl.get(['rollout', 'restart', 'daemonset/agent'])).toBe('daemonset.apps/agent restarted\n');
  await kubectl.get(['delete', 'ds', 'agent', '--timeout=30s']);
  await expect.poll(() => kubectl.get(['get', 'pods', '-o', 'name']), { timeout: 20_000 }).toBe('');
});
