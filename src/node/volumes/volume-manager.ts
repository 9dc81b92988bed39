import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { quote } from '../../machinery/go-text.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Container, Node, Pod, Volume } from '../../resources/schema/core-v1.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { Host } from '../host/host.ts';
import type { ReferencedObjects, VolumeFile } from '../pods/environment-variables.ts';
import { podDirectory } from '../pods/pod-directory.ts';
import { podEvent } from '../pods/pod-events.ts';
import { WakeUp } from '../pods/wake-up.ts';
import type { MachineFacts, MountFacts, PodVolumes } from '../pods/worker-context.ts';
import type { Mount } from '../runtime/runtime.ts';
import { containerMounts } from './container-mounts.ts';
import { ClaimError } from './persistent-volume.ts';
import { PodCertificates } from './pod-certificates.ts';
import { ProvisionedVolumes } from './provisioned-volumes.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { setUpVolume, tearDownVolumes } from './set-up-volume.ts';
import { resolveSubPath } from './sub-path.ts';

export interface VolumeManagerOptions {
  readonly client: Pick<Client, 'get' | 'list' | 'watch' | 'create' | 'createSubresource'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly host: Host;
  readonly config: NodeConfig;
  readonly objects: ReferencedObjects;
  readonly machine: MachineFacts;
  /** This node, as the API has it; undefined before it is registered. */
  node(): Node | undefined;
  /** The volumes of this pod want to be looked at again. */
  onStale(uid: string): void;
}

interface VolumeState {
  /** Undefined while it could not be set up. */
  path: string | undefined;
  stale: boolean;
  failures: number;
  retryAt: number;
}

interface PodState {
  readonly volumes: Map<string, VolumeState>;
  /** For volumes that could not be brought up to date. */
  readonly retry: WakeUp;
  /** For tokens that are to be replaced. */
  readonly renewal: WakeUp;
  wake: (() => void) | undefined;
}

const longestEnvFile = 1 << 20;
const firstRetryMs = 500;
const longestRetryMs = 122_000;
/** How long a pod waits for its volumes before that is said and its worker looks at it anew. */
const patienceMs = 123_000;

/** The volumes of a node's pods: set up before containers start, kept up to date while they run, taken away at the end. */
export class VolumeManager implements PodVolumes {
  readonly #options: VolumeManagerOptions;
  readonly #tokens: ServiceAccountTokens;
  readonly #certificates: PodCertificates;
  readonly #provisioned: ProvisionedVolumes;
  readonly #pods = new Map<string, PodState>();

