import { allEnded } from '../../machinery/all-ended.ts';
import type { Container, Pod, Secret } from '../../resources/schema/core-v1.generated.ts';
import type { StartFailure } from '../pod-status/container-statuses.ts';
import type { ContainerStatus, Image, Mount, SandboxConfig } from '../runtime/runtime.ts';
import { containerConfig } from './container-config.ts';
import type { ContainerToStart } from './decision.ts';
import { environmentVariables } from './environment-variables.ts';
import { podDirectory } from './pod-directory.ts';
import { containerEvent } from './pod-events.ts';
import { latestContainer } from './pod-runtime-state.ts';
import { runHook } from './run-hook.ts';
import { podGroups, runAsRootProblem } from './security-context.ts';
import { stopContainer } from './stop-container.ts';
import type { WorkerContext } from './worker-context.ts';

export interface StartInput {
  readonly pod: Pod;
  readonly toStart: ContainerToStart;
  readonly sandboxId: string;
  readonly sandbox: SandboxConfig;
  readonly podIps: readonly string[];
  readonly pullSecrets: readonly Secret[];
}

export type StartOutcome = { readonly failure?: undefined } | FailedStart;

interface FailedStart {
  readonly failure: StartFailure;
  /** From when on another try makes sense; undefined: after the usual time. */
  readonly retryAt: number | undefined;
}

const started: StartOutcome = {};

/** Image, configuration, creation, start, postStart hook: with the events and the reasons of each that fails. */
export async function startContainer(
  context: WorkerContext,
  input: StartInput,
  signal: AbortSignal,
): Promise<StartOutcome> {
  const { pod, toStart, pullSecrets } = input;
  const { container } = toStart;
  const { image = '', imagePullPolicy: pullPolicy } = container;
  const ensured = await context.images.ensure({ pod, container, image, pullPolicy, pullSecrets }, signal);
  if (ensured.failure !== undefined) {
    tellFailure(context, input, `Error: ${ensured.failure.reason}`);
    return ensured;
  }
  const volumes = await imageVolumes(context, input, signal);
  if (volumes.failure !== undefined) {
    tellFailure(context, input, `Error: ${volumes.failure.reason}`);
    return volumes;
  }
  let prepared: Awaited<ReturnType<typeof prepare>>;
  try {
    prepared = await prepare(context, input, ensured.image, volumes.images);
  } catch (error) {
    signal.throwIfAborted();
    return failed(context, input, 'CreateContainerConfigError', messageOf(error));
  }
  const { runtime, recorder, cache } = context;
  let containerId: string;
  try {
    containerId = await runtime.createContainer(input.sandboxId, prepared, input.sandbox, signal);
    countImageVolumes(context, container, volumes.images, false);
  } catch (error) {
    signal.throwIfAborted();
    countImageVolumes(context, container, volumes.images, messageOf(error).includes('ImageVolumeMountFailed'));
    return failed(context, input, 'CreateContainerError', messageOf(error));
  }
  context.resizes.applied(pod.metadata.uid ?? '', container.name, container.resources);
  containerEvent(recorder, pod, container, 'Normal', 'Created', 'Container created');
  try {
    await runtime.startContainer(containerId, signal);
  } catch (error) {
    await cache.refreshContainer(containerId);
    signal.throwIfAborted();
    const outcome = failed(context, input, 'RunContainerError', messageOf(error));
    // One that the runtime did not get so far as to start has no end from which a back-off could be counted.
    const status = statusOf(context, pod, containerId);
    return status?.state === 'exited' ? endedAtOnce(context, outcome) : outcome;
  }
  containerEvent(recorder, pod, container, 'Normal', 'Started', 'Container started');
  await cache.refreshContainer(containerId);
  return postStart(context, input, containerId, signal);
}

type ImageVolumes =
  | { readonly images: ReadonlyMap<string, string>; readonly failure?: undefined }
  | (FailedStart & { readonly images?: undefined });

/** The images that are volumes of the container (KEP-4639): their ids by the names of the volumes. */
async function imageVolumes(
  { images }: WorkerContext,
  { pod, toStart, pullSecrets }: StartInput,
  signal: AbortSignal,
): Promise<ImageVolumes> {
  const ids = new Map<string, string>();
  const mounted = new Set(toStart.container.volumeMounts?.map(({ name }) => name));
  for (const { name, image } of pod.spec?.volumes ?? []) {
    if (image === undefined || !mounted.has(name)) continue;
    const { reference = '', pullPolicy } = image;
    const ensured = await images.ensure(
      { pod, container: undefined, image: reference, pullPolicy, pullSecrets },
      signal,
    );
    if (ensured.failure !== undefined) return ensured;
    ids.set(name, ensured.image.id);
  }
  return { images: ids };
}

