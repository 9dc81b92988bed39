import type { Client } from '../../../src/client/client.ts';
import type { Environment } from '../../../src/machinery/environment/environment.ts';
import type { Event, Pod } from '../../../src/resources/schema/core-v1.generated.ts';
import { events, namespaces, pods, serviceAccounts } from '../../../src/resources/schema/resource-types.generated.ts';
import { type Companion, isOver, type Life, type LifeWorld } from './life.ts';
import { type Timeline, TimelineBuilder } from './timeline.ts';

interface LifePlace extends LifeCluster {
  readonly namespace: string;
}

/** Where pods can live. */
export interface LifeCluster {
  readonly client: Client;
  readonly environment: Environment;
  /** What the node is called here. */
  readonly node: string;
}

const patienceMs = 120_000;
/** Events, and the last words about a status, come after what they tell of. */
const afterwardsMs = 2_500;

/** Lets a pod live its life in a namespace of its own, and answers what a watcher saw of it. Nothing stays. */
export async function liveInNamespace(life: Life, namespace: string, cluster: LifeCluster): Promise<Timeline> {
  const { client, environment } = cluster;
  await client.create(namespaces, { metadata: { name: namespace } });
  try {
    // No pod is admitted before the account of its namespace is there.
    const account = () => client.get(serviceAccounts, { namespace, name: 'default' });
    while (
      !(await account().then(
        () => true,
        () => false,
      ))
    )
      await environment.sleep(50);
    return await liveThrough(life, { ...cluster, namespace });
  } finally {
    await client.delete(namespaces, { name: namespace });
  }
}

async function liveThrough(life: Life, place: LifePlace): Promise<Timeline> {
  const { client, environment, namespace } = place;
  for (const each of life.objects ?? []) await create(client, namespace, each);
  const { metadata } = await client.list(events, { namespace, limit: 1 });
  const witness = new Witness(life, place);
  const pod = await client.create(pods, {
    metadata: { ...life.metadata, namespace, name: life.name },
    spec: {
      terminationGracePeriodSeconds: 2,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...life.spec,
    },
  });
  witness.follow(pod, metadata.resourceVersion ?? '');
  try {
    await (life.live ?? ((world: LifeWorld) => world.until('it is over', isOver)))(witness);
    await environment.sleep(afterwardsMs);
  } finally {
    witness.leave();
    await client.delete(pods, { namespace, name: life.name }, { gracePeriodSeconds: 0 }).catch(() => {});
    for (const { type, object } of life.objects ?? [])
      await client.delete(type, { namespace, name: object.metadata.name ?? '' }).catch(() => {});
  }
  return witness.timeline;
}

async function create(client: Client, namespace: string, { type, object }: Companion): Promise<void> {
  await client.create(type, { ...object, metadata: { ...object.metadata, namespace } });
}

interface Wish {
  readonly isMet: () => boolean;
  readonly met: () => void;
}

/** Sees all that is told of one pod. */
class Witness implements LifeWorld {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  readonly #place: LifePlace;
  readonly #stop = new AbortController();
  readonly #pods: Pod[] = [];
  readonly #events: Event[] = [];
  readonly #wishes = new Set<Wish>();
  #builder: TimelineBuilder | undefined;
  #isGone = false;

  constructor({ name }: Life, place: LifePlace) {
    this.client = place.client;
    this.namespace = place.namespace;
    this.name = name;
    this.#place = place;
  }

  get timeline(): Timeline {
    return this.#builder?.timeline ?? new Map();
  }

  follow(pod: Pod, eventsSince: string): void {
    const { namespace, name } = this;
    const uid = pod.metadata.uid ?? '';
    this.#builder = new TimelineBuilder({ namespace, node: this.#place.node, uid });
    this.#sawPod(pod);
    const { signal } = this.#stop;
    const podOptions = {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: pod.metadata.resourceVersion,
      signal,
    };
    const eventOptions = {
      namespace,
      fieldSelector: `involvedObject.name=${name}`,
      resourceVersion: eventsSince,
      signal,
    };
    const watching = [
      this.#watch(this.client.watch(pods, podOptions), (type, seen) => {
        if (type === 'DELETED') this.#isGone = true;
        this.#sawPod(seen);
      }),
      this.#watch(this.client.watch(events, eventOptions), (type, seen) => {
        if (type === 'DELETED' || seen.involvedObject.uid !== uid) return;
        this.#events.push(seen);
        this.#builder?.event(seen);
      }),
    ];
    Promise.all(watching).catch(() => {});
  }

  leave(): void {
    this.#stop.abort();
  }

  until(what: string, isSo: (pod: Pod) => boolean): Promise<void> {
    return this.#wish(what, () => this.#pods.some(isSo));
  }

  event(reason: string): Promise<void> {
    return this.#wish(`an event ${reason}`, () => this.#events.some((each) => each.reason === reason));
  }

  gone(): Promise<void> {
    return this.#wish('it is gone', () => this.#isGone);
  }

  pass(seconds: number): Promise<void> {
    return this.#place.environment.sleep(seconds * 1000);
  }

  create(companion: Companion): Promise<void> {
    return create(this.client, this.namespace, companion);
  }

  async delete(gracePeriodSeconds?: number): Promise<void> {
    await this.client.delete(pods, { namespace: this.namespace, name: this.name }, { gracePeriodSeconds });
  }

  #sawPod(pod: Pod): void {
    this.#pods.push(pod);
    this.#builder?.pod(pod);
  }

  async #watch<T>(
    changes: AsyncIterable<{ readonly type: string; readonly object?: T }>,
    saw: (type: string, object: T) => void,
  ): Promise<void> {
    for await (const { type, object } of changes) {
      if (object !== undefined) saw(type, object);
      for (const wish of this.#wishes) if (wish.isMet()) wish.met();
    }
  }

  async #wish(what: string, isMet: () => boolean): Promise<void> {
    if (isMet()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const wish: Wish = { isMet, met: resolve };
    const timer = this.#place.environment.setTimer(patienceMs, () =>
      reject(new Error(`pod ${this.name}: waited in vain until ${what}; ${JSON.stringify(this.#pods.at(-1)?.status)}`)),
    );
    this.#wishes.add(wish);
    try {
      await promise;
    } finally {
      timer.cancel();
      this.#wishes.delete(wish);
    }
  }
}
