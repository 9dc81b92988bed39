import type { Environment } from '../../machinery/environment/environment.ts';
import type { Counter, Family, Histogram } from '../../machinery/metrics.ts';
import type { ContainerRuntime } from './runtime.ts';

export interface RuntimeMetrics {
  readonly runtimeOperations: Family<Counter>;
  readonly runtimeErrors: Family<Counter>;
  readonly runtimeSeconds: Family<Histogram>;
}

/** The same runtime, with its calls counted and measured under the kubelet's names for them. */
export function measuredRuntime(
  runtime: ContainerRuntime,
  metrics: RuntimeMetrics,
  environment: Pick<Environment, 'monotonic'>,
): ContainerRuntime {
  const timed = <Args extends readonly unknown[], Result>(
    operation: string,
    call: (...args: Args) => Promise<Result>,
  ): ((...args: Args) => Promise<Result>) => {
    const count = metrics.runtimeOperations.with(operation);
    const failures = metrics.runtimeErrors.with(operation);
    const duration = metrics.runtimeSeconds.with(operation);
    return async (...args) => {
      const startedAt = environment.monotonic();
      count.add();
      try {
        return await call(...args);
      } catch (error) {
        failures.add();
        throw error;
      } finally {
        duration.observe((environment.monotonic() - startedAt) / 1000);
      }
    };
  };
  return {
    version: timed('version', (...args) => runtime.version(...args)),
    status: timed('status', (...args) => runtime.status(...args)),
    runPodSandbox: timed('run_podsandbox', (...args) => runtime.runPodSandbox(...args)),
    stopPodSandbox: timed('stop_podsandbox', (...args) => runtime.stopPodSandbox(...args)),
    removePodSandbox: timed('remove_podsandbox', (...args) => runtime.removePodSandbox(...args)),
    listPodSandboxes: timed('list_podsandbox', (...args) => runtime.listPodSandboxes(...args)),
    podSandboxStatus: timed('podsandbox_status', (...args) => runtime.podSandboxStatus(...args)),
    createContainer: timed('create_container', (...args) => runtime.createContainer(...args)),
    startContainer: timed('start_container', (...args) => runtime.startContainer(...args)),
    stopContainer: timed('stop_container', (...args) => runtime.stopContainer(...args)),
    removeContainer: timed('remove_container', (...args) => runtime.removeContainer(...args)),
    listContainers: timed('list_containers', (...args) => runtime.listContainers(...args)),
    containerStatus: timed('container_status', (...args) => runtime.containerStatus(...args)),
    updateContainerResources: timed('update_container', (...args) => runtime.updateContainerResources(...args)),
    reopenContainerLog: timed('reopen_container_log', (...args) => runtime.reopenContainerLog(...args)),
    execSync: timed('exec_sync', (...args) => runtime.execSync(...args)),
    exec: timed('exec', (...args) => runtime.exec(...args)),
    listImages: timed('list_images', (...args) => runtime.listImages(...args)),
    imageStatus: timed('image_status', (...args) => runtime.imageStatus(...args)),
    pullImage: timed('pull_image', (...args) => runtime.pullImage(...args)),
    removeImage: timed('remove_image', (...args) => runtime.removeImage(...args)),
    imageFilesystem: timed('image_fs_info', (...args) => runtime.imageFilesystem(...args)),
    listContainerStats: timed('list_container_stats', (...args) => runtime.listContainerStats(...args)),
    events: (signal) => runtime.events(signal),
    close: () => runtime.close(),
  };
}
