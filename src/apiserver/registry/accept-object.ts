import type { Draft, KubeObject } from '../../machinery/object.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';

/** A copy of an object from a caller in this process, with the defaults of its kind; types have vouched for its structure. */
export function acceptObject(definition: ResourceDefinition, object: KubeObject): Draft<KubeObject> {
  const copy = withoutUndefined(object) as Draft<KubeObject>;
  definition.setDefaults(copy);
  return copy;
}

/** JSON knows no undefined: such members are left out, as the bytes will leave them out. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (key === '__proto__') continue;
    result[key] = withoutUndefined(member);
  }
  return result;
}
