import { expect, test } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import { PrometheusMetrics } from '../../cluster/observability/prometheus-metrics.ts';

test('an agent counts and measures what it does', async () => {
  const metrics = new PrometheusMetrics();
  const world = await NodeWorld.start({ metrics, renderMetrics: () => metrics.text() });
  const command = ['sh', '-c', 'exit 3'];
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.createPod('bad', { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox', command }] });
  await world.advance(5);
  world.runtime.setUnavailable('gone');
  await world.advance(60);
  const [, text] = await world.get('/metrics');
  const lines = text.split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'kubelet_node_name{node="node-1"} 1',
      'kubelet_running_pods 1',
      'kubelet_active_pods{static=""} 1',
      'kubelet_topology_manager_admission_requests_total 2',
      'kubelet_topology_manager_admission_errors_total 0',
      'kubelet_restarted_pods_total{static=""} 0',
      'kubelet_graceful_shutdown_start_time_seconds 0',
      'kubelet_running_containers{container_state="running"} 1',
      'kubelet_running_containers{container_state="exited"} 1',
      'kubelet_started_containers_total{container_type="container"} 2',
      'kubelet_started_pods_total 2',
      'kubelet_started_pods_errors_total 0',
      'kubelet_cgroup_version 2',
      'kubelet_desired_pods{static=""} 2',
      'kubelet_working_pods{lifecycle="sync",config="desired",static=""} 1',
      'kubelet_working_pods{lifecycle="terminated",config="desired",static=""} 1',
      'kubelet_containers_per_pod_count_count 2',
      'kubelet_pod_worker_start_duration_seconds_count 2',
      'kubelet_pod_start_sli_duration_seconds_count 2',
      'kubelet_run_podsandbox_duration_seconds_count{runtime_handler=""} 2',
      'kubelet_image_manager_ensure_image_requests_total{pull_policy="",present_locally="true",pull_required="false"} 2',
      'kubelet_terminated_containers_total{container_type="container",exit_code="3",reason="Error"} 1',
      'kubelet_runtime_operations_total{operation_type="create_container"} 2',
    ]),
  );
  expect(text).toMatch(/kubelet_runtime_operations_errors_total\{operation_type="status"\} [1-9]/);
  expect(text).toMatch(/kubelet_pod_worker_duration_seconds_count\{operation_type="sync"\} [1-9]/);
  await world.close();
});

test('what fails, is refused and is taken away is told apart', async () => {
  const metrics = new PrometheusMetrics();
  const world = await NodeWorld.start({ metrics, renderMetrics: () => metrics.text() });
  const containers = [{ name: 'main', image: 'nginx:1' }];
  await world.createPod('huge', {
    containers: [{ name: 'main', image: 'nginx:1', resources: { requests: { cpu: '1000' } } }],
  });
  await world.createPod('apart', { hostUsers: false, containers });
  await world.createPod('absent', { containers: [{ name: 'main', image: 'NO IMAGE' }] });
  await world.createPod('web', { containers, ephemeralContainers: [{ name: 'debug', image: 'nginx:1' }] });
  await world.advance(5);
  const [, before] = await world.get('/metrics');
  expect(before.split('\n')).toEqual(
    expect.arrayContaining([
      'kubelet_admission_rejections_total{reason="OutOfcpu"} 1',
      expect.stringMatching(/^kubelet_started_user_namespaced_pods_errors_total [1-9]/),
      expect.stringMatching(
        /^kubelet_started_containers_errors_total\{container_type="container",code="InvalidImageName"\} [1-9]/,
      ),
      'kubelet_managed_ephemeral_containers 1',
      'kubelet_orphaned_runtime_pods_total 0',
    ]),
  );
  await world.stopAgent();
  await world.deletePod('web', 0);
  await world.startAgent();
  await world.advance(5);
  const [, after] = await world.get('/metrics');
  expect(after.split('\n')).toEqual(
    expect.arrayContaining(['kubelet_orphaned_runtime_pods_total 1', 'kubelet_orphan_pod_cleaned_volumes 1']),
  );
  await world.close();
});
