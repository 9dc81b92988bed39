import { beforeAll, describe, expect, test } from 'vitest';
import { Kubectl } from './kubectl.ts';

let kubectl: Kubectl;
let pod: string;

beforeAll(async () => {
  kubectl = await Kubectl.inNamespace('workloads');
  await kubectl.get(['apply', '-f', 'web.yaml']);
  await kubectl.get(['expose', 'deployment', 'web', '--port=80']);
  expect(await kubectl.get(['rollout', 'status', 'deployment/web', '--timeout=30s'])).toContain(
    'deployment "web" successfully rolled out',
  );
  await kubectl.get(['wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=20s']);
  pod = (await kubectl.get(['get', 'pods', '-l', 'app=web', '-o', 'name'])).split('\n')[0] ?? '';
});

describe('looking', () => {
  test('tables are as wide as asked', async () => {
    expect(await kubectl.get(['get', 'deployment', 'web'])).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s\n$/,
    );
    expect(await kubectl.get(['get', 'deployment', 'web', '-o', 'wide'])).toMatch(
      /CONTAINERS +IMAGES +SELECTOR\nweb +2\/2 .* main +app:1 +app=web\n$/,
    );
    expect(await kubectl.get(['get', 'pods', '-o', 'wide'])).toMatch(
      /IP +NODE +NOMINATED NODE +READINESS GATES\nweb-\S+ +1\/1 +Running +0 +\d+s +[\d.]+ +simulated-[01] +<none> +<none>\n/,
    );
    const named = await kubectl.get(['get', 'pods', '--field-selector', 'status.phase=Running', '-o', 'name']);
    expect(named.trim().split('\n')).toHaveLength(2);
  });

  test('a watch goes on with what changes', async () => {
    const watching = kubectl.run(['get', 'configmaps', '-w', '-o', 'name'], { endAfter: 'configmap/seen\n' });
    await kubectl.get(['create', 'configmap', 'seen']);
    expect((await watching).stdout).toContain('configmap/seen\n');
  });

  test('a pod is described with its conditions, volumes and events', async () => {
    const text = await kubectl.get(['describe', pod]);
    expect(text).toMatch(/^Node: +simulated-[01]\/[\d.]+$/m);
    expect(text).toMatch(/^Controlled By: +ReplicaSet\/web-/m);
    expect(text).toMatch(/^ {2}Ready +True/m);
    expect(text).toMatch(
      /^ {2}Normal +Scheduled +.* +default-scheduler +Successfully assigned workloads\/web-\S+ to simulated-[01]$/m,
    );
    expect(text).toMatch(/^ {2}Normal +Started +.* +kubelet +(spec\.containers\{main\}: )?Container started$/m);
    expect(text).toMatch(/kube-api-access-\S+:\n +Type: +Projected/);
  });

  test('a deployment, a service and a node are described', async () => {
    const deployment = await kubectl.get(['describe', 'deployment', 'web']);
    expect(deployment).toMatch(/^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m);
    expect(deployment).toMatch(/^ {2}Progressing +True +NewReplicaSetAvailable$/m);
    expect(deployment).toMatch(/deployment-controller +Scaled up replica set web-\S+ from 0 to 2\n/);
    await expect.poll(() => kubectl.get(['describe', 'service', 'web'])).toMatch(/^Endpoints: +[\d.]+:80,[\d.]+:80$/m);
    const node = await kubectl.get(['describe', 'node', 'simulated-0']);
    expect(node).toMatch(/^ {2}Ready +True .* KubeletReady +kubelet is posting ready status$/m);
    expect(node).toMatch(/^ {2}cpu: +4$/m);
    expect(node).toContain('Non-terminated Pods:');
  });

  test('events tell what happened, by object too', async () => {
    expect(await kubectl.get(['events', '--for', 'deployment/web'])).toMatch(/ScalingReplicaSet +Deployment\/web/);
    expect(await kubectl.get(['get', 'events', '--field-selector', 'reason=Scheduled'])).toContain(
      'Successfully assigned',
    );
  });

  test('simulated containers log nothing, and have no programs', async () => {
    expect(await kubectl.run(['logs', pod])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await kubectl.run(['logs', pod, '-c', 'nope'])).stderr).toContain(
      'container nope is not valid for pod web-',
    );
    const { code, stderr } = await kubectl.run(['exec', pod, '--', 'ls']);
    expect(code).toBe(127);
    expect(stderr).toContain('exec: "ls": executable file not found in $PATH');
  });
});

test('a rollout has a history, and goes back', async () => {
  await kubectl.get(['create', 'deployment', 'turn', '--image=app:1']);
  await kubectl.get(['rollout', 'status', 'deployment/turn', '--timeout=30s']);
  await kubectl.get(['set', 'image', 'deployment/turn', 'app=app:2']);
  await kubectl.get(['rollout', 'status', 'deployment/turn', '--timeout=30s']);
  expect(await kubectl.get(['rollout', 'history', 'deployment/turn'])).toMatch(
    /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/,
  );
  expect(await kubectl.get(['rollout', 'history', 'deployment/turn', '--revision=2'])).toMatch(/Image:\s+app:2/);
  expect(await kubectl.get(['rollout', 'undo', 'deployment/turn'])).toBe('deployment.apps/turn rolled back\n');
  await kubectl.get(['rollout', 'status', 'deployment/turn', '--timeout=30s']);
  expect(await kubectl.get(['get', 'deployment', 'turn', '-o', 'jsonpath={..image}'])).toBe('app:1');
  expect(await kubectl.get(['rollout', 'history', 'deployment/turn'])).toMatch(/CHANGE-CAUSE\n2 +<none>\n3 +<none>\n/);
});

test('what is deleted goes with what it owns, or leaves it', async () => {
  await kubectl.get(['create', 'deployment', 'parent', '--image=app:1']);
  await kubectl.get(['rollout', 'status', 'deployment/parent', '--timeout=30s']);
  await kubectl.get(['delete', 'deployment', 'parent', '--cascade=orphan']);
  const replicaSet = (await kubectl.get(['get', 'replicasets', '-l', 'app=parent', '-o', 'name'])).trim();
  expect(replicaSet).toMatch(/^replicaset\.apps\/parent-\w+$/);
  await kubectl.get(['delete', replicaSet, '--cascade=foreground', '--timeout=30s']);
  expect(await kubectl.get(['get', 'pods', '-l', 'app=parent', '-o', 'name'])).toBe('');
  await kubectl.get(['run', 'short', '--image=app:1']);
  await kubectl.get(['wait', '--for=condition=Ready', 'pod/short', '--timeout=20s']);
  const { stderr } = await kubectl.run(['delete', 'pod', 'short', '--grace-period=0', '--force']);
  expect(stderr).toContain('Immediate deletion does not wait for confirmation');
  expect((await kubectl.run(['get', 'pod', 'short'])).stderr).toBe(
    'Error from server (NotFound): pods "short" not found\n',
  );
});
