import type { Container } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { decideInitActions } from './decide-init-actions.ts';
import { Decision, type DecisionInput, hasChanged, type KillReason, nothing, type PodActions } from './decision.ts';
import { anyMainContainerCreated, latestContainer, sandboxNeed } from './pod-runtime-state.ts';
import { containersToReset } from './restart-all.ts';
import { policyOf, restartsAfter, restartsWhenKilled } from './restart-policy.ts';

/** Compares what a pod asks for with what runs. Pure: the worker performs the answer, looks again, and asks again. */
export function decidePodActions(input: DecisionInput): PodActions {
  const { pod, state } = input;
  const reset = input.restartAll ? containersToReset(pod, state) : [];
  if (reset.length > 0) return { ...nothing, reset };
  const need = sandboxNeed(pod, state);
  if (need.changed) return decideNewSandbox(input, need.attempt);
  const decision = new Decision(input);
  for (const ephemeral of pod.spec?.ephemeralContainers ?? [])
    if (latestContainer(state, ephemeral.name) === undefined) decision.start(ephemeral, 'ephemeral');
  const init = decideInitActions(input, decision);
  if (init.failed) return { ...nothing, killPod: true, kill: decision.kills };
  if (!init.done) return decision.actions();
  const kept = decideMainContainers(input, decision);
  const finished = kept === 0 && !decision.starts.some((each) => each.kind === 'main') && decision.waits.length === 0;
  // Sidecars do not keep a pod alive whose main containers are done.
  return finished ? { ...nothing, killPod: true, kill: [] } : decision.actions();
}

function decideNewSandbox(input: DecisionInput, attempt: number): PodActions {
  const { pod, state } = input;
  const containers = pod.spec?.containers ?? [];
  const restarts = containers.some((container) => policyOf(container, pod) !== 'Never');
  // What ran once and is not to run again needs no new sandbox; what was never created does.
  if (!restarts && attempt !== 0 && state.containers.length > 0) return { ...nothing, killPod: true };
  const toStart = containers.filter((container) => {
    const status = latestContainer(state, container.name);
    return !(policyOf(container, pod) === 'OnFailure' && status?.state === 'exited' && status.exitCode === 0);
  });
  if (toStart.length === 0 && anyMainContainerCreated(pod, state)) return { ...nothing, killPod: true };
  const decision = new Decision(input);
  const [firstInit] = pod.spec?.initContainers ?? [];
  if (firstInit !== undefined) decision.start(firstInit, 'init');
  else for (const container of toStart) decision.start(container, 'main');
  return { ...decision.actions(), killPod: state.sandboxes.length > 0, createSandbox: attempt };
}

/** Answers how many containers are left running. */
function decideMainContainers(input: DecisionInput, decision: Decision): number {
  const { pod, state } = input;
  let kept = 0;
  const removed = pod.metadata.deletionTimestamp != null;
  for (const container of pod.spec?.containers ?? []) {
    const status = latestContainer(state, container.name);
    if (status?.state !== 'running') {
      if (removed || (status?.state === 'exited' && !restartsAfter(container, pod, status.exitCode))) continue;
      if (status?.state === 'unknown')
        decision.kill(status, container, 'Container is in "unknown" state, try killing it before restart');
      decision.start(container, 'main');
      continue;
    }
    const fault = faultOf(container, status, input);
    if (fault === undefined) {
      kept++;
      continue;
    }
    const restart = fault.always || restartsWhenKilled(container, pod);
    const told = restart && fault.complete !== true ? `${fault.message}, will be restarted` : fault.message;
    decision.kill(status, container, told, fault.reason);
    if (restart) decision.start(container, 'main');
  }
  return kept;
}

interface Fault {
  readonly message: string;
  readonly reason: KillReason;
  /** Restarted whatever the policy says. */
  readonly always: boolean;
  /** The message tells already what is done. */
  readonly complete?: boolean;
}

/** What is wrong with a running container. */
function faultOf(container: Container, status: ContainerStatus, { probes, restart }: DecisionInput): Fault | undefined {
  const { name } = container;
  if (hasChanged(container, status))
    return { message: `Container ${name} definition changed`, reason: undefined, always: true };
  if (probes.liveness(status.id) === 'failure')
    return { message: `Container ${name} failed liveness probe`, reason: 'LivenessProbe', always: false };
  if (probes.startup(status.id) === 'failure')
    return { message: `Container ${name} failed startup probe`, reason: 'StartupProbe', always: false };
  if (restart.has(name))
    return { message: `Container ${name} resize requires restart`, reason: undefined, always: true, complete: true };
  return undefined;
}
