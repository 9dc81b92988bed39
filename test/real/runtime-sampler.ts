import type { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { labels } from '../../src/node/pods/labels.ts';
import { CriRuntime } from '../../src/node/runtime/cri/cri-runtime.ts';

const everyMs = 100;
/** One that has stopped answering is not waited for. */
const patienceMs = 80;

const noStreams = () => Promise.reject(new Error('nobody streams here'));

/** Asks the runtimes of all nodes, again and again, what runs of which pod. */
export class RuntimeSampler {
  /** Pods of which containers ran on two nodes, or two of one name on one node, with where they ran. */
  readonly doubles: string[] = [];
  samples = 0;
  readonly #environment: RealEnvironment;
  readonly #nodes: ReadonlyMap<string, () => string>;
  readonly #runtimes = new Map<string, { readonly path: string; readonly runtime: CriRuntime }>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  /** `nodes`: where the socket of each node's runtime is, which may change when its machine boots. */
  constructor(environment: RealEnvironment, nodes: ReadonlyMap<string, () => string>) {
    this.#environment = environment;
    this.#nodes = nodes;
    this.#running = this.#run();
  }

  /** The ids of the containers that run on a node of a pod. */
  async running(node: string, pod: string): Promise<readonly string[]> {
    const containers = await this.#runtime(node).listContainers();
    return containers
      .filter((each) => each.state === 'running' && each.labels[labels.podName] === pod)
      .map(({ id }) => id);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    for (const { runtime } of this.#runtimes.values()) await runtime.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const startedAt = this.#environment.monotonic();
      const found = await Promise.all([...this.#nodes.keys()].map((node) => this.#look(node)));
      for (const [pod, places] of Map.groupBy(found.flat(), ({ pod }) => pod))
        if (places.length > 1) this.doubles.push(`${pod}: ${places.map(({ where }) => where).join(', ')}`);
      this.samples++;
      const spentMs = this.#environment.monotonic() - startedAt;
      await this.#environment.sleep(Math.max(1, everyMs - spentMs), signal).catch(() => {});
    }
  }

  async #look(node: string): Promise<readonly { readonly pod: string; readonly where: string }[]> {
    const deadline = this.#environment.deadline(patienceMs, this.#stop.signal);
    try {
      const containers = await this.#runtime(node).listContainers(deadline.signal);
      return containers
        .filter(({ state }) => state === 'running')
        .map(({ id, metadata, labels: { [labels.podNamespace]: namespace, [labels.podName]: name } }) => ({
          pod: `${namespace}/${name}/${metadata.name}`,
          where: `${id.slice(0, 12)} on ${node}`,
        }));
    } catch {
      return [];
    } finally {
      deadline.cancel();
    }
  }

  #runtime(node: string): CriRuntime {
    const path = this.#nodes.get(node)?.() ?? '';
    const known = this.#runtimes.get(node);
    if (known?.path === path) return known.runtime;
    void known?.runtime.close();
    const streams = { command: noStreams, port: noStreams };
    const runtime = new CriRuntime({ environment: this.#environment, socketPath: path, streams });
    this.#runtimes.set(node, { path, runtime });
    return runtime;
  }
}
