import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { HttpRequest, UpgradeResponse } from '../../wire/http.ts';
import { acceptExec } from '../../wire/remote-command/accept-exec.ts';
import type { ExecStreams, StreamOptions } from '../../wire/remote-command/exec-streams.ts';
import { serveExec } from '../../wire/remote-command/serve-exec.ts';
import { latestContainer, type PodRuntimeState } from '../pods/pod-runtime-state.ts';
import { runtimeText } from '../pods/runtime-text.ts';
import type { ContainerRuntime, ExecSession } from '../runtime/runtime.ts';
import { textResponse } from './responses.ts';
import { noStreams, streamOptions } from './stream-options.ts';

export interface ExecInput {
  readonly pod: Pod;
  readonly state: PodRuntimeState;
  readonly container: string;
  readonly query: URLSearchParams;
  readonly request: HttpRequest;
  readonly runtime: Pick<ContainerRuntime, 'exec' | 'attach'>;
  readonly environment: Environment;
  readonly logger: Logger;
}

/** Runs a command in a container for whoever asked, over the protocol in which it was asked. */
export function exec(input: ExecInput): UpgradeResponse {
  const { container, state, query, runtime } = input;
  const options = streamOptions(query);
  if (options === undefined) return textResponse(400, noStreams);
  const running = latestContainer(state, container);
  if (running?.state !== 'running') return textResponse(500, `container not found ("${container}")`);
  const command = query.getAll('command');
  const open = () => runtime.exec(running.id, { ...options, command });
  return serve(input, options, open, 'error executing command in container', command);
}

/** Joins whoever asked to what a container reads and writes. Whether there is a terminal was decided when it was made. */
export function attach(input: ExecInput): UpgradeResponse {
  const { pod, container, state, query, runtime } = input;
  const options = streamOptions(query);
  if (options === undefined) return textResponse(400, noStreams);
  const running = latestContainer(state, container);
  if (running?.state !== 'running') {
    const podName = `${pod.metadata.name}_${pod.metadata.namespace}`;
    return textResponse(500, `container ${container} not found in pod ${podName}`);
  }
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const spec = [...containers, ...initContainers, ...ephemeralContainers].find(({ name }) => name === container);
  const open = () => runtime.attach(running.id, { ...options, tty: spec?.tty === true });
  return serve(input, options, open, 'error attaching to container');
}

function serve(
  { request, environment, ...input }: ExecInput,
  options: StreamOptions,
  open: () => Promise<ExecSession>,
  trouble: string,
  command?: readonly string[],
): UpgradeResponse {
  const accepted = acceptExec(environment, request, options);
  if (accepted.streams !== undefined) void run(input, accepted.streams, open, trouble, command);
  return accepted.response;
}

async function run(
  { logger, pod, container }: Pick<ExecInput, 'logger' | 'pod' | 'container'>,
  opening: Promise<ExecStreams>,
  open: () => Promise<ExecSession>,
  trouble: string,
  command: readonly string[] | undefined,
): Promise<void> {
  let streams: ExecStreams;
  try {
    streams = await opening;
  } catch (error) {
    logger.debug('a client did not open its streams', { pod: pod.metadata.name, container, err: error });
    return;
  }
  try {
    await serveExec(streams, await open(), command);
  } catch (error) {
    streams.finish({ failure: `${trouble}: ${runtimeText(error)}` });
  }
}
