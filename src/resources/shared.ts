import type { Draft } from '../machinery/object.ts';

/**
 * Lets a draft borrow a part of the old object instead of copying it: what an update leaves as it was. Nothing changes
 * that part afterwards, so the type's promise of mutability is never called upon.
 */
export function shared<T>(part: T): Draft<T> {
  return part as Draft<T>;
}
