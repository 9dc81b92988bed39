import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Container, Pod, PodSpec } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerStatus, SandboxStatus } from '../runtime/runtime.ts';
import { containerHash } from './container-hash.ts';
import { decidePodActions } from './decide-pod-actions.ts';
import type { DecisionInput, PodActions } from './decision.ts';
import { annotations } from './labels.ts';
import { newestFirst } from './pod-runtime-state.ts';

const c = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'nginx:1', ...more });
const sidecar = (name: string, more: Partial<Container> = {}) => c(name, { restartPolicy: 'Always', ...more });

const podOf = (spec: Partial<PodSpec>): Pod => ({
  metadata: { name: 'web', namespace: 'default', uid: 'uid-1' },
  spec: { restartPolicy: 'Always', containers: [c('main')], ...spec },
});

const sandbox = (attempt = 0, more: Partial<SandboxStatus> = {}): SandboxStatus => ({
  id: `sandbox-${attempt}`,
  metadata: { name: 'web', namespace: 'default', uid: 'uid-1', attempt },
  ready: true,
  createdAt: attempt,
  labels: {},
  annotations: {},
  ips: ['10.0.0.1'],
  ...more,
});

const ran = (
  container: Container,
  state: ContainerStatus['state'],
  more: Partial<ContainerStatus> & { readonly attempt?: number } = {},
): ContainerStatus => {
  const { attempt = 0, ...rest } = more;
  return {
    id: `${container.name}-${attempt}`,
    sandboxId: 'sandbox-0',
    metadata: { name: container.name, attempt },
    state,
    image: '',
    imageId: '',
    createdAt: attempt,
    labels: {},
    annotations: { [annotations.hash]: containerHash(container), [annotations.restartCount]: String(attempt) },
    startedAt: 0,
    finishedAt: state === 'exited' ? 1000 : undefined,
    exitCode: 0,
    reason: '',
    message: '',
    logPath: '',
    ...rest,
  };
};

function decide(
  pod: Pod,
  containers: readonly ContainerStatus[] = [],
  sandboxes: readonly SandboxStatus[] = [sandbox()],
  more: Partial<DecisionInput> = {},
): PodActions {
  return decidePodActions({
    pod,
    state: { sandboxes: [...sandboxes].sort(newestFirst), containers: [...containers].sort(newestFirst) },
    probes: { liveness: () => undefined, startup: () => undefined },
    restartAll: false,
    restart: new Set(),
    backOff: () => 0,
    now: 10_000,
    ...more,
  });
}

/** Actions as a few words, in the order in which they are performed. */
function words(actions: PodActions): readonly string[] {
  return [
    ...(actions.killPod ? ['kill pod'] : []),
    ...actions.kill.map(({ containerId }) => `kill ${containerId}`),
    ...(actions.createSandbox === undefined ? [] : [`sandbox ${actions.createSandbox}`]),
    ...actions.start.map(({ container, restartCount }) => `start ${container.name} ${restartCount}`),
    ...actions.waiting.map(({ container, until }) => `wait ${container.name} ${until}`),
  ];
}

test('a new pod gets a sandbox and all its containers, or its first init container', () => {
  const two = [c('a'), c('b')];
  expect(words(decide(podOf({ containers: two }), [], []))).toEqual(['sandbox 0', 'start a 0', 'start b 0']);
  const initContainers = [c('init'), c('later')];
  expect(words(decide(podOf({ containers: two, initContainers }), [], []))).toEqual(['sandbox 0', 'start init 0']);
});

test('a pod that runs as it should is left alone', () => {
  expect(words(decide(podOf({}), [ran(c('main'), 'running')]))).toEqual([]);
});

test('a sandbox that is gone, doubled or without an address is replaced, and everything in it', () => {
  const main = ran(c('main'), 'exited', { exitCode: 137 });
  expect(words(decide(podOf({}), [main], [sandbox(0, { ready: false })]))).toEqual([
    'kill pod',
    'sandbox 1',
    'start main 1',
  ]);
  expect(words(decide(podOf({}), [], [sandbox(0), sandbox(1)]))).toEqual(['kill pod', 'sandbox 2', 'start main 0']);
  expect(words(decide(podOf({}), [], [sandbox(0, { ips: [] })]))).toEqual(['kill pod', 'sandbox 1', 'start main 0']);
  expect(words(decide(podOf({ hostNetwork: true }), [], [sandbox(0, { ips: [] })]))).toEqual(['start main 0']);
});

