import type { Informer, InformerFactory } from '../../client/informer.ts';
import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Host } from '../../node/host/host.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import { decideRoutes, podMtu, type RouteDecision, type RoutedNode } from './decide-routes.ts';
import { readKernelRoutes } from './kernel-routes.ts';
import { routeChanges } from './route-changes.ts';

export interface PodRoutesOptions {
  readonly clusterId: string;
  readonly nodeName: string;
  /** The node's own share of the pod range. */
  readonly podRange: string;
  /** The bridge that this node's pods hang on, and the link of the tunnel to machines that are no neighbours. */
  readonly bridge: string;
  readonly tunnelLink: string;
  readonly informers: InformerFactory;
  readonly host: Pick<Host, 'processes' | 'ledger'>;
  readonly environment: Environment;
  readonly logger: Logger;
  /** Told the largest packet that pods may send whenever it is another. */
  readonly onMtu: (mtu: number) => Promise<void>;
}

/** On a Node: the one in whose machine it has a network of its own, and through which others reach it. */
export const behindAnnotation = 'stuurman.dev/behind-node';

/** Changes that come within this time are looked at together. */
const gatherMs = 20;
/** Links and addresses of the machine change without a word. */
const lookEveryMs = 10_000;
const firstRetryMs = 500;
const longestRetryMs = 30_000;

/** Keeps the kernel's ways to the pods of other nodes as nodes come, go and change their addresses. */
export class PodRoutes {
  readonly #options: PodRoutesOptions;
  readonly #nodes: Informer<Node>;
  #detach: () => void = () => {};
  #timer: Timer | undefined;
  #syncing: Promise<void> | undefined;
  #dirty = false;
  #mtu = 0;
  #retryMs = firstRetryMs;
  #stopped = false;

  constructor(options: PodRoutesOptions) {
    this.#options = options;
    this.#nodes = options.informers.informer(nodes, { projection: routedParts });
  }

  /** Resolves when the ways to all nodes that are known have been looked at, and the size of packets has been told. */
  async start(signal?: AbortSignal): Promise<void> {
    const touch = () => this.#touch();
    this.#detach = this.#nodes.addHandler({
      added: touch,
      updated: (node, old) => {
        if (JSON.stringify(routedNode(node)) !== JSON.stringify(routedNode(old))) touch();
      },
      deleted: touch,
    });
    await this.#nodes.synced(signal);
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#sync();
  }

  /** Ends following the API; the routes stay, so that traffic flows on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#detach();
    this.#timer?.cancel();
    await this.#syncing;
  }

  #touch(): void {
    this.#dirty = true;
    if (this.#syncing === undefined) this.#arm(gatherMs);
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    this.#timer = this.#options.environment.setTimer(delayMs, () => void this.#sync());
  }

  #sync(): Promise<void> {
    this.#syncing ??= this.#apply().finally(() => {
      this.#syncing = undefined;
    });
    return this.#syncing;
  }

  async #apply(): Promise<void> {
    const { logger } = this.#options;
    this.#dirty = false;
    let nextMs = lookEveryMs;
    try {
      await this.#bringAbout();
      this.#retryMs = firstRetryMs;
    } catch (err) {
      logger.error('the routes to other nodes are not what they should be', { err, retryMs: this.#retryMs });
      nextMs = this.#retryMs;
      this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    }
    this.#arm(this.#dirty ? gatherMs : nextMs);
  }

  async #bringAbout(): Promise<void> {
    const { nodeName, bridge, tunnelLink, host } = this.#options;
    const { processes, ledger } = host;
    const kernel = await readKernelRoutes(processes, tunnelLink, [bridge]);
    const all = [...this.#nodes.list()].map(routedNode);
    const self = all.find(({ name }) => name === nodeName);
    // A node that was deleted is registered anew or ends; until then what is there is kept.
    if (self === undefined) return;
    const decision = decideRoutes(self, all, kernel.links);
    const mtu = podMtu(self.address, decision, kernel.links);
    const made = (await ledger.entries()).flatMap((entry) => (entry.type === 'route' ? [entry.destination] : []));
    const changes = routeChanges({ ...this.#options, address: self.address, mtu, decision, kernel, made });
    await this.#enter(decision);
    if (changes.ip.length > 0) await batch(processes, 'ip', changes.ip);
    if (changes.bridge.length > 0) await batch(processes, 'bridge', changes.bridge);
    await this.#strike(decision, made);
    if (mtu !== this.#mtu) await this.#options.onMtu(mtu);
    this.#mtu = mtu;
  }

  async #enter({ routes, tunnels }: RouteDecision): Promise<void> {
    const { ledger } = this.#options.host;
    await Promise.all([
      ...[...routes, ...tunnels].map(({ range }) => ledger.add({ type: 'route', destination: range })),
      ...(tunnels.length > 0 ? [ledger.add({ type: 'link', name: this.#options.tunnelLink })] : []),
    ]);
  }

  async #strike({ routes, tunnels }: RouteDecision, made: readonly string[]): Promise<void> {
    const { ledger } = this.#options.host;
    const wanted = new Set([...routes, ...tunnels].map(({ range }) => range));
    await Promise.all([
      ...made
        .filter((destination) => !wanted.has(destination))
        .map((destination) => ledger.remove({ type: 'route', destination })),
      ...(tunnels.length === 0 ? [ledger.remove({ type: 'link', name: this.#options.tunnelLink })] : []),
    ]);
  }
}

/** All lines are tried, whatever becomes of one; then it fails if any did. */
async function batch(
  processes: Pick<Host['processes'], 'run'>,
  program: 'ip' | 'bridge',
  lines: readonly string[],
): Promise<void> {
  await processes.run([program, '-force', '-batch', '-'], { stdin: `${lines.join('\n')}\n`, timeoutMs: 30_000 });
}

function routedNode({ metadata, spec, status }: Node): RoutedNode {
  return {
    name: metadata.name ?? '',
    address: status?.addresses?.find(({ type }) => type === 'InternalIP')?.address,
    podRange: spec?.podCIDR,
    behind: metadata.annotations?.[behindAnnotation],
  };
}

function routedParts({ metadata: { name, uid, resourceVersion, annotations }, spec, status }: Node): Node {
  const behind = annotations?.[behindAnnotation];
  return {
    metadata: {
      name,
      uid,
      resourceVersion,
      ...(behind === undefined ? {} : { annotations: { [behindAnnotation]: behind } }),
    },
    spec: { podCIDR: spec?.podCIDR },
    status: { addresses: status?.addresses },
  };
}
