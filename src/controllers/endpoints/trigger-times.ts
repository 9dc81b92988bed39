import type { Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import { podCondition } from '../runtime/pods.ts';

interface Seen {
  readonly service: string;
  readonly pods: ReadonlyMap<string, string>;
}

/**
 * When the change happened that endpoints are about to show, so that the delay until proxies act on it can be measured: the
 * earliest time at which one of the pods changed its readiness, or the service's creation.
 */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** RFC 3339; undefined when nothing that has a time has changed since the last call. */
  compute(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key);
    const created = service.metadata.creationTimestamp ?? '';
    const now = new Map(pods.map((pod) => [pod.metadata.name ?? '', triggerTimeOf(pod)]));
    this.#seen.set(key, { service: created, pods: now });
    if (before === undefined) return created === '' ? undefined : created;
    // Times in this form are ordered as texts.
    const changed = [...now].filter(([name, time]) => time > (before.pods.get(name) ?? '')).map(([, time]) => time);
    if (created > before.service) changed.push(created);
    return changed.sort()[0];
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}

function triggerTimeOf(pod: Pod): string {
  return podCondition(pod, 'Ready')?.lastTransitionTime ?? '';
}
