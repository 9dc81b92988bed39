import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isConditionTrue } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { isOlderVersion } from '../../machinery/resource-version.ts';
import { isReason } from '../../machinery/status-error.ts';
import { untilAborted } from '../../machinery/until-aborted.ts';
import { equal } from '../../resources/equal.ts';
import type { Node, NodeCondition, NodeStatus } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { PressureCondition } from '../eviction/signals.ts';
import type { Host } from '../host/host.ts';
import type { Machine } from '../machine.ts';
import type { NodeStartLatency } from '../metrics/node-start-latency.ts';
import type { ContainerRuntime, Image } from '../runtime/runtime.ts';
import type { RuntimeHealth } from '../runtime-health.ts';
import { ensureCSINode } from './csi-node.ts';
import { nodeConditions } from './node-conditions.ts';
import { nameProblem, nodeIdAnnotation } from './node-identity.ts';
import { newNode, nodeStatus, ownAnnotations, standardLabels } from './node-object.ts';

export interface NodeRegistrarOptions {
  readonly client: Pick<Client, 'create' | 'get' | 'patch' | 'update' | 'delete'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly runtime: Pick<ContainerRuntime, 'listImages'>;
  readonly health: RuntimeHealth;
  readonly host: Host;
  readonly machine: Machine;
  readonly config: NodeConfig;
  readonly nodeName: string;
  volumesInUse(): readonly string[];
  readonly start: NodeStartLatency;
  /** The node as a watch has told of it; undefined while none has, or it is gone. */
  watched(): Node | undefined;
  /** What the node is under. */
  pressure(): readonly PressureCondition[];
}

const firstRetryMs = 200;
const longestRetryMs = 7000;
/** Images are listed this often at most: that is much work for a runtime with many. */
const imagesEveryMs = 60_000;
/** What the status says of images is not worth more: a runtime that hangs must not keep the node from saying so. */
const imagesPatienceMs = 5_000;

/** Tells the API of this node: registers it, and keeps its status true. */
export class NodeRegistrar {
  readonly #options: NodeRegistrarOptions;
  /** Ends the wait for the next look at the status. */
  #wake: (() => void) | undefined;
  readonly #registered = Promise.withResolvers<void>();
  #node: Node | undefined;
  #reportedAt = Number.NEGATIVE_INFINITY;
  /** The uid of the node whose CSINode is as it has to be. */
  #csiNodeOf: string | undefined;
  #images: readonly Image[] = [];
  #imagesAt = Number.NEGATIVE_INFINITY;

  constructor(options: NodeRegistrarOptions) {
    this.#options = options;
  }

  /** Resolves when this machine is the node: until then what the API has of that name may be another one's. */
  get registered(): Promise<void> {
    return this.#registered.promise;
  }

  /** The node as the API had it last; undefined before it is registered. */
  get node(): Node | undefined {
    return this.#node;
  }

  /** Looks at the status now instead of when it is due. */
  soon(): void {
    this.#wake?.();
  }