  constructor(options: VolumeManagerOptions) {
    this.#options = options;
    this.#tokens = new ServiceAccountTokens(options);
    this.#certificates = new PodCertificates({ ...options, onChange: (uid) => this.#renew(uid) });
    this.#provisioned = new ProvisionedVolumes({
      ...options,
      files: options.host.files,
      rootDirectory: options.config.rootDirectory,
    });
  }

  async mount(pod: Pod, signal: AbortSignal): Promise<void> {
    const { environment } = this.#options;
    const wanted = usedVolumes(pod);
    if (wanted.length === 0) return;
    const state = this.#stateOf(pod);
    const givesUpAt = environment.monotonic() + patienceMs;
    for (;;) {
      const missing = await this.#attempt(pod, state, wanted, signal);
      if (missing.length === 0) break;
      const now = environment.monotonic();
      if (now >= givesUpAt) throw this.#unable(pod, missing, [], 'context deadline exceeded');
      const next = Math.min(...missing.map((name) => state.volumes.get(name)?.retryAt ?? 0), givesUpAt);
      await this.#pause(state, Math.max(0, next - now), signal);
    }
    this.#followTokens(pod, state);
  }

  /** What the pod's volumes are written from has changed. */
  invalidate(uid: string): void {
    const state = this.#pods.get(uid);
    if (state === undefined) return;
    for (const volume of state.volumes.values()) {
      volume.stale = true;
      volume.retryAt = 0;
    }
    state.wake?.();
  }

  async mountsOf(pod: Pod, container: Container, facts: MountFacts): Promise<readonly Mount[]> {
    const { host, config } = this.#options;
    const state = this.#stateOf(pod);
    const pathOf = (name: string) => state.volumes.get(name)?.path;
    return containerMounts({ ...facts, pod, container, host, config, pathOf });
  }

  async readFile(pod: Pod, volume: string, path: string): Promise<VolumeFile> {
    const { files } = this.#options.host;
    const directory = this.#stateOf(pod).volumes.get(volume)?.path;
    if (directory === undefined) throw new Error(`cannot find the volume ${quote(volume)} referenced by FileKeyRef`);
    try {
      const within = await resolveSubPath(files, directory, path, 'leave');
      const bytes = await files.readWithin(directory, within, longestEnvFile);
      return { path: `${directory}/${path}`, text: Buffer.from(bytes).toString('utf8') };
    } catch (error) {
      throw new Error("couldn't parse env file", { cause: error });
    }
  }

  async unmount(uid: string): Promise<void> {
    const { host, config } = this.#options;
    stopTimers(this.#pods.get(uid));
    this.#pods.delete(uid);
    this.#tokens.forget(uid);
    this.#certificates.forget(uid);
    await tearDownVolumes(host, podDirectory(config.rootDirectory, uid));
  }

  async remove(uid: string): Promise<void> {
    await this.unmount(uid);
    await this.#options.host.files.remove(podDirectory(this.#options.config.rootDirectory, uid));
  }

  /** Removes the folders of provisioned volumes that were deleted. Throws when the server does not answer. */
  collect(): Promise<void> {
    return this.#provisioned.collect();
  }

  async stop(): Promise<void> {
    for (const state of this.#pods.values()) stopTimers(state);
    await this.#certificates.stop();
  }

  #renew(uid: string): void {
    this.invalidate(uid);
    this.#options.onStale(uid);
  }

  #stateOf(pod: Pod): PodState {
    const uid = pod.metadata.uid ?? '';
    let state = this.#pods.get(uid);
    if (state === undefined) {
      const { environment, onStale } = this.#options;
      const renewal = new WakeUp(environment, () => this.#renew(uid));
      state = { volumes: new Map(), retry: new WakeUp(environment, () => onStale(uid)), renewal, wake: undefined };
      this.#pods.set(uid, state);
    }
    return state;
  }

  /** Sets up what is due. Answers which volumes are not there. */
  async #attempt(
    pod: Pod,
    state: PodState,
    wanted: readonly Volume[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { environment } = this.#options;
    const missing: string[] = [];
    for (const volume of wanted) {
      const known = state.volumes.get(volume.name) ?? { path: undefined, stale: true, failures: 0, retryAt: 0 };
      state.volumes.set(volume.name, known);
      const isDue = known.stale && environment.monotonic() >= known.retryAt;
      if (isDue) await this.#setUp(pod, volume, known, signal);
      if (known.path === undefined) missing.push(volume.name);
    }
    return missing;
  }

  async #setUp(pod: Pod, volume: Volume, known: VolumeState, signal: AbortSignal): Promise<void> {
    const { environment, recorder } = this.#options;
    // What changes meanwhile makes it stale again.
    known.stale = false;
    try {
      known.path = await setUpVolume(
        { ...this.#options, tokens: this.#tokens, certificates: this.#certificates, provisioned: this.#provisioned },
        pod,
        volume,
        signal,
      );
      known.failures = 0;
      known.retryAt = 0;
    } catch (error) {
      signal.throwIfAborted();
      known.stale = true;
      if (error instanceof ClaimError) throw this.#unable(pod, [volume.name], [volume.name], error.message);
      known.retryAt = environment.monotonic() + Math.min(firstRetryMs * 2 ** known.failures, longestRetryMs);
      known.failures++;
      const why = error instanceof Error ? error.message : String(error);
      const message = `MountVolume.SetUp failed for volume ${quote(volume.name)} : ${why}`;
      podEvent(recorder, pod, 'Warning', 'FailedMount', message);
      // A volume that was there stays as it was, and is tried again in its time.
      if (known.path !== undefined) this.#stateOf(pod).retry.at(known.retryAt);
    }
  }

  #unable(pod: Pod, unmounted: readonly string[], unprocessed: readonly string[], why: string): Error {
    const lists = `unmounted volumes=[${unmounted.join(' ')}], unattached volumes=[], failed to process volumes=[${unprocessed.join(' ')}]`;
    const message = `Unable to attach or mount volumes: ${lists}: ${why}`;
    podEvent(this.#options.recorder, pod, 'Warning', 'FailedMount', message);
    return new Error(message);
  }

  async #pause(state: PodState, delayMs: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    state.wake = () => woken.abort();
    await this.#options.environment.sleep(delayMs, AbortSignal.any([signal, woken.signal])).catch(() => {});
    state.wake = undefined;
    signal.throwIfAborted();
  }

  /** Tokens are written anew before they expire. One that is overdue could not be had a moment ago. */
  #followTokens(pod: Pod, { renewal }: PodState): void {
    const { environment, config } = this.#options;
    const refreshInMs = this.#tokens.refreshInMs(pod.metadata.uid ?? '');
    if (refreshInMs === undefined) return;
    renewal.at(environment.monotonic() + (refreshInMs > 0 ? refreshInMs : config.syncRetryMs));
  }
}

function stopTimers(state: PodState | undefined): void {
  state?.retry.stop();
  state?.renewal.stop();
}

/** The volumes that a container of the pod mounts or takes variables from. */
function usedVolumes(pod: Pod): readonly Volume[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const all: readonly Container[] = [...initContainers, ...containers, ...ephemeralContainers];
  const used = new Set(
    all.flatMap(({ volumeMounts = [], env = [] }) => [
      ...volumeMounts.map(({ name }) => name),
      ...env.map(({ valueFrom }) => valueFrom?.fileKeyRef?.volumeName),
    ]),
  );
  // Images are the runtime's to mount.
  return (pod.spec?.volumes ?? []).filter(({ name, image }) => used.has(name) && image === undefined);
}
