import type { Namespace } from '../../resources/schema/core-v1.generated.ts';

const names = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** What every cluster has its own objects in, as they are asked for. */
export const systemNamespaces: readonly Namespace[] = names.map((name) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
}));
