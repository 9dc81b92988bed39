/** `stuurman/client`: a typed client for any Kubernetes. */
export type * from './client/client.ts';
export { connect } from './client/https/connect.ts';
export { createInformerFactory } from './client/informers/informer-factory.ts';
export { clusterConnection } from './client/kubeconfig/cluster-connection.ts';
export { loadKubeconfig } from './client/kubeconfig/kubeconfig-file.ts';
export { RealEnvironment } from './machinery/environment/real.ts';
export { silentLogger } from './machinery/log.ts';
export { type Draft, draft, type KubeList, type KubeObject } from './machinery/object.ts';
export { StatusError } from './machinery/status-error.ts';
export * from './resources/schema/resource-types.generated.ts';
