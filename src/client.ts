/** `stuurman/client`: a typed client for any Kubernetes. */
export type * from './client/client.ts';
export { connect } from './client/https/connect.ts';
export { createInformerFactory } from './client/informers/informer-factory.ts';
export { clusterConnection } from './client/kubeconfig/cluster-connection.ts';
export { loadKubeconfig } from './client/kubeconfig/kubeconfig-file.ts';
export * from './resources/schema/resource-types.generated.ts';
