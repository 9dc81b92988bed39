import type { Draft, KubeObject } from '../../machinery/object.ts';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import { decodeObject } from '../../machinery/schema/decode.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { isKnownKind } from './known-kinds.ts';

/**
 * What `fieldValidation: Strict` asks for, of an object from a caller in this process. Throws BadRequest in the words that a client over
 * HTTP gets.
 */
export function refuseUnknownFields(definition: ResourceDefinition, object: KubeObject): void {
  const { type, schema } = definition;
  const body = new TextEncoder().encode(JSON.stringify({ ...object, kind: type.kind, apiVersion: apiVersionOf(type) }));
  decodeObject(body, { ...type, schema }, { fieldValidation: 'Strict', format: 'json', isKnownKind });
}

/** An object from a caller in this process, as if it had been encoded, sent and decoded; types have vouched for its structure. */
export function acceptObject(definition: ResourceDefinition, object: KubeObject): Draft<KubeObject> {
  const copy = normalise(definition.schema, object).value as unknown as Draft<KubeObject>;
  copy.kind = definition.type.kind;
  copy.apiVersion = apiVersionOf(definition.type);
  definition.setDefaults(copy);
  return copy;
}
