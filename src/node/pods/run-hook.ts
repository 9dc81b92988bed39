import { quote } from '../../machinery/go-text.ts';
import type { Container, HTTPGetAction, LifecycleHandler, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { HttpProbe } from '../host/host.ts';
import { describePod } from './labels.ts';
import { podEvent } from './pod-events.ts';
import { resolvePort } from './resolve-port.ts';
import { exitText, runtimeText } from './runtime-text.ts';
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
    throw new Error(`${head}${exitText(command, result.exitCode, result.stderr)}, message: ${quote(output)}`);
  }
  if (sleep !== undefined) {
    await context.environment.sleep(sleep.seconds * 1000, signal).catch((error: unknown) => {
      context.metrics.sleepCutShort();
      throw error;
    });
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
  const probe: HttpProbe = {
    scheme: action.scheme === 'HTTPS' ? 'https' : 'http',
    address: action.host ?? input.podIp,
    port,
    path: action.path ?? '/',
    headers: Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value])),
    timeoutMs: hookTimeoutMs,
  };
  const problem = await problemOf(context, probe);
  if (problem?.endsWith(answeredInHttp) !== true) return problem;
  // Once hooks were asked over plain HTTP whatever their scheme was, and servers have come to rely on it.
  const headers = Object.fromEntries(Object.entries(probe.headers).filter(([name]) => !/^authorization$/i.test(name)));
  if ((await problemOf(context, { ...probe, scheme: 'http', headers })) !== undefined) return problem;
  context.metrics.fellBackToHttp();
  const at = `${probe.address}:${probe.port}`;
  const message = `request to HTTPS lifecycle hook ${at} got HTTP response, retry with HTTP succeeded`;
  podEvent(context.recorder, input.pod, 'Warning', 'LifecycleHTTPFallback', message);
  return undefined;
}

async function problemOf({ host }: WorkerContext, probe: HttpProbe): Promise<string | undefined> {
  const { outcome, message } = await host.probeHttp(probe);
  return outcome === 'success' || message.startsWith('HTTP probe failed with statuscode') ? undefined : message;
}

const answeredInHttp = 'http: server gave HTTP response to HTTPS client';

/** As long as a grace period usually is. */
const hookTimeoutMs = 30_000;
