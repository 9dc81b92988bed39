import type { Informer, InformerFactory } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';
import { type Change, type ControllerEngine, type ControllerWatch, watching } from '../runtime/controller.ts';
import type { Discovery } from '../runtime/discovery.ts';
import { metadataOnly } from '../runtime/projections.ts';
import { type CollectedResource, collectedResources } from './collected-resources.ts';

/** A resource that cannot be read keeps the others waiting for no longer than this. */
const patienceMs = 30_000;

interface Monitor {
  readonly type: ResourceType;
  readonly informer: Informer<KubeObject>;
  readonly isOwn: boolean;
  readonly sinceMs: number;
  readonly end: () => void;
}

export interface MonitorHandlers {
  changed(type: ResourceType, change: Change<KubeObject>): Iterable<string>;
  /** The resource is served no more; these are its objects as they were. Answers keys to look at. */
  forgotten(objects: Iterable<KubeObject>): Iterable<string>;
}

/** Watches every resource whose objects may own and be owned, and follows what the cluster serves. */
export class ResourceMonitors {
  readonly #discovery: Discovery;
  readonly #informers: InformerFactory;
  readonly #environment: Pick<Environment, 'monotonic'>;
  readonly #handlers: MonitorHandlers;
  /** By group, version and resource. */
  readonly #monitors = new Map<string, Monitor>();
  #types: ReadonlyMap<string, ResourceType> = new Map();

  constructor(
    discovery: Discovery,
    { informers, environment }: { readonly informers: InformerFactory; readonly environment: Environment },
    handlers: MonitorHandlers,
  ) {
    this.#discovery = discovery;
    this.#informers = informers;
    this.#environment = environment;
    this.#handlers = handlers;
  }

  /** How the resources that are served from the start are watched; they are waited for. */
  watches(): readonly ControllerWatch[] {
    return this.#refresh().map(({ type, informer }) => this.#watch(type, informer));
  }

  /** Keeps to what is served from now on. Answers how to stop that. */
  follow(engine: ControllerEngine): () => void {
    return this.#discovery.onChange(() => {
      const wanted = new Map(this.#collected().map((each) => [keyOf(each.type), each]));
      for (const [key, monitor] of this.#monitors) if (!wanted.has(key)) this.#end(key, monitor, engine);
      for (const { type, informer } of this.#refresh()) {
        const end = engine.attach(this.#watch(type, informer));
        const key = keyOf(type);
        const monitor = this.#monitors.get(key);
        if (monitor !== undefined) this.#monitors.set(key, { ...monitor, end });
      }
    });
  }

  /** Whether everything that is served has been read, as far as it can be. */
  get isComplete(): boolean {
    const nowMs = this.#environment.monotonic();
    return [...this.#monitors.values()].every(
      ({ informer, sinceMs }) => informer.hasSynced || nowMs - sinceMs > patienceMs,
    );
  }

  typeOf(group: string, kind: string): ResourceType | undefined {
    return this.#types.get(`${group}/${kind}`);
  }

  /** Everything that is watched, with what is known of it. */
  monitored(): Iterable<Pick<Monitor, 'type' | 'informer'>> {
    return this.#monitors.values();
  }

  /** Starts what is wanted and not there yet, and answers it. */
  #refresh(): readonly Monitor[] {
    const collected = this.#collected();
    this.#types = new Map(collected.map(({ type }) => [`${type.group}/${type.kind}`, type]));
    const added: Monitor[] = [];
    for (const { type, informer: shared } of collected) {
      const key = keyOf(type);
      if (this.#monitors.has(key)) continue;
      const informer = this.#informers.informer(type, shared ?? { projection: metadataOnly });
      const monitor: Monitor = {
        type,
        informer,
        isOwn: shared === undefined,
        sinceMs: this.#environment.monotonic(),
        end: () => {},
      };
      this.#monitors.set(key, monitor);
      added.push(monitor);
    }
    return added;
  }

  #collected(): readonly CollectedResource[] {
    return collectedResources(this.#discovery.resources());
  }

  #watch(type: ResourceType, informer: Informer<KubeObject>): ControllerWatch {
    return watching(informer, (change) => this.#handlers.changed(type, change));
  }

  #end(key: string, { informer, isOwn, end }: Monitor, engine: ControllerEngine): void {
    this.#monitors.delete(key);
    end();
    for (const each of this.#handlers.forgotten(informer.list())) engine.enqueue(each);
    if (isOwn) this.#informers.release(informer);
  }
}

function keyOf(type: ResourceType): string {
  return `${apiVersionOf(type)}/${type.resource}`;
}
