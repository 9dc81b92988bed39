import type { Draft, KubeObject } from '../../machinery/object.ts';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import { type DecodeTarget, decodeObject, type FieldValidation } from '../../machinery/schema/decode.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import { isKnownKind } from './known-kinds.ts';

/**
 * An object from a caller in this process, as if it had been encoded, sent and decoded; types have vouched for its structure. Throws
 * BadRequest for unknown fields where they are to be refused, in the words that a client over HTTP gets.
 */
export function acceptObject(
  target: DecodeTarget,
  object: KubeObject,
  fieldValidation: FieldValidation,
): Draft<KubeObject> {
  if (fieldValidation === 'Strict')
    encodeAndDecode(target, { ...object, kind: target.kind, apiVersion: apiVersionOf(target) }, fieldValidation);
  const copy = normalise(target.schema, object).value as unknown as Draft<KubeObject>;
  copy.kind = target.kind;
  copy.apiVersion = apiVersionOf(target);
  return copy;
}

/**
 * The same for a caller whose objects come from anywhere, a file perhaps. Throws BadRequest for another kind and for values of another type;
 * unknown fields are left out.
 */
export function acceptUnchecked(
  target: DecodeTarget,
  object: KubeObject,
  fieldValidation: FieldValidation,
): Draft<KubeObject> {
  const { apiVersion = apiVersionOf(target), kind = target.kind } = object;
  return encodeAndDecode(target, { ...object, apiVersion, kind }, fieldValidation);
}

function encodeAndDecode(
  target: DecodeTarget,
  object: KubeObject,
  fieldValidation: FieldValidation,
): Draft<KubeObject> {
  return decodeObject(JSON.stringify(object), target, { fieldValidation, format: 'json', isKnownKind }).object;
}
