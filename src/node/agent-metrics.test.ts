import { expect, test } from 'vitest';
import { NodeWorld } from '../../test/support/node-world.ts';
import { PrometheusMetrics } from '../cluster/observability/prometheus-metrics.ts';

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
      'kubelet_running_containers{container_state="running"} 1',
      'kubelet_running_containers{container_state="exited"} 1',
      'kubelet_started_containers_total{container_type="container"} 2',
      'kubelet_started_pods_total 2',
      'kubelet_terminated_containers_total{container_type="container",exit_code="3",reason="Error"} 1',
      'kubelet_runtime_operations_total{operation_type="create_container"} 2',
    ]),
  );
  expect(text).toMatch(/kubelet_runtime_operations_errors_total\{operation_type="status"\} [1-9]/);
  expect(text).toMatch(/kubelet_pod_worker_duration_seconds_count\{operation_type="sync"\} [1-9]/);
  await world.close();
});
