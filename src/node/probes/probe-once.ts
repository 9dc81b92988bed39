import type { Container, Probe } from '../../resources/schema/core-v1.generated.ts';
import type { Host, HttpProbe } from '../host/host.ts';
import { expand } from '../pods/expand.ts';
import { resolvePort } from '../pods/resolve-port.ts';
import { runtimeText } from '../pods/runtime-text.ts';
import { type ContainerRuntime, RuntimeError } from '../runtime/runtime.ts';

export interface ProbeTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIp: string;
}

export interface ProbeContext {
  readonly runtime: Pick<ContainerRuntime, 'execSync'>;
  readonly host: Pick<Host, 'probeHttp' | 'probeTcp' | 'probeGrpc'>;
  /** Undefined while the runtime answers. */
  runtimeProblem(): string | undefined;
  /** For the User-Agent. */
  readonly version: string;
}

/** `unknown`: the probe itself could not be made; it counts neither way. */
export interface ProbeAnswer {
  readonly outcome: 'success' | 'failure' | 'unknown';
  readonly message: string;
}

/** A probe that cannot be made is tried this often before that is said. */
const mostTries = 3;
const longestOutput = 10 * 1024;

/** Asks a container once. Never throws. */
export async function probeOnce(context: ProbeContext, target: ProbeTarget, probe: Probe): Promise<ProbeAnswer> {
  let answer: ProbeAnswer = { outcome: 'unknown', message: '' };
  for (let tried = 0; tried < mostTries; tried++) {
    answer = await ask(context, target, probe);
    if (answer.outcome !== 'unknown') return answer;
  }
  return answer;
}

async function ask(context: ProbeContext, target: ProbeTarget, probe: Probe): Promise<ProbeAnswer> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { exec, httpGet, tcpSocket, grpc } = probe;
  if (exec !== undefined) return runCommand(context, target, exec.command ?? [], timeoutMs);
  if (httpGet !== undefined) {
    const port = resolvePort(httpGet.port, target.container);
    if (typeof port === 'string') return { outcome: 'unknown', message: port };
    return context.host.probeHttp(httpRequest(httpGet, port, target.podIp, timeoutMs, context.version));
  }
  if (tcpSocket !== undefined) {
    const port = resolvePort(tcpSocket.port, target.container);
    if (typeof port === 'string') return { outcome: 'unknown', message: port };
    const host = tcpSocket.host === undefined || tcpSocket.host === '' ? target.podIp : tcpSocket.host;
    return context.host.probeTcp(host, port, timeoutMs);
  }
  if (grpc !== undefined)
    return context.host.probeGrpc({ address: target.podIp, port: grpc.port, service: grpc.service ?? '', timeoutMs });
  return { outcome: 'unknown', message: `missing probe handler for ${target.container.name}` };
}

function httpRequest(
  action: NonNullable<Probe['httpGet']>,
  port: number,
  podIp: string,
  timeoutMs: number,
  version: string,
): HttpProbe {
  const headers: Record<string, string> = {};
  for (const { name, value } of action.httpHeaders ?? []) headers[name] = value;
  const has = (name: string) => Object.keys(headers).some((each) => each.toLowerCase() === name);
  if (!has('user-agent')) headers['User-Agent'] = `kube-probe/${version.replace(/^v(\d+\.\d+).*$/, '$1')}`;
  if (!has('accept')) headers['Accept'] = '*/*';
  const path = action.path ?? '/';
  return {
    scheme: action.scheme?.toLowerCase() === 'https' ? 'https' : 'http',
    address: action.host === undefined || action.host === '' ? podIp : action.host,
    port,
    path: path.startsWith('/') ? path : `/${path}`,
    headers,
    timeoutMs,
  };
}

async function runCommand(
  context: ProbeContext,
  { container, containerId }: ProbeTarget,
  command: readonly string[],
  timeoutMs: number,
): Promise<ProbeAnswer> {
  // Only variables that are written out are known here.
  const literal = new Map((container.env ?? []).map(({ name, value }) => [name, value]));
  const words = command.map((word) => expand(word, (name) => literal.get(name)));
  try {
    const { exitCode, stdout, stderr } = await context.runtime.execSync(containerId, words, timeoutMs);
    const message = Buffer.concat([stdout, stderr]).subarray(0, longestOutput).toString('utf8');
    return { outcome: exitCode === 0 ? 'success' : 'failure', message };
  } catch (error) {
    // A command that a runtime that is down did not even begin says nothing of its container.
    const timedOut = error instanceof RuntimeError && error.code === 'DeadlineExceeded';
    if (timedOut && context.runtimeProblem() === undefined)
      return {
        outcome: 'failure',
        message: `command timed out: "${words.join(' ')}" timed out after ${timeoutMs / 1000}s`,
      };
    return { outcome: 'unknown', message: runtimeText(error) };
  }
}
