import type { ForeignRanges } from './cluster-register.ts';

/**
 * Says which other clusters have a node in the machine's own network at this time. `others`: the clusters of the machine; `tables`: the
 * tables of packet rules in that network, asked for only where there are others. A table stays as long as its node takes traffic, also
 * when all processes of its cluster were killed.
 */
export function tellOfNeighbours(
  clusterId: string,
  others: readonly ForeignRanges[],
  tables: () => readonly string[],
  notice: (text: string) => void,
): void {
  const foreign = new Map(others.filter(({ id }) => id !== clusterId).map(({ id, directory }) => [id, directory]));
  if (foreign.size === 0) return;
  const present = new Set(tables());
  for (const [id, directory] of foreign)
    if (present.has(`stuurman-${id}`))
      notice(
        `the cluster in ${directory} has a node in this machine's network as well: a host port or node port that both have leads to one of them alone`,
      );
}
