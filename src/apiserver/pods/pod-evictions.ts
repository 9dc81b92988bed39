import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { Eviction } from '../../resources/schema/policy-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import type { ResourceContext, SubresourceHandler } from '../registry/extension-points.ts';

/** `pods/eviction`: a deletion that says why, and that budgets may refuse. What `kubectl drain` asks for. */
export class PodEvictions implements SubresourceHandler {
  readonly resource = pods;
  readonly subresource = 'eviction';
  readonly bodyType = { group: 'policy', version: 'v1', kind: 'Eviction', schemaName: 'policy.v1.Eviction' };
  readonly #client: Client;
  readonly #environment: Environment;

  constructor(client: Client, environment: Environment) {
    this.#client = client;
    this.#environment = environment;
  }

  async create({ info, query, signal }: ResourceContext, body: KubeObject): Promise<object> {
    const { metadata, deleteOptions } = body as Eviction;
    const { namespace, name } = info;
    if (metadata.name !== undefined && metadata.name !== '' && metadata.name !== name) {
      throw badRequest('name in URL does not match name in Eviction object');
    }
    const dryRun = query.getAll('dryRun').includes('All') || deleteOptions?.dryRun?.includes('All') === true;
    const pod = await this.#client.get(pods, { namespace, name }, { signal });
    if (!dryRun && !isFinished(pod)) await this.#announce(pod, signal);
    await this.#client.delete(
      pods,
      { namespace, name },
      {
        signal,
        dryRun,
        gracePeriodSeconds: deleteOptions?.gracePeriodSeconds,
        preconditions: { uid: deleteOptions?.preconditions?.uid ?? pod.metadata.uid },
      },
    );
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  }

  /** Controllers tell a disruption from a failure by this condition (KEP-3329). */
  async #announce({ metadata: { namespace, name = '', uid } }: Pod, signal: AbortSignal): Promise<void> {
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastTransitionTime: formatTime(this.#environment.now()),
    };
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    await this.#client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
  }
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
