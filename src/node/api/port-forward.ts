import type { Environment } from '../../machinery/environment/environment.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { HttpRequest, UpgradeResponse } from '../../wire/http.ts';
import { acceptPortForward } from '../../wire/port-forward/accept-port-forward.ts';
import { activeSandbox } from '../pods/pod-runtime-state.ts';
import type { RuntimeCache } from '../pods/runtime-cache.ts';
import { runtimeText } from '../pods/runtime-text.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { textResponse } from './responses.ts';

export interface PortForwardInput {
  readonly pod: Pod;
  readonly query: URLSearchParams;
  readonly request: HttpRequest;
  readonly cache: RuntimeCache;
  readonly runtime: Pick<ContainerRuntime, 'portForward'>;
  readonly environment: Environment;
}

/** Forwards connections to ports of a pod for as long as its sandbox lives. */
export function portForward({ pod, query, request, cache, runtime, environment }: PortForwardInput): UpgradeResponse {
  const { name, namespace, uid = '' } = pod.metadata;
  const sandbox = activeSandbox(cache.state(uid));
  if (sandbox === undefined) return textResponse(500, `pod not found ("${name}_${namespace}")`);
  const connect = async (port: number) => {
    try {
      return await runtime.portForward(sandbox.id, port);
    } catch (cause) {
      throw new Error(`error forwarding port ${port} to pod ${sandbox.id}, uid : ${runtimeText(cause)}`, { cause });
    }
  };
  const { response, session } = acceptPortForward(environment, request, query, connect);
  if (session === undefined) return response;
  // New connections could only fail, and nobody would tell the client before it tries one.
  const stop = cache.follow(uid, () => {
    if (activeSandbox(cache.state(uid))?.id !== sandbox.id) session.close();
  });
  void session.closed.then(stop);
  return response;
}
