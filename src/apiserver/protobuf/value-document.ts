import { kindSchema } from '../../resources/schema/kind-schema.ts';
import { encodeMessage } from './encode-message.ts';
import { documentPieces, type TypeClaim } from './envelope.ts';

/** The document of a value that says itself what it is, in pieces. */
export function valueDocument(value: object & Partial<TypeClaim>): Uint8Array[] {
  const { apiVersion = '', kind = '' } = value;
  const schema = kindSchema(apiVersion, kind);
  if (schema === undefined) throw new Error(`a ${kind} of ${apiVersion} has no form as a message`);
  return documentPieces({ apiVersion, kind }, [encodeMessage(schema, value)]);
}
