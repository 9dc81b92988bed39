import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import { referenceTo } from '../../client/object-reference.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason, StatusError } from '../../machinery/status-error.ts';
import type { Pod, PodTemplateSpec } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import { objectKey } from './object-keys.ts';
import { controllerReference } from './owner-references.ts';

/** Creates and deletes pods on behalf of an owner, and tells of it in the owner's events. */
export class PodControl {
  readonly #client: Client;
  readonly #events: EventRecorder;

  constructor(client: Client, events: EventRecorder) {
    this.#client = client;
    this.#events = events;
  }

  /** A pod with a generated name, from the owner's template and under its control. Without `generateName` it is called after its owner. */
  async create(
    ownerType: ResourceType,
    owner: KubeObject,
    template: PodTemplateSpec,
    signal: AbortSignal,
    generateName = `${owner.metadata.name}-`,
  ): Promise<Pod> {
    const about = referenceTo(ownerType, owner);
    const { namespace } = owner.metadata;
    const { labels, annotations, finalizers } = template.metadata ?? {};
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        namespace,
        generateName,
        labels,
        annotations,
        finalizers,
        ownerReferences: [controllerReference(ownerType, owner)],
      },
      spec: template.spec,
    };
    try {
      const created = await this.#client.create(pods, pod, { signal });
      this.#events.event(about, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
      return created;
    } catch (error) {
      // A namespace that is going away is no news, and takes no events.
      if (!signal.aborted && !isNamespaceTerminating(error))
        this.#events.event(about, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  /** True when the pod was there to be deleted. */
  async delete(ownerType: ResourceType, owner: KubeObject, pod: Pod, signal: AbortSignal): Promise<boolean> {
    const about = referenceTo(ownerType, owner);
    try {
      await this.#client.delete(pods, objectKey(pod), { signal, preconditions: { uid: pod.metadata.uid } });
    } catch (error) {
      // Conflict: another pod has its name.
      if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return false;
      if (!signal.aborted) this.#events.event(about, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
    this.#events.event(about, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    return true;
  }
}

export function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') ?? false;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
