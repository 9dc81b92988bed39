/** `stuurman`: run a whole cluster from a program. For tests see `stuurman/testing`, for clients `stuurman/client`. */
export { type Cluster, type CreateClusterOptions, createCluster } from './cluster/create-cluster.ts';