  /** Registers, again and again until it succeeds, and keeps the status until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { environment, config, logger, health } = this.#options;
    await untilAborted(health.asked, signal).catch(() => {});
    await this.#register(signal);
    while (!signal.aborted) {
      try {
        await this.#report(signal);
        await this.#ensureCSINode(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isReason(error, 'NotFound')) await this.#register(signal);
        else logger.warn("the node's status could not be written", { err: error });
      }
      // Not all nodes of a cluster at the same moment.
      await this.#nap(config.nodeStatusUpdateMs * (1 + 0.04 * environment.random()), signal);
    }
  }

  #nap(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#options.environment.setTimer(delayMs, wake);
      signal.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
      if (signal.aborted) wake();
    });
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { environment, logger, recorder, start } = this.#options;
    let delayMs = firstRetryMs;
    start.attempted();
    while (!signal.aborted) {
      try {
        const node = await this.#createOrAdopt(signal);
        this.#node = node;
        this.#registered.resolve();
        recorder.event(referenceTo(nodes, node), 'Normal', 'Starting', 'Starting kubelet.');
        this.#tellChanges([], node.status?.conditions ?? []);
        if (isConditionTrue(node.status?.conditions, 'Ready')) start.ready();
        logger.info('the node is registered');
        return;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn('the node could not be registered', { err: error });
        await environment.sleep(delayMs * (1 + environment.random()), signal).catch(() => {});
        delayMs = Math.min(delayMs * 2, longestRetryMs);
      }
    }
  }

  async #createOrAdopt(signal: AbortSignal): Promise<Node> {
    const { client, nodeName, config, machine, start } = this.#options;
    const status = await this.#status([]);
    const wanted = newNode(nodeName, config, machine);
    try {
      const created = await client.create(nodes, { ...wanted, status }, { signal });
      start.registered();
      return created;
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error;
    }
    const existing = await client.get(nodes, { name: nodeName }, { signal });
    const labels = differing({ ...standardLabels(nodeName, machine), ...config.nodeLabels }, existing.metadata.labels);
    const problem = nameProblem(existing, config.nodeId);
    if (problem !== undefined) throw new Error(problem);
    const annotations = differing(ownAnnotations(config), existing.metadata.annotations);
    if (labels === undefined && annotations === undefined) return existing;
    const body = { metadata: { ...(labels && { labels }), ...(annotations && { annotations }) } };
    return await client.patch(nodes, { name: nodeName }, { type: 'strategic', body }, { signal });
  }

  /** Once for each node that this becomes; what fails is tried again with the next status. */
  async #ensureCSINode(signal: AbortSignal): Promise<void> {
    const node = this.#node;
    if (node === undefined || node.metadata.uid === this.#csiNodeOf) return;
    try {
      await ensureCSINode(this.#options.client, node, signal);
      this.#csiNodeOf = node.metadata.uid;
    } catch (error) {
      if (!signal.aborted) this.#options.logger.warn("the node's CSINode could not be written", { err: error });
    }
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { client, nodeName, environment, config } = this.#options;
    const known = await this.#known(signal);
    this.#node = known;
    const before = known.status ?? {};
    const status = await this.#status(before.conditions ?? []);
    const due = environment.monotonic() - this.#reportedAt >= config.nodeStatusReportMs;
    if (!due && isSame(before, status)) return;
    this.#node = await client.patch(
      nodes,
      { name: nodeName },
      { type: 'strategic', body: { status: { ...status, addresses: replaced(status.addresses) } } },
      { subresource: 'status', signal },
    );
    this.#reportedAt = environment.monotonic();
    if (isConditionTrue(this.#node.status?.conditions, 'Ready')) this.#options.start.ready();
    if (config.nodeId !== '' && this.#node.metadata.annotations?.[nodeIdAnnotation] !== config.nodeId)
      await this.#register(signal);
    this.#tellReboot(before.nodeInfo?.bootID ?? '');
    this.#tellChanges(before.conditions ?? [], status.conditions ?? []);
  }

  /**
   * What the API has is not always what was written last: a node that was silent is unknown to it. Asking each time would be most of what
   * an API server of many nodes has to do.
   */
  async #known(signal: AbortSignal): Promise<Node> {
    const { client, nodeName, watched } = this.#options;
    const seen = watched();
    if (seen === undefined) return await client.get(nodes, { name: nodeName }, { signal });
    const isLate = isOlderVersion(seen.metadata.resourceVersion, this.#node?.metadata.resourceVersion);
    return isLate ? (this.#node ?? seen) : seen;
  }

  async #status(previous: readonly NodeCondition[]): Promise<NodeStatus> {
    const { host, machine, config, nodeName, environment, health, volumesInUse, pressure } = this.#options;
    machine.moveTo((await host.info()).addresses);
    const images = await this.#listImages();
    const conditions = nodeConditions({
      problems: health.problems,
      pressure: pressure(),
      previous,
      now: environment.now(),
    });
    const { version: runtimeVersion, features } = health;
    return nodeStatus({
      nodeName,
      config,
      machine,
      runtimeVersion,
      features,
      conditions,
      images,
      volumesInUse: volumesInUse(),
    });
  }

  async #listImages(): Promise<readonly Image[]> {
    const { runtime, environment, health } = this.#options;
    const now = environment.monotonic();
    if (health.runtimeProblems.length > 0 || now - this.#imagesAt < imagesEveryMs) return this.#images;
    const deadline = environment.deadline(imagesPatienceMs);
    this.#images = await runtime.listImages(deadline.signal).catch(() => this.#images);
    deadline.cancel();
    this.#imagesAt = now;
    return this.#images;
  }

  #tellReboot(bootIdBefore: string): void {
    const { nodeName, recorder, machine } = this.#options;
    const { bootId } = machine.info;
    if (bootIdBefore === '' || bootIdBefore === bootId || this.#node === undefined) return;
    const message = `Node ${nodeName} has been rebooted, boot id: ${bootId}`;
    recorder.event(referenceTo(nodes, this.#node), 'Warning', 'Rebooted', message);
  }

  #tellChanges(before: readonly NodeCondition[], after: readonly NodeCondition[]): void {
    const { nodeName, recorder } = this.#options;
    const node = this.#node;
    if (node === undefined) return;
    for (const condition of after) {
      if (before.find(({ type }) => type === condition.type)?.status === condition.status) continue;
      const reason = eventOf(condition);
      recorder.event(referenceTo(nodes, node), 'Normal', reason, `Node ${nodeName} status is now: ${reason}`);
    }
  }
}

function eventOf({ type, status, reason = '' }: NodeCondition): string {
  if (type === 'Ready') return status === 'True' ? 'NodeReady' : 'NodeNotReady';
  return reason.replace(/^Kubelet/, 'Node');
}

/** What of the wanted texts is not so; undefined when all is. */
function differing(
  wanted: Readonly<Record<string, string>>,
  actual: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> | undefined {
  const found = Object.entries(wanted).filter(([key, value]) => actual[key] !== value);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** Whether a status says the same apart from the time it was said. */
function isSame(one: NodeStatus, other: NodeStatus): boolean {
  const timeless = ({ conditions = [], ...rest }: NodeStatus) => ({
    ...rest,
    conditions: conditions.map(({ lastHeartbeatTime: _, ...condition }) => condition),
  });
  const { config: _, volumesAttached: __, ...known } = one;
  return equal(timeless(known), timeless(other));
}

/** Addresses merge by type, so the old ones would stay beside the new. */
function replaced(addresses: NodeStatus['addresses']): readonly object[] {
  return [...(addresses ?? []), { $patch: 'replace' }];
}
