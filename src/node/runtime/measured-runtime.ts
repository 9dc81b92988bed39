import type { Environment } from '../../machinery/environment/environment.ts';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';
import type { ContainerRuntime } from './runtime.ts';

type Args<Name extends keyof ContainerRuntime> = Parameters<ContainerRuntime[Name]>;

/** The same runtime, with its calls counted and measured under the kubelet's names for them. */
export class MeasuredRuntime implements ContainerRuntime {
  readonly #runtime: ContainerRuntime;
  readonly #metrics: RuntimeMetrics;
  readonly #environment: Pick<Environment, 'monotonic'>;

  constructor(runtime: ContainerRuntime, metrics: RuntimeMetrics, environment: Pick<Environment, 'monotonic'>) {
    this.#runtime = runtime;
    this.#metrics = metrics;
    this.#environment = environment;
  }

  version(...args: Args<'version'>) {
    return this.#timed('version', this.#runtime.version(...args));
  }

  status(...args: Args<'status'>) {
    return this.#timed('status', this.#runtime.status(...args));
  }

  runPodSandbox(...args: Args<'runPodSandbox'>) {
    const [{ runtimeHandler }] = args;
    const call = this.#timed('run_podsandbox', this.#runtime.runPodSandbox(...args));
    return this.#measure(call, (durationMs, failed) => this.#metrics.sandboxEnded(runtimeHandler, durationMs, failed));
  }

  stopPodSandbox(...args: Args<'stopPodSandbox'>) {
    return this.#timed('stop_podsandbox', this.#runtime.stopPodSandbox(...args));
  }

  removePodSandbox(...args: Args<'removePodSandbox'>) {
    return this.#timed('remove_podsandbox', this.#runtime.removePodSandbox(...args));
  }

  listPodSandboxes(...args: Args<'listPodSandboxes'>) {
    return this.#timed('list_podsandbox', this.#runtime.listPodSandboxes(...args));
  }

  podSandboxStatus(...args: Args<'podSandboxStatus'>) {
    return this.#timed('podsandbox_status', this.#runtime.podSandboxStatus(...args));
  }

  createContainer(...args: Args<'createContainer'>) {
    return this.#timed('create_container', this.#runtime.createContainer(...args));
  }

  startContainer(...args: Args<'startContainer'>) {
    return this.#timed('start_container', this.#runtime.startContainer(...args));
  }

  stopContainer(...args: Args<'stopContainer'>) {
    return this.#timed('stop_container', this.#runtime.stopContainer(...args));
  }

  removeContainer(...args: Args<'removeContainer'>) {
    return this.#timed('remove_container', this.#runtime.removeContainer(...args));
  }

  listContainers(...args: Args<'listContainers'>) {
    return this.#timed('list_containers', this.#runtime.listContainers(...args));
  }

  containerStatus(...args: Args<'containerStatus'>) {
    return this.#timed('container_status', this.#runtime.containerStatus(...args));
  }

  updateContainerResources(...args: Args<'updateContainerResources'>) {
    return this.#timed('update_container', this.#runtime.updateContainerResources(...args));
  }

  reopenContainerLog(...args: Args<'reopenContainerLog'>) {
    return this.#timed('reopen_container_log', this.#runtime.reopenContainerLog(...args));
  }

  execSync(...args: Args<'execSync'>) {
    return this.#timed('exec_sync', this.#runtime.execSync(...args));
  }

  exec(...args: Args<'exec'>) {
    return this.#timed('exec', this.#runtime.exec(...args));
  }

  attach(...args: Args<'attach'>) {
    return this.#timed('attach', this.#runtime.attach(...args));
  }

  portForward(...args: Args<'portForward'>) {
    return this.#timed('port_forward', this.#runtime.portForward(...args));
  }

  listImages(...args: Args<'listImages'>) {
    return this.#timed('list_images', this.#runtime.listImages(...args));
  }

  imageStatus(...args: Args<'imageStatus'>) {
    return this.#timed('image_status', this.#runtime.imageStatus(...args));
  }

  pullImage(...args: Args<'pullImage'>) {
    return this.#timed('pull_image', this.#runtime.pullImage(...args));
  }

  removeImage(...args: Args<'removeImage'>) {
    return this.#timed('remove_image', this.#runtime.removeImage(...args));
  }

  imageFilesystem(...args: Args<'imageFilesystem'>) {
    return this.#timed('image_fs_info', this.#runtime.imageFilesystem(...args));
  }

  listContainerStats(...args: Args<'listContainerStats'>) {
    return this.#timed('list_container_stats', this.#runtime.listContainerStats(...args));
  }

  events(signal: AbortSignal) {
    return this.#runtime.events(signal);
  }

  close() {
    return this.#runtime.close();
  }

  async #timed<Result>(operation: string, call: Promise<Result>): Promise<Result> {
    this.#metrics.began(operation);
    return this.#measure(call, (durationMs, failed) => this.#metrics.ended(operation, durationMs, failed));
  }

  async #measure<Result>(call: Promise<Result>, tell: (durationMs: number, failed: boolean) => void): Promise<Result> {
    const startedAt = this.#environment.monotonic();
    let failed = true;
    try {
      const result = await call;
      failed = false;
      return result;
    } finally {
      tell(this.#environment.monotonic() - startedAt, failed);
    }
  }
}
