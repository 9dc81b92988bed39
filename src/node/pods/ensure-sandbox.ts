import { quote } from '../../machinery/go-text.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { runtimeClasses } from '../../resources/schema/resource-types.generated.ts';
import type { SandboxConfig } from '../runtime/runtime.ts';
import { type DnsConfig, parseResolvConf, podDns } from './dns-config.ts';
import { podCgroup } from './pod-cgroup.ts';
import { podEvent } from './pod-events.ts';
import { activeSandbox } from './pod-runtime-state.ts';
import { runtimeText } from './runtime-text.ts';
import { sandboxConfig } from './sandbox-config.ts';
import type { WorkerContext } from './worker-context.ts';

export interface ReadySandbox {
  readonly sandboxId: string;
  readonly sandbox: SandboxConfig;
  readonly podIps: readonly string[];
}

/** The kernel holds no longer host name. */
const longestFqdn = 64;

/** The sandbox to start containers in; with an attempt, a new one. */
export async function ensureSandbox(
  context: WorkerContext,
  pod: Pod,
  attempt: number | undefined,
  signal: AbortSignal,
): Promise<ReadySandbox> {
  const { cache, config, runtime, host, machine, nodeName, recorder, metrics } = context;
  const uid = pod.metadata.uid ?? '';
  const current = activeSandbox(cache.state(uid));
  const { clusterDns, clusterDomain } = config;
  const dns = podDns({ pod, clusterDns, clusterDomain, host: await hostDns(context) });
  const sandbox = sandboxConfig({
    pod,
    attempt: attempt ?? current?.metadata.attempt ?? 0,
    dns: dns.config,
    nodeName,
    clusterDomain,
    podLogsDirectory: config.podLogsDirectory,
    cgroupParent: podCgroup(config.cgroupRoot, pod),
    runtimeHandler: '',
  });
  const ipsOf = (ips: readonly string[]) => (pod.spec?.hostNetwork === true ? machine.hostIps : ips);
  if (attempt === undefined) {
    if (current === undefined) throw new Error(`the sandbox of pod ${uid} is gone`);
    return { sandboxId: current.id, sandbox, podIps: ipsOf(current.ips) };
  }
  metrics.sandboxStarting(pod);
  for (const omission of dns.omissions) podEvent(recorder, pod, 'Warning', 'DNSConfigForming', omission);
  try {
    const { hostname } = sandbox;
    if (pod.spec?.setHostnameAsFQDN === true && hostname.length > longestFqdn) {
      const limit = `(${longestFqdn} characters is the max, ${hostname.length} characters requested)`;
      throw new Error(
        `failed to construct FQDN from pod hostname and cluster domain, FQDN ${hostname} is too long ${limit}`,
      );
    }
    const [runtimeHandler] = await Promise.all([
      handlerOf(context, pod),
      host.files.makeDirectory(sandbox.logDirectory),
    ]);
    if (pod.spec?.hostUsers === false) {
      const who = runtimeHandler === '' ? 'runtime' : `RuntimeClass handler ${quote(runtimeHandler)}`;
      throw new Error(`can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces`);
    }
    const sandboxId = await runtime.runPodSandbox({ ...sandbox, runtimeHandler }, signal);
    await cache.refreshSandbox(sandboxId);
    const status = cache.state(uid).sandboxes.find(({ id }) => id === sandboxId);
    return { sandboxId, sandbox, podIps: ipsOf(status?.ips ?? []) };
  } catch (error) {
    signal.throwIfAborted();
    metrics.sandboxFailed(pod);
    const message = `Failed to create pod sandbox: ${runtimeText(error)}`;
    podEvent(recorder, pod, 'Warning', 'FailedCreatePodSandBox', message);
    throw error;
  }
}

/** How the pod's class says that it is run. */
async function handlerOf({ client }: WorkerContext, { spec }: Pod): Promise<string> {
  const { runtimeClassName = '' } = spec ?? {};
  if (runtimeClassName === '') return '';
  try {
    return (await client.get(runtimeClasses, { name: runtimeClassName })).handler;
  } catch (error) {
    if (isReason(error, 'NotFound')) throw new Error(`runtimeclass.node.k8s.io ${quote(runtimeClassName)} not found`);
    throw error;
  }
}

/** Read anew each time: the machine may move between networks. */
async function hostDns({ host, config }: WorkerContext): Promise<DnsConfig> {
  if ((await host.files.stat(config.resolvConf)) === undefined) return { servers: [], searches: [], options: [] };
  const bytes = await host.files.read(config.resolvConf);
  return parseResolvConf(Buffer.from(bytes).toString('utf8'));
}
