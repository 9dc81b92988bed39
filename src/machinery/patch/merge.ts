import { isMembers, ownMember, setMember } from '../members.ts';

/**
 * Applies an RFC 7386 merge patch, and as Kubernetes does leaves out members that are null also of what is in the lists of a patch. Neither
 * argument is changed; what the patch leaves alone is shared with the target.
 */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isMembers(patch)) return Array.isArray(patch) ? patch.map((item) => applyMergePatch(undefined, item)) : patch;
  const result: Record<string, unknown> = isMembers(target) ? { ...target } : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    // JSON has no such thing: a patch that never was text says by it what it would say by leaving the member out.
    if (value === undefined) continue;
    if (value === null) delete result[key];
    else setMember(result, key, applyMergePatch(ownMember(result, key), value));
  }
  return result;
}
