import type { Client } from '../client/client.ts';
import { referenceTo } from '../client/object-reference.ts';
import type { DeedRecorder } from '../client/series-event-recorder.ts';
import { findCondition } from '../machinery/conditions.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import { isReason } from '../machinery/status-error.ts';
import { formatTime } from '../machinery/time.ts';
import { disruptionTarget } from '../resources/core/pod/disruption-target.ts';
import type { Pod, PodCondition } from '../resources/schema/core-v1.generated.ts';
import { pods } from '../resources/schema/resource-types.generated.ts';
import type { PodInfo } from './pod-info.ts';

export interface PodReportsOptions {
  readonly client: Client;
  readonly environment: Environment;
  readonly recorder: DeedRecorder;
  /** Of the scheduler, as those read it whose pods it evicts. */
  readonly name: string;
  /** Ends what is being written. */
  readonly signal: AbortSignal;
}

/** What a scheduler writes about pods beside their bindings: why they have no node, and that others have to make room. */
export class PodReports {
  readonly #options: PodReportsOptions;

  constructor(options: PodReportsOptions) {
    this.#options = options;
  }

  recordScheduled(pod: Pod, nodeName: string): void {
    this.#options.recorder.record({
      regarding: referenceTo(pods, pod),
      type: 'Normal',
      reason: 'Scheduled',
      action: 'Binding',
      message: `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${nodeName}`,
    });
  }

  recordFailure(pod: Pod, message: string): void {
    const regarding = referenceTo(pods, pod);
    const action = 'Scheduling';
    this.#options.recorder.record({ regarding, type: 'Warning', reason: 'FailedScheduling', action, message });
  }

  /**
   * Tells in the pod's status why it has no node; written only when it says something new. `nominatedNode`: where room is being made for it;
   * null: nowhere; undefined: as before.
   */
  async setCondition(
    pod: Pod,
    reason: string,
    message: string,
    nominatedNode: string | null | undefined,
  ): Promise<void> {
    const { client, environment, signal } = this.#options;
    const { namespace, name = '', uid, generation } = pod.metadata;
    const current = findCondition(pod.status?.conditions, 'PodScheduled');
    const same = current?.status === 'False' && current.reason === reason && current.message === message;
    const nominates = nominatedNode !== undefined && nominatedNode !== (pod.status?.nominatedNodeName ?? null);
    if (same && !nominates) return;
    const condition: PodCondition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      lastTransitionTime: current?.status === 'False' ? current.lastTransitionTime : formatTime(environment.now()),
      ...(reason !== 'SchedulingGated' && generation !== undefined && { observedGeneration: generation }),
    };
    const status = { conditions: [condition], ...(nominates && { nominatedNodeName: nominatedNode }) };
    const body = { metadata: { uid }, status };
    await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
  }

  /** Tells in the pod's status on which node it is expected; null: on none. */
  async setNomination(pod: Pod, nominatedNodeName: string | null): Promise<void> {
    const { client, signal } = this.#options;
    const { namespace, name = '', uid } = pod.metadata;
    const body = { metadata: { uid }, status: { nominatedNodeName } };
    await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
  }

  /** Makes pods leave a node for a more important one. */
  async evict(preemptor: PodInfo, nodeName: string, victims: readonly PodInfo[]): Promise<void> {
    for (const { pod } of victims) {
      if (!(await this.#evictOne(pod))) continue;
      this.#options.recorder.record({
        regarding: referenceTo(pods, pod),
        related: referenceTo(pods, preemptor.pod),
        type: 'Normal',
        reason: 'Preempted',
        action: 'Preempting',
        message: `Preempted by pod ${preemptor.pod.metadata.uid} on node ${nodeName}`,
      });
    }
  }

  /** False when it was gone already, or another pod has its name. */
  async #evictOne(pod: Pod): Promise<boolean> {
    const { client, environment, signal } = this.#options;
    const { namespace, name = '', uid } = pod.metadata;
    const why = `${this.#options.name}: preempting to accommodate a higher priority pod`;
    const condition = disruptionTarget(pod, 'PreemptionByScheduler', why, environment.now());
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    try {
      await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
      await client.delete(pods, { namespace, name }, { preconditions: { uid }, signal });
      return true;
    } catch (error) {
      if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return false;
      throw error;
    }
  }
}
