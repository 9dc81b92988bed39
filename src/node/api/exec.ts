import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { HttpRequest, UpgradeResponse } from '../../wire/http.ts';
import { acceptExec } from '../../wire/remote-command/accept-exec.ts';
import type { ExecStreams } from '../../wire/remote-command/exec-streams.ts';
import { serveExec } from '../../wire/remote-command/serve-exec.ts';
import { latestContainer, type PodRuntimeState } from '../pods/pod-runtime-state.ts';
import { runtimeText } from '../pods/runtime-text.ts';
import type { ContainerRuntime, ExecOptions } from '../runtime/runtime.ts';
import { textResponse } from './responses.ts';

export interface ExecInput {
  readonly pod: Pod;
  readonly state: PodRuntimeState;
  readonly container: string;
  readonly query: URLSearchParams;
  readonly request: HttpRequest;
  readonly runtime: Pick<ContainerRuntime, 'exec'>;
  readonly environment: Environment;
  readonly logger: Logger;
}

/** Runs a command in a container for whoever asked, over the protocol in which it was asked. */
export function exec(input: ExecInput): UpgradeResponse {
  const { container, state, query, request, environment } = input;
  const options = parseOptions(query);
  if (options === undefined) return textResponse(400, 'you must specify at least 1 of stdin, stdout, stderr');
  const running = latestContainer(state, container);
  if (running?.state !== 'running') return textResponse(500, `container not found ("${container}")`);
  const accepted = acceptExec(environment, request, options);
  if (accepted.streams !== undefined) void run(input, running.id, options, accepted.streams);
  return accepted.response;
}

async function run(
  { runtime, logger, pod, container }: ExecInput,
  containerId: string,
  options: ExecOptions,
  opening: Promise<ExecStreams>,
): Promise<void> {
  let streams: ExecStreams;
  try {
    streams = await opening;
  } catch (error) {
    logger.debug('a client did not open the streams of its command', { pod: pod.metadata.name, container, err: error });
    return;
  }
  try {
    await serveExec(streams, await runtime.exec(containerId, options));
  } catch (error) {
    streams.finish({ failure: `error executing command in container: ${runtimeText(error)}` });
  }
}

/** Undefined when no stream is asked for. */
function parseOptions(query: URLSearchParams): ExecOptions | undefined {
  const asked = (name: string) => {
    const value = query.get(name);
    return value === '1' || value === 'true';
  };
  const tty = asked('tty');
  const [stdin, stdout] = [asked('input'), asked('output')];
  // With a terminal everything comes on stdout.
  const stderr = asked('error') && !tty;
  return stdin || stdout || stderr ? { command: query.getAll('command'), stdin, stdout, stderr, tty } : undefined;
}
