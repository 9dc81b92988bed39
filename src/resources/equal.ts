/**
 * Whether two parts of API objects say the same. A member that is undefined is one that is absent, and an empty list is
 * none; quantities are compared as they are written, for which decoding gives them one form.
 */
export function equal(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (isNothing(one)) return isNothing(other);
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((item, index) => equal(item, other[index]));
  }
  return !Array.isArray(other) && equalMembers(one as Members, other as Members);
}

type Members = Readonly<Record<string, unknown>>;

function equalMembers(one: Members, other: Members): boolean {
  for (const key in one) if (!equal(one[key], other[key])) return false;
  for (const key in other) if (one[key] === undefined && !isNothing(other[key])) return false;
  return true;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
