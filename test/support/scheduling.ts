import { PodBindings } from '../../src/apiserver/pods/pod-bindings.ts';
import type { ObjectChanger } from '../../src/apiserver/registry/extension-points.ts';
import { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import type {
  Node,
  NodeSpec,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
} from '../../src/resources/schema/core-v1.generated.ts';
import type { PodDisruptionBudget } from '../../src/resources/schema/policy-v1.generated.ts';
import type { CSINode } from '../../src/resources/schema/storage-v1.generated.ts';
import { SchedulerCache } from '../../src/scheduler/cache.ts';
import { diagnosisMessage } from '../../src/scheduler/diagnosis.ts';
import type { Plugin, Snapshot } from '../../src/scheduler/framework.ts';
import { defaultPlugins } from '../../src/scheduler/plugins/default-plugins.ts';
import { podInfo } from '../../src/scheduler/pod-info.ts';
import { schedulePod } from '../../src/scheduler/schedule-pod.ts';
import { startTestApiServer, type TestApiServer } from './test-api-server.ts';

export interface NodeOptions {
  readonly labels?: Record<string, string>;
  readonly spec?: NodeSpec;
  readonly allocatable?: Record<string, string>;
}

export function node(name: string, options: NodeOptions = {}): Node {
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...options.labels } },
    spec: options.spec ?? {},
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...options.allocatable } },
  };
}

export interface PodOptions {
  readonly spec?: Partial<PodSpec>;
  readonly labels?: Record<string, string>;
  readonly requests?: Record<string, string>;
  readonly on?: string;
  readonly namespace?: string;
}

export function pod(name: string, options: PodOptions = {}): Pod {
  const { spec = {}, labels, requests, on, namespace = 'default' } = options;
  return {
    metadata: { name, namespace, uid: `uid-${name}`, ...(labels !== undefined && { labels }) },
    spec: {
      containers: [{ name: 'main', image: 'app:1', ...(requests !== undefined && { resources: { requests } }) }],
      ...spec,
      ...(on !== undefined && { nodeName: on }),
    },
  };
}

export interface VolumeObjects {
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly csiNodes?: readonly CSINode[];
}

function listerOf<T extends { readonly metadata: { readonly name?: string | undefined } }>(objects: readonly T[] = []) {
  const get = (name: string) => objects.find(({ metadata }) => metadata.name === name);
  return { ...nothing, get, list: () => objects, size: objects.length };
}

const nothing = { get: () => undefined, list: () => [], byIndex: () => [], size: 0 };

/** A cluster of these objects, for one decision of the scheduler. */
export class SchedulingFixture {
  readonly environment = new VirtualEnvironment(1);
  readonly budgets: PodDisruptionBudget[] = [];
  readonly cache = new SchedulerCache();
  readonly plugins: readonly Plugin[];
  readonly #namespaceLabels: Readonly<Record<string, Readonly<Record<string, string>>>>;

  constructor(
    nodes: readonly Node[],
    placed: readonly Pod[] = [],
    namespaceLabels: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
    volumes: VolumeObjects = {},
  ) {
    for (const each of nodes) this.cache.setNode(each);
    for (const each of placed) this.cache.setPod(each);
    this.#namespaceLabels = namespaceLabels;
    this.plugins = defaultPlugins({
      client: { patch: () => Promise.reject(new Error('nothing is written while a node is chosen')) },
      environment: this.environment,
      claims: listerOf(volumes.claims),
      volumes: listerOf(volumes.volumes),
      classes: nothing,
      csiNodes: listerOf(volumes.csiNodes),
      deviceClaims: nothing,
      deviceClasses: nothing,
      ownerSelector: (owned) => {
        const app = owned.metadata.labels?.['app'];
        return app === undefined ? undefined : (labels) => labels['app'] === app;
      },
    });
  }

  snapshot(): Snapshot {
    return {
      nodes: this.cache.nodes(),
      node: (name) => this.cache.node(name),
      nominated: () => [],
      budgets: (namespace) => this.budgets.filter(({ metadata }) => metadata.namespace === namespace),
      namespaceLabels: (namespace) => this.#namespaceLabels[namespace] ?? {},
    };
  }

  attempt(wanted: Pod) {
    return schedulePod(this.plugins, podInfo(wanted), this.snapshot(), { next: 0 }, () => this.environment.random());
  }

  /** The node that is chosen, or the message that says why none is. */
  schedule(wanted: Pod): string {
    const attempt = this.attempt(wanted);
    return attempt.outcome === 'placed' ? attempt.nodeName : diagnosisMessage(attempt.diagnosis);
  }

  /** Schedules a pod and counts it where it went. */
  place(wanted: Pod): string {
    const nodeName = this.schedule(wanted);
    this.cache.setPod({ ...wanted, spec: { ...wanted.spec, containers: wanted.spec?.containers ?? [], nodeName } });
    return nodeName;
  }
}

/** An API server by which pods can be bound. */
export async function serverWithBindings(): Promise<TestApiServer> {
  const environment = new VirtualEnvironment(1);
  const changer: ObjectChanger = { change: (...args) => started.server.change(...args) };
  const subresourceHandlers = [new PodBindings(changer, environment)];
  const started = await startTestApiServer(environment, { subresourceHandlers });
  return { environment, ...started };
}
