import type { Draft, KubeObject } from '../../machinery/object.ts';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';

/** An object from a caller in this process, as if it had been encoded, sent and decoded; types have vouched for its structure. */
export function acceptObject(definition: ResourceDefinition, object: KubeObject): Draft<KubeObject> {
  const copy = normalise(definition.schema, object).value as unknown as Draft<KubeObject>;
  copy.kind = definition.type.kind;
  copy.apiVersion = apiVersionOf(definition.type);
  definition.setDefaults(copy);
  return copy;
}
