import type { Client } from '../../client/client.ts';
import { parseApiVersion, type ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Scale } from '../../resources/schema/autoscaling-v1.generated.ts';
import type { CrossVersionObjectReference } from '../../resources/schema/autoscaling-v2.generated.ts';
import type { DiscoveredResource } from '../runtime/discovery.ts';

/** How often a scale is written that somebody else changes at the same time. */
const attempts = 5;

/** What an autoscaler scales, by its subresource `scale`. */
export class ScaleTarget {
  readonly scale: Scale;
  readonly #client: Client;
  readonly #type: ResourceType<Scale>;

  private constructor(client: Client, type: ResourceType<Scale>, scale: Scale) {
    this.#client = client;
    this.#type = type;
    this.scale = scale;
  }

  /** Throws an Error in the words of Kubernetes when the kind is not served, and StatusError. */
  static async find(
    client: Client,
    served: readonly DiscoveredResource[],
    { apiVersion = '', kind, name }: CrossVersionObjectReference,
    namespace: string,
    signal: AbortSignal,
  ): Promise<ScaleTarget> {
    if (apiVersion.split('/').length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
    const { group } = parseApiVersion(apiVersion);
    // Any version of the kind will do: they have one scale.
    const found = served.find(({ type }) => type.group === group && type.kind === kind);
    if (found === undefined) throw new Error(`no matches for kind "${kind}" in group "${group}"`);
    // What its subresource holds is a Scale, whatever the kind.
    const type = found.type as unknown as ResourceType<Scale>;
    const scale = await client.get(type, { namespace, name }, { subresource: 'scale', signal });
    return new ScaleTarget(client, type, scale);
  }

  get replicas(): number {
    return this.scale.spec?.replicas ?? 0;
  }

  /** The selector of its pods, as text; empty where it has none. */
  get selector(): string {
    return this.scale.status?.selector ?? '';
  }

  async setReplicas(replicas: number, signal: AbortSignal): Promise<void> {
    const options = { subresource: 'scale', signal };
    let { scale } = this;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#client.update(this.#type, { ...scale, spec: { ...scale.spec, replicas } }, options);
        return;
      } catch (error) {
        if (!isReason(error, 'Conflict') || attempt === attempts) throw error;
        const { namespace, name = '' } = scale.metadata;
        scale = await this.#client.get(this.#type, { namespace, name }, options);
      }
    }
  }
}
