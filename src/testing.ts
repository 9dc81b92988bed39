/** `stuurman/testing`: a whole cluster inside a test. */
export { type Cluster, type CreateClusterOptions, createCluster, type HistoryEntry } from './cluster/create-cluster.ts';
export type { SimulatedNode, SimulatedNodeOptions } from './cluster/simulated/simulated-nodes.ts';
export * from './resources/schema/resource-types.generated.ts';
