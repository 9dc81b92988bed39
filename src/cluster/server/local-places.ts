import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chooseNodeRange } from '../../network/choose-ranges.ts';
import { parseRange, rangesOverlap } from '../../network/ipv4.ts';
import type { ClusterIdentity } from '../files/cluster-identity.ts';
import { ClusterRegister } from '../files/cluster-register.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import { decideLocalNodes, type LocalNode, readLocalNodes, writeLocalNodes } from '../files/local-nodes.ts';
import { joinedPlace, readJoined } from '../join/joined-file.ts';
import { nodeNameOfMachine, takenRanges } from './machine.ts';
import { type NodePlace, nodeBridge, nodeDirectory, nodePlace, nodesDirectory } from './node-place.ts';

/** The places of nodes that have made anything on this machine, also of one whose removal was interrupted. */
export function startedPlaces(directory: DataDirectory): readonly NodePlace[] {
  const joined = readJoined(directory);
  if (joined !== undefined) return [joinedPlace(directory, joined)].filter(({ ledgerFile }) => existsSync(ledgerFile));
  if (!directory.exists) return [];
  const known = readLocalNodes(directory);
  // The ledger of the only node is older than the list of nodes.
  const listed = known?.nodes ?? [{ index: 1, name: '' }];
  const started = [...listed, ...leftNodes(directory, listed)].filter(({ index }) =>
    existsSync(join(nodeDirectory(directory, index), 'ledger.json')),
  );
  if (started.length === 0) return [];
  const { id } = new ClusterRegister().identityOf(directory);
  return started.map((node) => nodePlace(directory, id, node, known?.range));
}

/** Nodes that are not listed any more and still have files. */
export function leftNodes(directory: DataDirectory, listed: readonly LocalNode[]): readonly LocalNode[] {
  const folder = nodesDirectory(directory);
  const indexes = existsSync(folder) ? readdirSync(folder).map(Number) : [];
  return indexes
    .filter((index) => index > 1 && !listed.some((node) => node.index === index))
    .map((index) => ({ index, name: `removed-${index}` }));
}

export interface LocalPlacesRequest {
  readonly directory: DataDirectory;
  /** How many nodes there should be at least; undefined: those that are known, or one. */
  readonly nodes?: number | undefined;
  /** Told what the user should know. */
  readonly notice: (text: string) => void;
}

/** The nodes that this machine has from now on; written down before anything of them is made. */
export function ensureLocalPlaces(
  { directory, nodes: wanted, notice }: LocalPlacesRequest,
  identity: ClusterIdentity,
  register: ClusterRegister,
): readonly NodePlace[] {
  const { id, podRange, serviceRange } = identity;
  const known = readLocalNodes(directory);
  const nodes = decideLocalNodes(known?.nodes ?? [], nodeNameOfMachine(), wanted);
  if (wanted !== undefined && nodes.length > wanted) {
    const surplus = nodes.slice(wanted).map(({ name }) => name);
    notice(
      `this machine has ${nodes.length} nodes already and keeps them; "stuurman node remove ${surplus.at(-1)}" takes one away`,
    );
  }
  const beside = [podRange, serviceRange, ...register.others(directory).flatMap(({ ranges }) => ranges)];
  const range = nodes.length > 1 ? nodeRange(known?.range, beside, id, notice) : known?.range;
  writeLocalNodes(directory, { nodes, ...(range === undefined ? {} : { range }) });
  register.enter(directory, identity, range);
  return nodes.map((node) => nodePlace(directory, id, node, range));
}

function nodeRange(
  known: string | undefined,
  beside: readonly string[],
  clusterId: string,
  notice: (text: string) => void,
): string {
  const taken = [...takenRanges(nodeBridge(clusterId)), ...beside];
  const collision = taken.find(
    (each) => known !== undefined && parseRange(each).prefix > 0 && rangesOverlap(parseRange(each), parseRange(known)),
  );
  if (known !== undefined && collision === undefined) return known;
  if (known !== undefined) notice(`the addresses of nodes (${known}) overlap ${collision}: taking others`);
  return chooseNodeRange(taken);
}

/** The cluster that a directory is of, by its server or as a node that joined. Throws `DataDirectoryError` when it is of none. */
export function clusterOf(directory: DataDirectory): Pick<ClusterIdentity, 'id' | 'podRange' | 'serviceRange'> {
  const joined = readJoined(directory);
  return joined === undefined ? new ClusterRegister().identityOf(directory) : { ...joined, id: joined.clusterId };
}
