import { join } from 'node:path';
import { addressAt, parseRange } from '../../network/ipv4.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import type { LocalNode } from '../files/local-nodes.ts';

/** Where a node of this machine has its things. All names carry the cluster's id, and differ from node to node. */
export interface NodePlace extends LocalNode {
  readonly directory: string;
  readonly ledgerFile: string;
  readonly logFile: string;
  /** Short, for sockets are in it. */
  readonly runDirectory: string;
  readonly cgroupRoot: string;
  /** Names of its certificates begin so. */
  readonly certificates: string;
  /** Absent for the node that is in the machine's own network. */
  readonly network?: NodeNetworkPlace | undefined;
}

/** The network of a node that has one of its own: a namespace, and a pair of links between it and the machine's bridge for nodes. */
export interface NodeNetworkPlace {
  readonly namespace: string;
  /** The file that stands for the namespace. */
  readonly file: string;
  /** The end of the pair that is on the bridge. */
  readonly link: string;
  readonly bridge: string;
  readonly address: string;
  /** The machine's own address on the bridge: the way out, and where the API answers. */
  readonly gateway: string;
  readonly range: string;
}

/** `range`: the addresses of nodes that have a network of their own. */
export function nodePlace(
  directory: DataDirectory,
  clusterId: string,
  { index, name }: LocalNode,
  range: string | undefined,
): NodePlace {
  const suffix = index === 1 ? '' : `-${index}`;
  const own = nodeDirectory(directory, index);
  return {
    index,
    name,
    directory: own,
    ledgerFile: join(own, 'ledger.json'),
    logFile: join(directory.logs, `agent${suffix}.log`),
    runDirectory: `/run/stuurman-${clusterId}${suffix}`,
    cgroupRoot: `/stuurman-${clusterId}${suffix}`,
    certificates: `node${suffix}`,
    ...(index > 1 && range !== undefined ? { network: networkPlace(clusterId, index, range) } : {}),
  };
}

/** Where all of a node is; independent of its name and cluster. */
export function nodeDirectory(directory: DataDirectory, index: number): string {
  return index === 1 ? directory.node : join(nodesDirectory(directory), `${index}`);
}

/** Where the nodes are that have a network of their own. */
export function nodesDirectory(directory: DataDirectory): string {
  return join(directory.path, 'nodes');
}

/** The bridge that the nodes of one machine hang on. */
export function nodeBridge(clusterId: string): string {
  return `stn-${clusterId}`;
}

/** The first address of the range is the machine's; node 2 has the second. */
function networkPlace(clusterId: string, index: number, range: string): NodeNetworkPlace {
  const namespace = `st-${clusterId}-${index}`;
  return {
    namespace,
    file: `/run/netns/${namespace}`,
    link: `stv-${clusterId}-${index}`,
    bridge: nodeBridge(clusterId),
    address: addressAt(parseRange(range), index),
    gateway: addressAt(parseRange(range), 1),
    range,
  };
}