test('a pod that ran once and may not run again gets no new sandbox', () => {
  const gone = [sandbox(0, { ready: false })];
  const never = podOf({ restartPolicy: 'Never' });
  expect(words(decide(never, [ran(c('main'), 'exited', { exitCode: 1 })], gone))).toEqual(['kill pod']);
  expect(words(decide(never, [], gone))).toEqual(['kill pod', 'sandbox 1', 'start main 0']);
  const onFailure = podOf({ restartPolicy: 'OnFailure' });
  expect(words(decide(onFailure, [ran(c('main'), 'exited')], gone))).toEqual(['kill pod']);
  expect(words(decide(onFailure, [ran(c('main'), 'exited', { exitCode: 1 })], gone))).toEqual([
    'kill pod',
    'sandbox 1',
    'start main 1',
  ]);
});

test.each([
  ['Always', 0, ['start main 1']],
  ['Always', 1, ['start main 1']],
  ['OnFailure', 0, ['kill pod']],
  ['OnFailure', 1, ['start main 1']],
  ['Never', 1, ['kill pod']],
])('with policy %s a container that ended with %i: %o', (restartPolicy, exitCode, expected) => {
  expect(words(decide(podOf({ restartPolicy }), [ran(c('main'), 'exited', { exitCode })]))).toEqual(expected);
});

test("a container's own policy and rules go before the pod's", () => {
  const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
  const main = c('main', { restartPolicy: 'Never', restartPolicyRules: rules });
  const pod = podOf({ restartPolicy: 'Always', containers: [main] });
  expect(words(decide(pod, [ran(main, 'exited', { exitCode: 42 })]))).toEqual(['start main 1']);
  expect(words(decide(pod, [ran(main, 'exited', { exitCode: 1 })]))).toEqual(['kill pod']);
});

test('a container that crashed waits for as long as its back-off says, counted from its end', () => {
  const crashed = [ran(c('main'), 'exited', { exitCode: 1, attempt: 3 })];
  const backOff = () => 20_000;
  expect(words(decide(podOf({}), crashed, undefined, { backOff }))).toEqual(['wait main 21000']);
  expect(words(decide(podOf({}), crashed, undefined, { backOff, now: 21_000 }))).toEqual(['start main 4']);
  expect(decide(podOf({}), crashed, undefined, { backOff }).waiting[0]?.message).toBe(
    'back-off 20s restarting failed container=main pod=web_default(uid-1)',
  );
});

test.each([
  ['liveness', 'Container main failed liveness probe'],
  ['startup', 'Container main failed startup probe'],
] as const)('a container whose %s probe fails is killed, and restarted unless it never is', (which, message) => {
  const nothing = () => undefined;
  const probes = { liveness: nothing, startup: nothing, [which]: () => 'failure' as const };
  const running = [ran(c('main'), 'running')];
  const always = decide(podOf({}), running, undefined, { probes });
  expect(words(always)).toEqual(['kill main-0', 'start main 1']);
  expect(always.kill[0]?.message).toBe(`${message}, will be restarted`);
  const never = decide(podOf({ restartPolicy: 'Never' }), running, undefined, { probes });
  expect(words(never)).toEqual(['kill pod']);
});

test('a container whose image has changed is restarted whatever its policy', () => {
  const pod = podOf({ restartPolicy: 'Never', containers: [c('main', { image: 'nginx:2' })] });
  expect(words(decide(pod, [ran(c('main'), 'running')]))).toEqual(['kill main-0', 'start main 1']);
});

test('init containers run one after the other, and each failure is as the policy says', () => {
  const [one, two] = [c('one'), c('two')];
  const pod = podOf({ initContainers: [one, two] });
  expect(words(decide(pod, [ran(one, 'running')]))).toEqual([]);
  expect(words(decide(pod, [ran(one, 'exited')]))).toEqual(['start two 0']);
  expect(words(decide(pod, [ran(one, 'exited', { exitCode: 1 })]))).toEqual(['start one 1']);
  expect(words(decide(pod, [ran(one, 'exited'), ran(two, 'exited')]))).toEqual(['start main 0']);
  // The first may have been cleaned away by now.
  expect(words(decide(pod, [ran(two, 'exited')]))).toEqual(['start main 0']);
  expect(words(decide(pod, [ran(c('main'), 'running')]))).toEqual([]);
  const never = podOf({ restartPolicy: 'Never', initContainers: [one, two] });
  expect(words(decide(never, [ran(one, 'exited', { exitCode: 1 })]))).toEqual(['kill pod']);
});

