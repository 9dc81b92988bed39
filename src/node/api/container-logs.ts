import type { Environment } from '../../machinery/environment/environment.ts';
import { quote } from '../../machinery/go-text.ts';
import type { Pod, PodStatus } from '../../resources/schema/core-v1.generated.ts';
import type { HttpResponse } from '../../wire/http.ts';
import type { Files } from '../host/host.ts';
import { parseLogOptions } from '../logs/log-options.ts';
import { readLog } from '../logs/log-reader.ts';
import type { RuntimeCache } from '../pods/runtime-cache.ts';
import { textResponse } from './responses.ts';

export interface ContainerLogsInput {
  readonly pod: Pod;
  readonly status: PodStatus;
  readonly container: string;
  readonly query: URLSearchParams;
  readonly cache: RuntimeCache;
  readonly files: Files;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/** The log of a container, or why there is none in the kubelet's words. */
export function containerLogs(input: ContainerLogsInput): HttpResponse {
  const { pod, status, container, cache, files, environment, signal } = input;
  const options = parseLogOptions(input.query, environment.now());
  if (options === undefined) return textResponse(422, '{"message": "Invalid request."}');
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const podName = quote(pod.metadata.name ?? '');
  if (![...initContainers, ...containers, ...ephemeralContainers].some(({ name }) => name === container))
    return textResponse(404, `container ${quote(container)} not found in pod ${podName}`);
  const chosen = chooseContainer(status, container, podName, options.previous);
  if (chosen.problem !== undefined) return textResponse(400, chosen.problem);
  const uid = pod.metadata.uid ?? '';
  const find = () => cache.state(uid).containers.find(({ id }) => id === chosen.id);
  const found = find();
  if (found === undefined) return textResponse(400, `unable to retrieve container logs for containerd://${chosen.id}`);
  const isRunning = () => find()?.state === 'running';
  const body = readLog({ files, environment, path: found.logPath, options, isRunning, signal });
  return { status: 200, headers: { 'content-type': 'text/plain' }, body };
}

type Choice = { readonly id: string; readonly problem?: undefined } | { readonly problem: string };

/** Which container of that name is meant: the one that runs, or the last one that did. */
function chooseContainer(status: PodStatus, name: string, podName: string, previous: boolean): Choice {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status;
  const own = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    (each) => each.name === name,
  );
  const what = `container ${quote(name)} in pod ${podName}`;
  if (own === undefined) return { problem: `${what} is not available` };
  const { running, waiting, terminated } = own.state ?? {};
  const last = idOf(own.lastState?.terminated?.containerID);
  if (previous) return last === undefined ? { problem: `previous terminated ${what} not found` } : { id: last };
  const current = running === undefined ? idOf(terminated?.containerID) : idOf(own.containerID);
  if (current !== undefined) return { id: current };
  if (last !== undefined) return { id: last };
  if (terminated !== undefined || own.lastState?.terminated !== undefined) return { problem: `${what} is terminated` };
  switch (waiting?.reason) {
    case undefined:
      return { problem: `${what} is waiting to start - no logs yet` };
    case 'ErrImagePull':
      return { problem: `${what} is waiting to start: image can't be pulled` };
    case 'ImagePullBackOff':
      return { problem: `${what} is waiting to start: trying and failing to pull image` };
    default:
      return { problem: `${what} is waiting to start: ${waiting?.reason}` };
  }
}

function idOf(containerId: string | undefined): string | undefined {
  return containerId?.replace(/^\w+:\/\//, '');
}
