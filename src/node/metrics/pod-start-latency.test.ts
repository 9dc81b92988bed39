import { beforeEach, expect, test } from 'vitest';
import { PrometheusMetrics } from '../../cluster/observability/prometheus-metrics.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Pod, PodSpec, PodStatus } from '../../resources/schema/core-v1.generated.ts';
import { KubeletFamilies } from './kubelet-families.ts';
import { PodStartLatency } from './pod-start-latency.ts';

const createdAt = Date.UTC(2026, 0, 1);
const after = (seconds: number) => createdAt + seconds * 1000;
const running: PodStatus = {
  phase: 'Running',
  startTime: formatTime(after(1)),
  containerStatuses: [
    {
      name: 'main',
      image: 'app:1',
      imageID: '',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: formatTime(after(9)) } },
    },
  ],
};

let metrics: PrometheusMetrics;
let starts: PodStartLatency;
beforeEach(() => {
  metrics = new PrometheusMetrics();
  starts = new PodStartLatency(new KubeletFamilies(metrics));
});

const pod = (status: PodStatus, spec: Partial<PodSpec> = {}, name = 'web'): Pod => ({
  metadata: { name, namespace: 'default', uid: `${name}-uid`, creationTimestamp: formatTime(createdAt) },
  spec: { containers: [{ name: 'main', image: 'app:1' }], ...spec },
  status,
});

/** The sum and the count of a histogram. */
async function measured(name: string): Promise<readonly [sum: number, count: number]> {
  const text = await metrics.text();
  const of = (suffix: string) => Number(new RegExp(`^kubelet_${name}${suffix} (\\S+)$`, 'm').exec(text)?.[1]);
  return [of('_sum'), of('_count')];
}

function start(spec: Partial<PodSpec> = {}, name = 'web'): void {
  starts.observed(pod({ phase: 'Pending' }, spec, name), after(1));
  starts.observed(pod(running, spec, name), after(10));
}

test('a start is measured once, when a watch tells that all containers run', async () => {
  starts.observed(pod({ phase: 'Pending' }), after(1));
  const waiting = { name: 'side', image: 'app:1', imageID: '', ready: false, restartCount: 0, state: { waiting: {} } };
  const half = { ...running, containerStatuses: [...(running.containerStatuses ?? []), waiting] };
  starts.observed(pod(half), after(8));
  expect(await measured('pod_start_total_duration_seconds')).toEqual([0, 0]);
  starts.observed(pod(running), after(10));
  starts.observed(pod(running), after(20));
  expect(await measured('pod_start_total_duration_seconds')).toEqual([10, 1]);
  expect(await measured('pod_start_sli_duration_seconds')).toEqual([10, 1]);
  expect(await metrics.text()).toContain('kubelet_first_network_pod_start_sli_duration_seconds 10\n');
});

test('images and init containers are no part of the service level', async () => {
  starts.observed(pod({ phase: 'Pending' }), after(1));
  starts.pullStarted('web-uid', after(2));
  starts.pullStarted('web-uid', after(3));
  starts.pullEnded('web-uid', after(4));
  starts.pullEnded('web-uid', after(5));
  starts.initContainerRan('web-uid', {
    exitCode: 0,
    startedAt: formatTime(after(5)),
    finishedAt: formatTime(after(7)),
  });
  starts.observed(pod(running), after(10));
  expect(await measured('pod_start_total_duration_seconds')).toEqual([10, 1]);
  expect(await measured('pod_start_sli_duration_seconds')).toEqual([5, 1]);
});

test.each([
  ['one with a claim has state', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] }, 0],
  ['one with configuration has none', { volumes: [{ name: 'data', configMap: { name: 'data' } }] }, 1],
])('%s', async (_, spec, count) => {
  start(spec);
  expect((await measured('pod_start_total_duration_seconds'))[1]).toBe(1);
  expect((await measured('pod_start_sli_duration_seconds'))[1]).toBe(count);
});

test('one that had to wait for a place never counts', async () => {
  const waits = { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False' }] };
  starts.observed(pod(waits), after(1));
  start();
  expect((await measured('pod_start_total_duration_seconds'))[1]).toBe(0);
});

test('one that an earlier agent has begun to start is not known well enough', async () => {
  starts.observed(pod({ ...running, phase: 'Pending' }), after(1));
  start();
  expect((await measured('pod_start_total_duration_seconds'))[1]).toBe(1);
  starts.forget('web-uid');
  starts.observed(pod(running), after(30));
  starts.observed(pod(running), after(31));
  expect((await measured('pod_start_total_duration_seconds'))[1]).toBe(1);
});

test('the first with a network of its own is told', async () => {
  start({ hostNetwork: true }, 'host');
  expect(await metrics.text()).toContain('kubelet_first_network_pod_start_sli_duration_seconds 0\n');
  start({}, 'first');
  expect(await metrics.text()).toContain('kubelet_first_network_pod_start_sli_duration_seconds 10\n');
});
