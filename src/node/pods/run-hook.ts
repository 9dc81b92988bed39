import { quote } from '../../machinery/go-text.ts';
import type { Container, HTTPGetAction, LifecycleHandler, Pod } from '../../resources/schema/core-v1.generated.ts';
import { describePod } from './labels.ts';
import { resolvePort } from './resolve-port.ts';
import { runtimeText } from './runtime-text.ts';
import type { WorkerContext } from './worker-context.ts';

export interface HookInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIp: string;
  readonly handler: LifecycleHandler;
}

/** Runs a postStart or preStop handler. Throws an `Error` in the kubelet's words when it fails. */
export async function runHook(context: WorkerContext, input: HookInput, signal: AbortSignal): Promise<void> {
  const { handler, pod, container, containerId } = input;
  const inPod = `for Container ${quote(container.name)} in Pod ${quote(describePod(pod))} failed - error: `;
  const { exec, httpGet, sleep } = handler;
  if (exec !== undefined) {
    const command = exec.command ?? [];
    const head = `Exec lifecycle hook ([${command.join(' ')}]) ${inPod}`;
    const result = await context.runtime.execSync(containerId, command, 0, signal).catch((error: unknown) => {
      throw new Error(`${head}${runtimeText(error)}, message: ""`, { cause: error });
    });
    if (result.exitCode === 0) return;
    const output = Buffer.concat([result.stdout, result.stderr]).toString('utf8');
    const why = `command '${command.join(' ')}' exited with ${result.exitCode}: ${Buffer.from(result.stderr).toString('utf8')}`;
    throw new Error(`${head}${why}, message: ${quote(output)}`);
  }
  if (sleep !== undefined) {
    await context.environment.sleep(sleep.seconds * 1000, signal);
    return;
  }
  if (httpGet === undefined) throw new Error(`Cannot run handler: invalid handler: ${JSON.stringify(handler)}`);
  const problem = await get(context, input, httpGet);
  if (problem !== undefined) throw new Error(`HTTP lifecycle hook (${httpGet.path ?? ''}) ${inPod}${problem}`);
}

/** Undefined when an answer came, whatever its status. */
async function get(context: WorkerContext, input: HookInput, action: HTTPGetAction): Promise<string | undefined> {
  const port = resolvePort(action.port, input.container);
  if (typeof port === 'string') return port;
  const result = await context.host.probeHttp({
    scheme: action.scheme === 'HTTPS' ? 'https' : 'http',
    address: action.host ?? input.podIp,
    port,
    path: action.path ?? '/',
    headers: Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value])),
    timeoutMs: hookTimeoutMs,
  });
  const answered = result.outcome === 'success' || result.message.startsWith('HTTP probe failed with statuscode');
  return answered ? undefined : result.message;
}

/** As long as a grace period usually is. */
const hookTimeoutMs = 30_000;
