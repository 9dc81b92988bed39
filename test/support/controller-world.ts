import type { ApiServer, ApiServerOptions } from '../../src/apiserver/api-server.ts';
import type { Client } from '../../src/client/client.ts';
import { QueuedEventRecorder } from '../../src/client/event-recorder.ts';
import type { InformerFactory } from '../../src/client/informer.ts';
import { createInformerFactory } from '../../src/client/informers/informer-factory.ts';
import type { Controller } from '../../src/controllers/runtime/controller.ts';
import type { ControllerContext } from '../../src/controllers/runtime/controller-context.ts';
import { ControllerRunner } from '../../src/controllers/runtime/controller-runner.ts';
import type { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import { silentMetrics } from '../../src/machinery/metrics.ts';
import type { KubeObject } from '../../src/machinery/object.ts';
import type { ResourceType } from '../../src/machinery/resource-type.ts';
import { formatTime } from '../../src/machinery/time.ts';
import type { Event, Pod } from '../../src/resources/schema/core-v1.generated.ts';
import { events, namespaces, pods } from '../../src/resources/schema/resource-types.generated.ts';
import type { Store } from '../../src/store/store.ts';
import { admin, type TestApiServer, testApiServer } from './test-api-server.ts';

/** Controllers at work on an API server in virtual time, with a kubelet that runs whatever it is given. */
export class ControllerWorld {
  readonly environment: VirtualEnvironment;
  readonly server: ApiServer;
  readonly store: Store;
  readonly client: Client;
  /** Of the controllers; another one after they were stopped. */
  #informers: InformerFactory;
  readonly #kubeletInformers: InformerFactory;
  readonly #runners: ControllerRunner[] = [];
  readonly #recorders: QueuedEventRecorder[] = [];
  #kubelet: (() => void) | undefined;

  static async make(options: Pick<ApiServerOptions, 'admission'> = { admission: [] }): Promise<ControllerWorld> {
    const world = new ControllerWorld(await testApiServer(options));
    const { client } = world;
    await client.create(namespaces, { metadata: { name: 'shop' } });
    return world;
  }

  private constructor({ environment, server, store, client }: TestApiServer) {
    this.environment = environment;
    this.server = server;
    this.store = store;
    this.client = client;
    this.#informers = createInformerFactory({ client, environment, logger: silentLogger });
    this.#kubeletInformers = createInformerFactory({ client, environment, logger: silentLogger });
  }

  context(component = 'test'): ControllerContext {
    const { environment } = this;
    const client = this.server.client(admin, 'kube-controller-manager');
    const recorder = new QueuedEventRecorder({
      client,
      environment,
      logger: silentLogger,
      metrics: silentMetrics,
      source: { component },
    });
    this.#recorders.push(recorder);
    return {
      client,
      informers: this.#informers,
      environment,
      events: recorder,
      logger: silentLogger,
      metrics: silentMetrics,
    };
  }

  start(...controllers: readonly ((context: ControllerContext) => Controller)[]): void {
    const { environment } = this;
    for (const make of controllers) {
      const controller = make(this.context());
      this.#runners.push(
        new ControllerRunner(controller, { environment, logger: silentLogger, metrics: silentMetrics }),
      );
    }
  }

  /** A second after a pod is seen it runs and is ready, unless its image is `bad`; a second after its deletion it is gone. */
  startKubelet(): void {
    const informer = this.#kubeletInformers.informer(pods);
    const seen = new Set<string>();
    const later = (pod: Pod, what: string, act: (fresh: Pod) => Promise<unknown>) => {
      const key = `${pod.metadata.uid} ${what}`;
      if (seen.has(key)) return;
      seen.add(key);
      this.environment.setTimer(1_000, () => {
        const { namespace, name = '' } = pod.metadata;
        void this.client
          .get(pods, { namespace, name })
          .then(act)
          .catch(() => {});
      });
    };
    const look = (pod: Pod) => {
      if (pod.metadata.deletionTimestamp !== undefined) {
        later(pod, 'stop', ({ metadata }) =>
          this.client.delete(
            pods,
            { namespace: metadata.namespace, name: metadata.name ?? '' },
            { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } },
          ),
        );
      } else {
        later(pod, 'run', (fresh) => this.setReady(fresh, fresh.spec?.containers[0]?.image !== 'bad'));
      }
    };
    this.#kubelet = informer.addHandler({ added: look, updated: look });
  }

  /** Makes a pod run, ready or not. */
  async setReady(pod: Pod, ready: boolean): Promise<void> {
    const time = formatTime(this.environment.now());
    const octets = [...(pod.metadata.uid ?? '')].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) % 65_000, 7);
    const podIP = `10.0.${octets >> 8}.${octets & 255}`;
    await this.client.update(
      pods,
      {
        ...pod,
        status: {
          ...pod.status,
          phase: ready ? 'Running' : 'Pending',
          podIP,
          podIPs: [{ ip: podIP }],
          conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: time }],
        },
      },
      { subresource: 'status' },
    );
  }

  async list<T extends KubeObject>(type: ResourceType<T>, namespace?: string): Promise<readonly T[]> {
    return (await this.client.list(type, { namespace })).items;
  }

  async names(type: ResourceType): Promise<readonly string[]> {
    return (await this.list(type)).map((object) => object.metadata.name ?? '');
  }

  /** Every event as `Type Reason: message`, in the order in which they were told. */
  async eventLines(about?: string): Promise<readonly string[]> {
    return [...(await this.list(events))]
      .filter((event) => about === undefined || event.involvedObject.name === about)
      .sort((a, b) => (order(a) < order(b) ? -1 : 1))
      .map((event) => `${event.type} ${event.reason}: ${event.message}`);
  }

  /** Lets `ms` pass. */
  advance(ms: number): Promise<void> {
    return this.environment.advance(ms);
  }

  /** As if the process that runs them ended; others may be started, which begin with caches of their own. */
  async stopControllers(): Promise<void> {
    const { client, environment } = this;
    await Promise.all(this.#runners.splice(0).map((runner) => runner.stop()));
    await this.#informers.stop();
    this.#informers = createInformerFactory({ client, environment, logger: silentLogger });
  }

  async stop(): Promise<void> {
    this.#kubelet?.();
    await this.stopControllers();
    await Promise.all(this.#recorders.map((recorder) => recorder.stop()));
    await this.#kubeletInformers.stop();
    this.server.stop();
  }
}

function order(event: Event): string {
  return (event.metadata.name ?? '').split('.').at(-1) ?? '';
}
