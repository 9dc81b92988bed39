import type { Client } from '../../client/client.ts';
import { nodeDefinition } from '../../resources/core/node/node.ts';
import { podDefinition } from '../../resources/core/pod/pod.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';

export interface ClusterOverview {
  readonly nodes: readonly {
    readonly name: string;
    readonly status: string;
    readonly age: string;
    readonly version: string;
    readonly runtime: string;
  }[];
  readonly pods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly ready: string;
    readonly status: string;
    readonly restarts: string;
    readonly age: string;
    readonly node: string;
  }[];
}

/** Nodes and pods in the words of `kubectl get`: the cells of the kinds' own tables. `now`: milliseconds since 1970. */
export async function clusterOverview(client: Client, now: number): Promise<ClusterOverview> {
  const [nodeList, podList] = await Promise.all([client.list(nodes), client.list(pods)]);
  return {
    nodes: nodeList.items.map((node) => {
      const [name, status, , age, version] = nodeDefinition.row(node, now).map(String);
      const runtime = node.status?.nodeInfo?.containerRuntimeVersion ?? '';
      return { name: name ?? '', status: status ?? '', age: age ?? '', version: version ?? '', runtime };
    }),
    pods: podList.items.map((pod) => {
      const [name, ready, status, restarts, age] = podDefinition.row(pod, now).map(String);
      const { namespace = '' } = pod.metadata;
      return {
        namespace,
        name: name ?? '',
        ready: ready ?? '',
        status: status ?? '',
        restarts: restarts ?? '',
        age: age ?? '',
        node: pod.spec?.nodeName ?? '',
      };
    }),
  };
}
