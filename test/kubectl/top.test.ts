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
