import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Container, ContainerStatus, Pod, Probe } from '../../resources/schema/core-v1.generated.ts';
import type { ProbeVerdict } from '../pods/decision.ts';
import { containerEvent } from '../pods/pod-events.ts';
import { latestContainer, type PodRuntimeState } from '../pods/pod-runtime-state.ts';
import { isRestartableInit } from '../pods/restart-policy.ts';
import type { PodProbes } from '../pods/worker-context.ts';
import type { ContainerStatus as RuntimeStatus } from '../runtime/runtime.ts';
import type { MetricFamily } from '../stats/metric-text.ts';
import { ContainerProbe, type ProbeType } from './container-probe.ts';
import { type ProbeAnswer, type ProbeContext, probeOnce } from './probe-once.ts';

export interface ProbeManagerOptions extends ProbeContext {
  readonly environment: Environment;
  readonly recorder: EventRecorder;
  /** Where pods on the host's network answer. */
  readonly hostIp: string;
  /** A verdict on a container of this pod has changed. */
  onVerdict(uid: string): void;
}

/** The probes of one running container. */
interface Probed {
  readonly containerId: string;
  /** It ran before this agent did: what was known of it holds until its probes say otherwise. */
  readonly adopted: boolean;
  readonly probes: Map<ProbeType, ContainerProbe>;
}

interface ProbedPod {
  pod: Pod;
  readonly anchor: number;
  /** By container name. */
  readonly containers: Map<string, Probed>;
  /** How often probes came to a result, by container, type and result. */
  readonly counts: Map<string, ProbeCount>;
}

interface ProbeCount {
  readonly container: string;
  readonly type: ProbeType;
  readonly result: string;
  value: number;
}

const results: Readonly<Record<ProbeAnswer['outcome'], string>> = {
  success: 'successful',
  failure: 'failed',
  unknown: 'unknown',
};

/** For this long after the agent's start pods that were there already come to be known, and their probes are spread. */
const adoptionMs = 10_000;

