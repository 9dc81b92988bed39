import type { KubeletFamilies } from './kubelet-families.ts';
import { usualSeconds } from './kubelet-families.ts';

const counters = [
  ['cpu_manager_pinning_errors_total', 'Containers that could not be given cpus of their own'],
  ['cpu_manager_pinning_requests_total', 'Containers that asked for cpus of their own'],
  ['evented_pleg_connection_error_count', 'Streams of events over the CRI that did not come about'],
  ['evented_pleg_connection_success_count', 'Streams of events over the CRI that came about'],
  ['memory_manager_pinning_errors_total', 'Containers that could not be given memory of their own'],
  ['memory_manager_pinning_requests_total', 'Containers that asked for memory of their own'],
  ['pleg_discard_events', 'Events of pods that were lost because nobody took them in time'],
  ['pod_watch_events_dropped_total', 'Events of pods that programs of the node did not take in time'],
  ['topology_manager_admission_errors_total', 'Pods that were refused because what they ask for is not close together'],
] as const;

const gauges = [
  ['cpu_manager_exclusive_cpu_allocation_count', 'Cpus that containers have to themselves'],
  ['cpu_manager_shared_pool_size_millicores', 'What is left to share when some have cpus to themselves'],
  ['graceful_shutdown_end_time_seconds', 'When the pods had ended, in the last orderly shutdown of the node'],
  ['graceful_shutdown_start_time_seconds', 'When the last orderly shutdown of the node began'],
  ['memory_qos_node_memory_low_bytes', 'Memory that pods are left as long as others have some'],
  ['memory_qos_node_memory_min_bytes', 'Memory that pods are left in any case'],
  ['mirror_pods', 'Pods that the API was told of because a file of the node has them'],
] as const;

/**
 * What a kubelet tells of managers whose policy is `none`, and of features that are off unless somebody turns them on: that nothing came
 * of them. So it is here, where there are none.
 */
export function registerIdleFamilies(families: KubeletFamilies): void {
  for (const [name, help] of counters) families.counter(name, help).with().add(0);
  for (const [name, help] of gauges) families.gauge(name, help).with().set(0);
  families
    .histogram('evented_pleg_connection_latency_seconds', 'How old events over the CRI were', usualSeconds)
    .with();
  const restarted = families.counter('restarted_pods_total', 'Pods that came again under the same uid', 'static');
  for (const isStatic of ['', 'true']) restarted.with(isStatic).add(0);
  // The agent reads cgroups itself, which a kubelet has a library of that name for, and asks the runtime where there are none.
  families.gauge('metrics_provider', 'Who measures containers', 'provider').with('cadvisor').set(1);
}
