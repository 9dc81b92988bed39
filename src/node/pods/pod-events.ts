import type { EventRecorder } from '../../client/event-recorder.ts';
import { referenceTo } from '../../client/object-reference.ts';
import type { Container, ObjectReference, Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';

export type EventType = 'Normal' | 'Warning';

/** An event about a pod. */
export function podEvent(recorder: EventRecorder, pod: Pod, type: EventType, reason: string, message: string): void {
  recorder.event(referenceTo(pods, pod), type, reason, message);
}

/** An event about one container of a pod. */
export function containerEvent(
  recorder: EventRecorder,
  pod: Pod,
  container: Container,
  type: EventType,
  reason: string,
  message: string,
): void {
  recorder.event(containerReference(pod, container), type, reason, message);
}

function containerReference(pod: Pod, container: Container): ObjectReference {
  return referenceTo(pods, pod, fieldPathOf(pod, container.name));
}

function fieldPathOf(pod: Pod, name: string): string {
  const has = (containers: readonly { readonly name: string }[] | undefined) =>
    containers?.some((each) => each.name === name) ?? false;
  if (has(pod.spec?.initContainers)) return `spec.initContainers{${name}}`;
  return has(pod.spec?.ephemeralContainers) ? `spec.ephemeralContainers{${name}}` : `spec.containers{${name}}`;
}