test('a sidecar lets the next one begin when it has started, is kept running, and keeps no pod alive', () => {
  const side = sidecar('side', { startupProbe: {} });
  const two = c('two');
  const pod = podOf({ restartPolicy: 'Never', initContainers: [side, two] });
  const started = { probes: { liveness: () => undefined, startup: () => 'success' as const } };
  expect(words(decide(pod, [ran(side, 'running')]))).toEqual([]);
  expect(words(decide(pod, [ran(side, 'running')], undefined, started))).toEqual(['start two 0']);
  const during = [ran(side, 'exited', { exitCode: 1 }), ran(two, 'running')];
  expect(words(decide(pod, during, undefined, started))).toEqual(['start side 1']);
  const main = ran(c('main'), 'running');
  expect(words(decide(pod, [ran(side, 'exited'), main], undefined, started))).toEqual(['start side 1']);
  const done = [ran(side, 'running'), ran(two, 'exited'), ran(c('main'), 'exited')];
  expect(words(decide(pod, done, undefined, started))).toEqual(['kill pod']);
});

test('an ephemeral container is started once', () => {
  const pod = podOf({ ephemeralContainers: [c('debug')] });
  const main = ran(c('main'), 'running');
  expect(words(decide(pod, [main]))).toEqual(['start debug 0']);
  expect(words(decide(pod, [main, ran(c('debug'), 'exited')]))).toEqual([]);
});

/** A runtime as small as the decisions need it. */
function perform(actions: PodActions, containers: ContainerStatus[], sandboxes: SandboxStatus[], now: number): void {
  const end = (each: ContainerStatus) => {
    const at = containers.indexOf(each);
    if (each.state === 'running') containers[at] = { ...each, state: 'exited', exitCode: 137, finishedAt: now };
  };
  if (actions.killPod) {
    for (const each of [...containers]) end(each);
    for (const [at, each] of sandboxes.entries()) sandboxes[at] = { ...each, ready: false };
  }
  for (const { containerId } of actions.kill)
    for (const each of [...containers]) if (each.id === containerId) end(each);
  if (actions.createSandbox !== undefined) sandboxes.push(sandbox(actions.createSandbox, { createdAt: now }));
  const sandboxId = sandboxes.at(-1)?.id ?? '';
  for (const { container, restartCount } of actions.start) {
    const alike = containers.filter(({ metadata }) => metadata.name === container.name);
    expect(alike.filter(({ state }) => state === 'running')).toEqual([]);
    expect(alike.map(({ metadata }) => metadata.attempt)).not.toContain(restartCount);
    containers.push(ran(container, 'running', { attempt: restartCount, sandboxId, createdAt: now }));
  }
}

const policies = fc.constantFrom('Always', 'OnFailure', 'Never');
const shapes = fc.record({
  restartPolicy: policies,
  inits: fc.array(fc.boolean(), { maxLength: 3 }),
  mains: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(fc.record({ which: fc.nat(20), exitCode: fc.constantFrom(0, 0, 1), sandbox: fc.nat(9) }), {
    maxLength: 25,
  }),
});

test('whatever ends in whatever order: nothing runs twice, nothing main before init, nothing that may not run again', () => {
  fc.assert(
    fc.property(shapes, ({ restartPolicy, inits, mains, steps }) => {
      const initContainers = inits.map((restartable, at) => (restartable ? sidecar(`init${at}`) : c(`init${at}`)));
      const containers = Array.from({ length: mains }, (_, at) => c(`main${at}`));
      const pod = podOf({ restartPolicy, initContainers, containers });
      const runtime: ContainerStatus[] = [];
      const sandboxes: SandboxStatus[] = [];
      let now = 0;
      for (const step of [...steps, ...steps]) {
        now++;
        const before = runtime.length;
        perform(decide(pod, runtime, sandboxes, { now }), runtime, sandboxes, now);
        const current = runtime.filter(({ sandboxId }) => sandboxId === sandboxes.at(-1)?.id);
        const has = (name: string, done: boolean) =>
          current.some(
            (each) => each.metadata.name === name && (!done || (each.state === 'exited' && each.exitCode === 0)),
          );
        const startedMain = runtime.slice(before).some(({ metadata }) => metadata.name.startsWith('main'));
        if (startedMain)
          for (const each of initContainers) expect(has(each.name, each.restartPolicy === undefined)).toBe(true);
        if (restartPolicy === 'Never')
          for (const { name } of containers)
            expect(runtime.filter(({ metadata }) => metadata.name === name).length).toBeLessThanOrEqual(1);
        // Something ends by itself.
        const running = runtime.filter(({ state }) => state === 'running');
        const victim = running[step.which % Math.max(1, running.length)];
        if (victim !== undefined)
          runtime[runtime.indexOf(victim)] = { ...victim, state: 'exited', exitCode: step.exitCode, finishedAt: now };
        const last = sandboxes.at(-1);
        if (step.sandbox === 0 && last !== undefined) sandboxes[sandboxes.length - 1] = { ...last, ready: false };
      }
    }),
    { numRuns: 200 },
  );
});
