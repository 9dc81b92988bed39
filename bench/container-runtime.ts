import { busyboxImage } from '../src/node/images/making/busybox-image.ts';
import { ContainerdFixture } from '../test/real/containerd-fixture.ts';
import { PodFixture } from '../test/real/pod-fixture.ts';

/**
 * What a pod costs on a containerd of our own, as root: `node bench/container-runtime.ts`. Medians; the network is a bridge with an address from
 * a file, the image is local.
 */
const rounds = 11;

const starting = performance.now();
const fixture = await ContainerdFixture.open();
const up = performance.now() - starting;
try {
  await fixture.provide(busyboxImage);
  const figures = await measure();
  print([['containerd from nothing, with the sandbox image imported', up], ...figures]);
} finally {
  for (const problem of await fixture.close()) process.stderr.write(`${problem}\n`);
}

async function measure(): Promise<readonly (readonly [string, number])[]> {
  const runtime = fixture.runtime();
  const times = new Map<string, number[]>();
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const begun = performance.now();
    const result = await work();
    const list = times.get(name) ?? [];
    times.set(name, [...list, performance.now() - begun]);
    return result;
  };
  try {
    for (let round = 0; round < rounds; round++) {
      let pod: PodFixture | undefined;
      let container = '';
      await timed('sandbox and container, running', async () => {
        pod = await timed('  sandbox with its network', () => PodFixture.run(fixture, runtime, `bench-${round}`));
        container = await timed('  container created and started', async () =>
          (pod as PodFixture).start(busyboxImage.image, { command: ['sleep', '1000'] }),
        );
      });
      await timed('a command in it (execSync)', () => runtime.execSync(container, ['true'], 10_000));
      await timed('a command in it, with live streams', async () => {
        const options = { command: ['true'], stdin: false, stdout: true, stderr: true, tty: false };
        const session = await runtime.exec(container, options);
        await session.exit;
        session.close();
      });
      await timed('status of a container', () => runtime.containerStatus(container));
      await timed('container killed', () => runtime.stopContainer(container, 0));
      await timed('sandbox stopped and removed', () => (pod as PodFixture).remove());
    }
  } finally {
    await runtime.close();
  }
  return [...times].map(([name, list]) => [name, median(list)]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function print(rows: readonly (readonly [string, number])[]): void {
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(60)} ${value.toFixed(1).padStart(8)} ms\n`);
}
