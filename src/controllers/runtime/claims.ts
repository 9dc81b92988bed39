import type { LabelSelector } from '../../machinery/label-selector.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { controllerOf } from './owner-references.ts';

/** What a controller's claim on objects comes to. */
export interface Claims<T> {
  readonly owned: readonly T[];
  /** Without a controller, and selected: to be adopted. */
  readonly adopt: readonly T[];
  /** Owned, and no longer selected: to be let go. */
  readonly release: readonly T[];
}

/**
 * Sorts objects by whether an owner has or should have them. An object belongs to one controller at most, known by uid;
 * an owner that is being deleted neither adopts nor releases.
 */
export function claims<T extends KubeObject>(
  owner: KubeObject,
  selector: LabelSelector,
  objects: Iterable<T>,
): Claims<T> {
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const ownerIsLeaving = owner.metadata.deletionTimestamp !== undefined;
  for (const object of objects) {
    const controller = controllerOf(object);
    const selected = selector.matches(object.metadata.labels);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected) owned.push(object);
      else if (!ownerIsLeaving) release.push(object);
    } else if (
      selected &&
      !ownerIsLeaving &&
      object.metadata.deletionTimestamp === undefined &&
      object.metadata.namespace === owner.metadata.namespace
    ) {
      adopt.push(object);
    }
  }
  return { owned, adopt, release };
}