/** Probes the running containers of a node's pods. Pods without probes cost nothing. */
export class ProbeManager implements PodProbes {
  readonly #options: ProbeManagerOptions;
  readonly #startedAt: number;
  readonly #pods = new Map<string, ProbedPod>();
  readonly #byId = new Map<string, Probed>();

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
    this.#startedAt = options.environment.monotonic();
  }

  /** How often probes came to which result; of pods that are gone nothing is kept. */
  counts(): MetricFamily {
    const samples = [...this.#pods.values()].flatMap(({ pod, counts }) => {
      const { namespace = '', name = '', uid = '' } = pod.metadata;
      return [...counts.values()].map(({ container, type, result, value }) => ({
        labels: { container, namespace, pod: name, pod_uid: uid, probe_type: type, result },
        value,
      }));
    });
    const help = '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.';
    return { name: 'prober_probe_total', type: 'counter', help, samples };
  }

  liveness(containerId: string): ProbeVerdict | undefined {
    return this.#byId.get(containerId)?.probes.get('Liveness')?.verdict;
  }

  startup(containerId: string): ProbeVerdict | undefined {
    return this.#byId.get(containerId)?.probes.get('Startup')?.verdict;
  }

  started(container: Container, status: ContainerStatus): boolean {
    if (container.startupProbe === undefined) return true;
    const probed = this.#byId.get(idOf(status));
    const verdict = probed?.probes.get('Startup')?.verdict;
    if (verdict !== undefined) return verdict === 'success';
    return probed?.adopted === true && status.started === true;
  }

  ready(container: Container, status: ContainerStatus): boolean {
    if (container.readinessProbe === undefined) return true;
    const probed = this.#byId.get(idOf(status));
    const verdict = probed?.probes.get('Readiness')?.verdict;
    if (verdict !== undefined) return verdict === 'success';
    return probed?.adopted === true && status.ready;
  }

  track(pod: Pod, state: PodRuntimeState, ending: boolean): void {
    const uid = pod.metadata.uid ?? '';
    const containers = [...(pod.spec?.initContainers ?? []).filter(isRestartableInit), ...(pod.spec?.containers ?? [])];
    const probedContainers = containers.filter(hasProbe);
    if (probedContainers.length === 0) return;
    const known: ProbedPod = this.#pods.get(uid) ?? {
      pod,
      anchor: this.#anchor(),
      containers: new Map(),
      counts: new Map(),
    };
    known.pod = pod;
    this.#pods.set(uid, known);
    const podIp = pod.spec?.hostNetwork === true ? this.#options.hostIp : (state.sandboxes[0]?.ips[0] ?? '');
    for (const container of probedContainers) {
      const running = latestContainer(state, container.name);
      const probed = known.containers.get(container.name);
      if (probed !== undefined && (running?.state !== 'running' || probed.containerId !== running.id))
        this.#drop(known, container.name);
      if (running?.state === 'running' && !known.containers.has(container.name))
        this.#add(known, uid, container, running, podIp);
      if (ending) leaveReadiness(known.containers.get(container.name));
    }
  }

  forget(uid: string): void {
    const known = this.#pods.get(uid);
    if (known === undefined) return;
    for (const name of [...known.containers.keys()]) this.#drop(known, name);
    this.#pods.delete(uid);
  }

  stop(): void {
    for (const uid of [...this.#pods.keys()]) this.forget(uid);
  }

  #anchor(): number {
    const { environment } = this.#options;
    const now = environment.monotonic();
    return now - this.#startedAt < adoptionMs ? now - Math.floor(adoptionMs * environment.random()) : now;
  }

  #add(known: ProbedPod, uid: string, container: Container, running: RuntimeStatus, podIp: string): void {
    const { environment, onVerdict } = this.#options;
    const agoMs = Math.max(0, environment.now() - (running.startedAt ?? running.createdAt));
    const startedAt = environment.monotonic() - agoMs;
    const probed: Probed = {
      containerId: running.id,
      adopted: startedAt < this.#startedAt,
      probes: new Map<ProbeType, ContainerProbe>(),
    };
    known.containers.set(container.name, probed);
    this.#byId.set(running.id, probed);
    const target = { container, containerId: running.id, podIp };
    const hasStarted = () =>
      container.startupProbe === undefined || probed.probes.get('Startup')?.verdict === 'success';
    for (const [type, probe] of probesOf(container)) {
      const each = new ContainerProbe({
        environment,
        type,
        probe,
        startedAt,
        anchor: known.anchor,
        ask: () => probeOnce(this.#options, target, probe),
        isDue: () => type === 'Startup' || hasStarted(),
        onAnswer: (answer) => this.#tell(known, container, type, answer),
        onVerdict: () => {
          if (type === 'Startup') probed.probes.get('Readiness')?.now();
          onVerdict(uid);
        },
      });
      probed.probes.set(type, each);
    }
  }

  #drop(known: ProbedPod, name: string): void {
    const probed = known.containers.get(name);
    if (probed === undefined) return;
    for (const probe of probed.probes.values()) probe.stop();
    this.#byId.delete(probed.containerId);
    known.containers.delete(name);
  }

  #tell({ pod, counts }: ProbedPod, container: Container, type: ProbeType, { outcome, message }: ProbeAnswer): void {
    const result = results[outcome];
    const key = `${container.name} ${type} ${result}`;
    const count = counts.get(key) ?? { container: container.name, type, result, value: 0 };
    count.value++;
    counts.set(key, count);
    if (outcome === 'success') return;
    const words = outcome === 'failure' ? 'failed' : 'errored and resulted in unknown state';
    containerEvent(
      this.#options.recorder,
      pod,
      container,
      'Warning',
      'Unhealthy',
      `${type} probe ${words}: ${message}`,
    );
  }
}

/** A pod that ends is not restarted for its probes, but its traffic still heeds its readiness. */
function leaveReadiness(probed: Probed | undefined): void {
  probed?.probes.get('Liveness')?.stop();
  probed?.probes.get('Startup')?.stop();
}

function hasProbe({ livenessProbe, readinessProbe, startupProbe }: Container): boolean {
  return livenessProbe !== undefined || readinessProbe !== undefined || startupProbe !== undefined;
}

function probesOf(container: Container): readonly (readonly [ProbeType, Probe])[] {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  const all: [ProbeType, Probe][] = [];
  if (startupProbe !== undefined) all.push(['Startup', startupProbe]);
  if (livenessProbe !== undefined) all.push(['Liveness', livenessProbe]);
  if (readinessProbe !== undefined) all.push(['Readiness', readinessProbe]);
  return all;
}

function idOf(status: ContainerStatus): string {
  return (status.containerID ?? '').replace(/^\w+:\/\//, '');
}
