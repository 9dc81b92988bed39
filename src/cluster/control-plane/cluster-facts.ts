import type { Client } from '../../client/client.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { ConfigMap } from '../../resources/schema/core-v1.generated.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';

/** What every node of a cluster has to know of it, wherever it is. */
export interface ClusterFacts {
  readonly clusterId: string;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly domain: string;
  /** Where the name server of each node listens. */
  readonly dnsPort: number;
  /** URLs under which the API may be reached, the best first. */
  readonly servers: readonly string[];
}

/** The ConfigMap that nodes may read, and follow. */
export const clusterFactsKey = { namespace: 'kube-system', name: 'stuurman-cluster' } as const;

const options = { fieldManager: 'stuurman' } as const;

export async function publishClusterFacts(client: Client, facts: ClusterFacts): Promise<void> {
  const data = {
    clusterId: facts.clusterId,
    podRange: facts.podRange,
    serviceRange: facts.serviceRange,
    domain: facts.domain,
    dnsPort: String(facts.dnsPort),
    servers: facts.servers.join('\n'),
  };
  try {
    await client.create(configMaps, { metadata: clusterFactsKey, data }, options);
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
    await client.patch(configMaps, clusterFactsKey, { type: 'merge', body: { data } }, options);
  }
}

/** Throws when something is missing: a cluster of another program, or of a version that nodes cannot join. */
export function parseClusterFacts({ data = {} }: ConfigMap): ClusterFacts {
  const text = (key: string) => {
    const value = data[key];
    if (value === undefined || value === '')
      throw new Error(`the ConfigMap ${clusterFactsKey.name} in ${clusterFactsKey.namespace} has no ${key}`);
    return value;
  };
  return {
    clusterId: text('clusterId'),
    podRange: text('podRange'),
    serviceRange: text('serviceRange'),
    domain: text('domain'),
    dnsPort: Number(text('dnsPort')),
    servers: text('servers').split('\n'),
  };
}
