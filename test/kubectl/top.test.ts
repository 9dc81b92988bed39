import { beforeAll, expect, test } from 'vitest';
import { Kubectl } from './kubectl.ts';

let kubectl: Kubectl;

beforeAll(async () => {
  kubectl = await Kubectl.inNamespace('top');
});

/** Figures need two samples, which are fifteen seconds apart. */
const figures = { timeout: 60_000, interval: 1000 };

test('top tells what pods, their containers and nodes use', async () => {
  await kubectl.get(['run', 'web', '--image=app:1', '--labels=app=web']);
  await kubectl.get(['wait', '--for=condition=ready', 'pod/web', '--timeout=30s']);
  expect((await kubectl.run(['top', 'pods'])).stderr).toBe('error: metrics not available yet\n');
  const header = 'NAME +CPU\\(cores\\) +MEMORY\\(bytes\\)';
  await expect
    .poll(async () => (await kubectl.run(['top', 'pods'])).stdout, figures)
    .toMatch(new RegExp(`^${header} *\nweb +\\d+m +10Mi *\n$`));
  expect(await kubectl.get(['top', 'pods', '--containers', '-l', 'app=web', '--no-headers'])).toMatch(
    /^web +web +\d+m +10Mi *\n$/,
  );
  expect(await kubectl.get(['top', 'pod', 'web', '--sum'])).toMatch(/web +\d+m +10Mi/);
  expect(await kubectl.get(['top', 'pods', '-A'])).toMatch(/^top +web +\d+m +10Mi/m);
  await expect
    .poll(async () => (await kubectl.run(['top', 'nodes'])).stdout, figures)
    .toMatch(/^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\) *\n(\S+ +\d+m +\d+% +\d+Mi +\d+% *\n){2}$/);
  expect(await kubectl.get(['get', 'pods.metrics.k8s.io'])).toMatch(
    /^NAME +CPU +MEMORY +SWAP +WINDOW\nweb +\S+ +10Mi +0 +1\d/,
  );
});

test('of what is not there, top says so', async () => {
  expect((await kubectl.run(['top', 'pod', 'none'])).stderr).toBe(
    'Error from server (NotFound): pods "none" not found\n',
  );
  expect((await kubectl.run(['top', 'pods', '-l', 'app=none'])).stderr).toBe('No resources found in top namespace.\n');
});

test('an autoscaler is made, told what its pods use, and described', async () => {
  await kubectl.get(['create', 'deployment', 'busy', '--image=app:1']);
  await kubectl.get(['set', 'resources', 'deployment', 'busy', '--requests=cpu=100m']);
  expect(await kubectl.get(['autoscale', 'deployment', 'busy', '--min=2', '--max=5', '--cpu-percent=50'])).toBe(
    'horizontalpodautoscaler.autoscaling/busy autoscaled\n',
  );
  const known =
    /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE *\nbusy +Deployment\/busy +cpu: \d+%\/50% +2 +5 +2 +\d+s *\n$/;
  await expect.poll(async () => (await kubectl.run(['get', 'hpa', 'busy'])).stdout, figures).toMatch(known);
  const text = await kubectl.get(['describe', 'hpa', 'busy']);
  expect(text).toMatch(/^ {2}resource cpu on pods {2}\(as a percentage of request\): +\d+% \(\d+m\) \/ 50%$/m);
  expect(text).toMatch(/^Deployment pods: +2 current \/ 2 desired$/m);
  expect(text).toMatch(/^ {2}ScalingActive +True +ValidMetricFound +the HPA was able to successfully calculate/m);
  expect(text).toMatch(
    /SuccessfulRescale +\S+ +horizontal-pod-autoscaler +New size: 2; reason: Current number of replicas below/,
  );
  expect(
    await kubectl.get([
      'get',
      'horizontalpodautoscalers.v1.autoscaling',
      'busy',
      '-o',
      'jsonpath={.spec.targetCPUUtilizationPercentage}',
    ]),
  ).toBe('50');
});