function countImageVolumes(
  { metrics }: WorkerContext,
  { volumeMounts = [] }: Container,
  images: ReadonlyMap<string, string>,
  failed: boolean,
): void {
  const mounts = volumeMounts.filter(({ name }) => images.has(name)).length;
  metrics.images.volumesMounted(images.size, mounts, failed);
}

async function prepare(
  context: WorkerContext,
  input: StartInput,
  image: Image,
  imageVolumes: ReadonlyMap<string, string>,
) {
  const { pod, toStart, sandbox, podIps } = input;
  const { container, restartCount } = toStart;
  const problem = runAsRootProblem(pod, container, image);
  if (problem !== undefined) throw new Error(problem);
  const targetId = targetOf(context, input);
  const { machine, objects, volumes, host, config } = context;
  const facts = { pod, podIps, hostIps: machine.hostIps, allocatable: machine.allocatable };
  const variables = await environmentVariables({
    container,
    facts,
    objects,
    services: context.services(),
    readVolumeFile: (volume, path) => volumes.readFile(pod, volume, path),
  });
  const [mounts, termination] = await allEnded([
    volumes.mountsOf(pod, container, { variables, podIps, images: imageVolumes }),
    terminationLog(context, pod, container, restartCount),
    host.files.makeDirectory(`${sandbox.logDirectory}/${container.name}`),
  ]);
  return containerConfig({
    pod,
    container,
    restartCount,
    image,
    variables,
    mounts: [...mounts, ...termination],
    seccompDirectory: `${config.rootDirectory}/seccomp`,
    supplementalGroups: podGroups(pod.spec?.securityContext ?? {}),
    memoryCapacityBytes: machine.memoryCapacityBytes,
    targetId,
  });
}

/** The container that an ephemeral one looks into. Throws when it was never there. */
function targetOf({ cache }: WorkerContext, { pod, toStart }: StartInput): string | undefined {
  if (toStart.kind !== 'ephemeral') return undefined;
  const container = pod.spec?.ephemeralContainers?.find(({ name }) => name === toStart.container.name);
  const name = container?.targetContainerName ?? '';
  if (name === '') return undefined;
  const target = latestContainer(cache.state(pod.metadata.uid ?? ''), name);
  if (target === undefined) throw new Error(`unable to find target container ${name}`);
  return target.id;
}

/** The file in which the container leaves its last words. */
async function terminationLog(
  { host, config }: WorkerContext,
  pod: Pod,
  container: Container,
  restartCount: number,
): Promise<readonly Mount[]> {
  const containerPath = container.terminationMessagePath ?? '/dev/termination-log';
  if (containerPath === '') return [];
  const directory = `${podDirectory(config.rootDirectory, pod.metadata.uid ?? '')}/containers/${container.name}`;
  await host.files.makeDirectory(directory, 0o750);
  const hostPath = `${directory}/${restartCount}`;
  await host.files.write(hostPath, '', 0o666);
  return [{ containerPath, hostPath, readOnly: false, propagation: 'private' }];
}

async function postStart(
  context: WorkerContext,
  input: StartInput,
  containerId: string,
  signal: AbortSignal,
): Promise<StartOutcome> {
  const { pod, toStart, podIps } = input;
  const { container } = toStart;
  const handler = container.lifecycle?.postStart;
  if (handler === undefined) return started;
  const podIp = podIps[0] ?? '';
  try {
    await runHook(context, { pod, container, containerId, podIp, handler }, signal);
    return started;
  } catch (error) {
    signal.throwIfAborted();
    const { recorder, logger } = context;
    logger.info('a postStart hook failed', { pod: pod.metadata.name, container: container.name, err: error });
    containerEvent(recorder, pod, container, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
    const status = statusOf(context, pod, containerId);
    if (status !== undefined) {
      const message = 'FailedPostStartHook';
      await stopContainer(context, { pod, container, status, message, reason: undefined, podIp }, signal);
    }
    return endedAtOnce(context, {
      failure: { reason: 'PostStartHookError', message: messageOf(error) },
      retryAt: undefined,
    });
  }
}

function statusOf({ cache }: WorkerContext, pod: Pod, containerId: string): ContainerStatus | undefined {
  return cache.state(pod.metadata.uid ?? '').containers.find(({ id }) => id === containerId);
}

/** The container was made and has ended: its back-off says when it comes again. */
function endedAtOnce({ environment }: WorkerContext, { failure }: FailedStart): FailedStart {
  return { failure, retryAt: environment.monotonic() };
}

function failed(context: WorkerContext, input: StartInput, reason: string, message: string): FailedStart {
  tellFailure(context, input, `Error: ${message}`);
  return { failure: { reason, message }, retryAt: undefined };
}

function tellFailure({ recorder }: WorkerContext, { pod, toStart }: StartInput, message: string): void {
  containerEvent(recorder, pod, toStart.container, 'Warning', 'Failed', message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
