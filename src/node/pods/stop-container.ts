import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import type { KillReason } from './decision.ts';
import { containerEvent } from './pod-events.ts';
import { runHook } from './run-hook.ts';
import type { WorkerContext } from './worker-context.ts';

export interface StopInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly status: ContainerStatus;
  /** For the event; empty: `Stopping container NAME`. */
  readonly message: string;
  readonly reason: KillReason;
  readonly podIp: string;
  /** Instead of the pod's own. */
  readonly gracePeriodSeconds?: number | undefined;
  /** Resolves when those that must end before it have ended. */
  readonly turn?: Promise<void> | undefined;
}

/** What a container gets at least between the stop signal and the kill, so that a long preStop hook does not cost its clean end. */
const leastSeconds = 2;

/** Ends a running container: its preStop hook, the stop signal, and the kill when its grace period is over. */
export async function stopContainer(context: WorkerContext, input: StopInput, signal: AbortSignal): Promise<void> {
  const { pod, container, status, turn } = input;
  const { environment, recorder, runtime, cache } = context;
  const grace = input.gracePeriodSeconds ?? gracePeriodOf(pod, container, input.reason);
  const startedAt = environment.monotonic();
  const message = input.message === '' ? `Stopping container ${container.name}` : input.message;
  containerEvent(recorder, pod, container, 'Normal', 'Killing', message);
  const handler = container.lifecycle?.preStop;
  if (handler !== undefined && grace > 0) await preStop(context, { ...input, handler, grace }, signal);
  if (turn !== undefined) await Promise.race([turn, environment.sleep(leftOf(grace) * 1000, signal)]);
  await runtime.stopContainer(status.id, Math.max(leastSeconds, leftOf(grace)), signal);
  await cache.refreshContainer(status.id);

  function leftOf(seconds: number): number {
    return Math.max(0, seconds - Math.floor((environment.monotonic() - startedAt) / 1000));
  }
}

/** A failed probe may bring a grace period of its own; a pod that is being deleted has the one of its deletion. */
export function gracePeriodOf(pod: Pod, container: Container, reason: KillReason): number {
  const { deletionGracePeriodSeconds } = pod.metadata;
  if (deletionGracePeriodSeconds !== undefined && pod.metadata.deletionTimestamp != null)
    return deletionGracePeriodSeconds;
  const probe =
    reason === 'LivenessProbe'
      ? container.livenessProbe
      : reason === 'StartupProbe'
        ? container.startupProbe
        : undefined;
  return probe?.terminationGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
}

async function preStop(
  context: WorkerContext,
  input: StopInput & {
    readonly handler: NonNullable<Container['lifecycle']>['preStop'] & object;
    readonly grace: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const { pod, container, status, podIp, handler } = input;
  const deadline = context.environment.deadline(input.grace * 1000, signal);
  const overdue = Promise.withResolvers<void>();
  deadline.signal.addEventListener('abort', () => overdue.resolve(), { once: true });
  // A command that takes longer than the grace period is left to end with its container, and to fail so.
  const hookSignal = handler.sleep === undefined ? signal : deadline.signal;
  const running = runHook(context, { pod, container, containerId: status.id, podIp, handler }, hookSignal).catch(
    (error: unknown) => {
      if (hookSignal.aborted) return;
      context.logger.info('a preStop hook failed', { pod: pod.metadata.name, container: container.name, err: error });
      containerEvent(context.recorder, pod, container, 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
    },
  );
  await Promise.race([running, overdue.promise]);
  deadline.cancel();
}
