import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { type Decision, type DecisionInput, hasChanged, type ProbeVerdicts } from './decision.ts';
import { activeContainer, anyMainContainerStarted } from './pod-runtime-state.ts';
import { isRestartableInit, restartsAfter, restartsWhenKilled } from './restart-policy.ts';

export interface InitProgress {
  /** Main containers may run. */
  readonly done: boolean;
  /** An init container failed for good, and the pod with it. */
  readonly failed: boolean;
}

const goOn: InitProgress = { done: true, failed: false };
const notYet: InitProgress = { done: false, failed: false };
const failed: InitProgress = { done: false, failed: true };

/**
 * Init containers run one after the other; a sidecar lets the next one begin as soon as it has started. Which were done is told by
 * the last one that has a trace in the sandbox: those before it may have been cleaned away.
 */
export function decideInitActions(input: DecisionInput, decision: Decision): InitProgress {
  const { pod, state } = input;
  const containers = pod.spec?.initContainers ?? [];
  if (containers.length === 0) return goOn;
  const mainStarted = anyMainContainerStarted(pod, state);
  const statuses = containers.map((container) => activeContainer(state, container.name));
  const current = mainStarted ? containers.length : statuses.findLastIndex((status) => status !== undefined);
  // Sidecars before the current one are kept running, whatever the current one does.
  for (const [index, container] of containers.slice(0, Math.max(current, 0)).entries())
    if (isRestartableInit(container)) keepSidecar(input, decision, container, statuses[index]);
  if (mainStarted) return goOn;
  const [container, status] = [containers[current], statuses[current]];
  if (container === undefined || status === undefined) return startNext(containers, 0, decision);
  const progress = isRestartableInit(container)
    ? followSidecar(input, decision, container, status)
    : followInit(pod, decision, container, status);
  if (!progress.done || progress.failed) return progress;
  return current + 1 < containers.length ? startNext(containers, current + 1, decision) : goOn;
}

function startNext(containers: readonly Container[], index: number, decision: Decision): InitProgress {
  const next = containers[index];
  if (next !== undefined) decision.start(next, 'init');
  return notYet;
}

/** The sidecar that was started last: done as soon as it has started. */
function followSidecar(
  input: DecisionInput,
  decision: Decision,
  container: Container,
  status: ContainerStatus,
): InitProgress {
  keepSidecar(input, decision, container, status);
  const started = status.state === 'running' && hasStarted(container, status, input.probes);
  return started ? goOn : notYet;
}

function hasStarted(container: Container, status: ContainerStatus, probes: ProbeVerdicts): boolean {
  return container.startupProbe === undefined || probes.startup(status.id) === 'success';
}

function followInit(pod: Pod, decision: Decision, container: Container, status: ContainerStatus): InitProgress {
  switch (status.state) {
    case 'running':
      return notYet;
    case 'exited':
      if (status.exitCode === 0) return goOn;
      if (!restartsAfter(container, pod, status.exitCode)) return failed;
      break;
    case 'created':
      // It was to be started at once, so the runtime failed to.
      break;
    default:
      if (!restartsWhenKilled(container, pod)) return failed;
      decision.kill(status, container, 'Init container is in "unknown" state, try killing it before restart');
  }
  decision.start(container, 'init');
  return notYet;
}

function keepSidecar(
  input: DecisionInput,
  decision: Decision,
  container: Container,
  status: ContainerStatus | undefined,
): void {
  if (status?.state === 'running') {
    const fault = sidecarFault(container, status, input);
    if (fault === undefined) return;
    decision.kill(status, container, fault.message, fault.reason);
  } else if (status?.state === 'unknown') {
    decision.kill(status, container, 'Init container is in "unknown" state, try killing it before restart');
  }
  decision.start(container, 'init');
}

function sidecarFault(container: Container, status: ContainerStatus, { probes, restart }: DecisionInput) {
  const { name } = container;
  const startup = container.startupProbe === undefined ? 'success' : probes.startup(status.id);
  if (startup === 'failure')
    return { message: `Init container ${name} failed startup probe`, reason: 'StartupProbe' as const };
  if (startup !== 'success') return undefined;
  if (hasChanged(container, status)) return { message: `Init container ${name} definition changed`, reason: undefined };
  if (probes.liveness(status.id) === 'failure')
    return { message: `Init container ${name} failed liveness probe`, reason: 'LivenessProbe' as const };
  if (restart.has(name)) return { message: `Container ${name} resize requires restart`, reason: undefined };
  return undefined;
}
