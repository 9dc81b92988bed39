/** `stuurman/testing`: a whole cluster inside a test. */
export type * from './client/client.ts';
export { type Cluster, type CreateClusterOptions, createCluster, type HistoryEntry } from './cluster/create-cluster.ts';
export type { SimulatedNode, SimulatedNodeOptions } from './cluster/simulated/simulated-nodes.ts';
export { type Draft, draft, type KubeList, type KubeObject } from './machinery/object.ts';
export { StatusError } from './machinery/status-error.ts';
export * from './resources/schema/resource-types.generated.ts';
